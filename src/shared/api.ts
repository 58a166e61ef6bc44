/**
 * The one contract between the window and the application. Both doors, Electron's IPC and the
 * loopback WebSocket, carry it; both ends check it.
 */
import { z } from 'zod';
import { averagesState, writtenCheck, writtenModel } from './averages.ts';
import { mixConfig, policyConfig, runConfig, samplingConfig } from './config.ts';
import { datasetMeta, prepareConfig, prepareThreads, sourceReport } from './dataset.ts';
import { doctorReport } from './doctor.ts';
import { exportDType, exportFormat, exportLayout } from './export-layouts.ts';
import { homeCheck, homeMove, homeMoved } from './home.ts';
import {
  evaluationResult,
  jobError,
  preparingSpeed,
  preview,
  probeResult,
  progress,
  sampleOptions,
  weightsRef,
} from './jobs.ts';
import { mergeRecipe, mergeSearch } from './merges.ts';
import { metricsLine, spikeLine } from './metrics.ts';
import { listedModel } from './models.ts';
import { savedPrompt } from './prompts.ts';
import { runNotes } from './run-notes.ts';
import { seriesData } from './series.ts';
import { type Settings, settings } from './settings.ts';
import { studyDetail, studyRequest, studySummary } from './studies.ts';
import { sweepAxis } from './sweep.ts';
import { windowMap } from './window-map.ts';

/** What this door can do; pages ask it, never which door it is. */
export const capabilities = z.object({
  /** Dropped files have absolute paths that the application can read in place. */
  paths: z.boolean(),
  /** Dropped files can be streamed to a staging folder. */
  upload: z.boolean(),
  /** Native open dialogs. */
  dialogs: z.boolean(),
  /** Show a folder in the system's file manager. */
  reveal: z.boolean(),
  /** A desktop application around the window: it notifies, keeps the machine awake and can stay in the tray. */
  desktop: z.boolean().optional(),
});
export type Capabilities = z.infer<typeof capabilities>;

export const jobStatus = z.enum([
  'queued',
  'running',
  'pausing',
  'paused',
  'stopping',
  'stopped',
  'finished',
  'failed',
]);
export type JobStatus = z.infer<typeof jobStatus>;
export const job = z.object({
  id: z.string(),
  kind: z.enum(['train', 'prepare', 'export', 'sample', 'evaluate', 'average']),
  /** Name of the run, dataset or model that it works on. */
  subject: z.string(),
  status: jobStatus,
  progress: progress.nullable(),
  device: z
    .object({ backend: z.string(), device: z.string(), family: z.string(), threads: z.number(), why: z.string() })
    .nullable(),
  error: jobError.nullable(),
  createdAt: z.string(),
});
export type Job = z.infer<typeof job>;

export const datasetSummary = z.object({
  name: z.string(),
  folder: z.string(),
  /** preparing: a job works on it; incomplete: preparation can be continued; failed: nothing of it was kept. */
  status: z.enum(['ready', 'preparing', 'incomplete', 'failed', 'broken']),
  meta: datasetMeta.nullable(),
  /** Bytes on disk. */
  bytes: z.number(),
  usedBy: z.array(z.string()),
  problem: z.string().nullable(),
  job: job.nullable(),
  /** incomplete and failed: what its preparation was asked for, to continue or to change it; else null. */
  prepare: prepareConfig.nullable(),
});
export type DatasetSummary = z.infer<typeof datasetSummary>;

/** What a run trained on: the newest sitting's. */
export const usedDevice = z.object({
  backend: z.string(),
  device: z.string(),
  family: z.string(),
  threads: z.number(),
});
export type UsedDevice = z.infer<typeof usedDevice>;

export const checkpointInfo = z.object({ step: z.number().int(), bytes: z.number(), averages: z.array(z.string()) });
export const runSummary = z.object({
  name: z.string(),
  folder: z.string(),
  config: runConfig,
  /** new: never started; interrupted: its worker died, can be resumed. */
  status: z.enum([
    'new',
    'queued',
    'running',
    'pausing',
    'paused',
    'stopping',
    'stopped',
    'interrupted',
    'finished',
    'failed',
    'broken',
  ]),
  step: z.number().int(),
  parent: z
    .object({ name: z.string(), step: z.number().int(), purpose: z.enum(['continue', 'cooldown', 'rescue']) })
    .nullable(),
  /** Its place among the runs that wait, 1 for the next one; null when it does not wait. */
  place: z.number().int().positive().nullable(),
  /** Newest evaluation. */
  last: z
    .object({
      step: z.number().int(),
      raw: z.number().nullable(),
      averages: z.record(z.string(), z.number().nullable()),
    })
    .nullable(),
  bestRaw: z.number().nullable(),
  bestAverage: z.object({ id: z.string(), loss: z.number(), step: z.number().int() }).nullable(),
  /** null before it has trained, and for runs from before this was kept. */
  device: usedDevice.nullable(),
  /** The newest spike of its training loss. */
  spike: spikeLine.nullable(),
  /** Tokens per second of training lately; null before it has trained. */
  speed: z.number().nullable(),
  tags: z.array(z.string()),
  note: z.string(),
  bytes: z.number(),
  /** Up to 60 raw validation losses for a sparkline. */
  spark: z.array(z.number()),
  createdAt: z.string(),
  problem: z.string().nullable(),
  job: job.nullable(),
});
export type RunSummary = z.infer<typeof runSummary>;

export const runDetail = runSummary.extend({
  checkpoints: z.array(checkpointInfo),
  exports: z.array(z.object({ name: z.string(), path: z.string(), bytes: z.number() })),
});
export type RunDetail = z.infer<typeof runDetail>;

export const presetInfo = z.object({
  id: z.string(),
  title: z.string(),
  /** Where its numbers come from. */
  source: z.string(),
  note: z.string(),
  /** Parameters, weights proper. */
  parameters: z.number(),
  tokenizer: z.enum(['gpt2', 'characters', 'bytes']),
});
export type PresetInfo = z.infer<typeof presetInfo>;

/** How long a configuration takes on this machine. */
export const speedProbe = probeResult.extend({
  /** `why` it was taken, in words. */
  device: usedDevice.extend({ why: z.string() }),
  /** Seconds. */
  run: z.object({ training: z.number(), evaluating: z.number(), total: z.number() }),
  /** Of the run's time, 0 to 1. */
  evaluationShare: z.number(),
  /** Runs that trained while it was measured, and so made it slower. */
  beside: z.array(z.string()),
  /** With `hours`: the configuration over as many steps as they allow, everything counted in steps along with it. */
  fitted: runConfig.nullable(),
});
export type SpeedProbe = z.infer<typeof speedProbe>;

export { type Settings, settings };

/** What the desktop asks the window to show: from links, dropped files, menus. */
export const openRequest = z.discriminatedUnion('what', [
  z.object({ what: z.literal('page'), page: z.enum(['runs', 'new', 'datasets', 'settings']) }),
  z.object({ what: z.literal('run'), name: z.string() }),
  /** Text to prepare: files and folders, absolute paths. */
  z.object({ what: z.literal('sources'), paths: z.array(z.string()).min(1) }),
  /** It cannot be shown, and why. */
  z.object({ what: z.literal('problem'), error: jobError }),
]);
export type OpenRequest = z.infer<typeof openRequest>;

const name = z.object({ name: z.string() });
const steps = z.array(z.number().int().nonnegative()).min(2);
const nothing = z.void();
const call = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ input, output });

export const api = {
  'app.info': call(
    nothing,
    z.object({
      version: z.string(),
      capabilities,
      node: z.string(),
      platform: z.string(),
      native: z.string().nullable(),
      /** Whether TensorFlow loads, and what it is or why not. */
      tensorflow: z.object({ works: z.boolean(), text: z.string() }),
      /** Whether a graphics card, or what stands in for one, can be used; which, or why not. */
      webgpu: z.object({ works: z.boolean(), text: z.string() }),
      /** Bytes of memory that this machine, or what it is confined to, has in all. */
      memory: z.number(),
      /** Bytes free for the user where the data folder lies; null where that cannot be told. */
      freeDisk: z.number().nullable(),
    }),
  ),
  /** Measures every engine for so many seconds and says what is missing. */
  'app.doctor': call(z.object({ seconds: z.number().min(0.05).max(10) }), doctorReport),
  /** Hands over, once, what the desktop asked to be shown; an `open` event says that there is something. */
  'app.opened': call(nothing, z.array(openRequest)),
  'settings.get': call(nothing, settings),
  'settings.set': call(settings.partial(), settings),
  /** What a folder would be as data folder; null: the present one. Writes nothing. */
  'home.check': call(z.object({ path: z.string().max(4096).nullable() }), homeCheck),
  /** Moves everything into another folder, which is the data folder from then on. Answers when it is over. */
  'home.move': call(z.object({ path: z.string().max(4096) }), homeMoved),
  'home.cancelMove': call(nothing, nothing),
  'home.moving': call(nothing, homeMove.nullable()),

  'datasets.list': call(nothing, z.array(datasetSummary)),
  /** What a preparation of these sources would take, before anything is written. */
  'datasets.scan': call(
    z.object({ sources: z.array(z.string()), textField: prepareConfig.shape.textField }),
    sourceReport,
  ),
  /** How fast text is prepared with GPT-2's tokenizer here, measured for a few seconds on the sample text. */
  'datasets.speed': call(nothing, preparingSpeed),
  /** Starts preparing, or continues an incomplete preparation of the same name and config. */
  'datasets.prepare': call(prepareConfig.extend({ threads: prepareThreads.optional() }), job),
  'datasets.cancel': call(name, nothing),
  'datasets.preview': call(
    name.extend({
      blockSize: z.number().int().positive(),
      rows: z.number().int().min(1).max(16),
      seed: z.number().int(),
      /** As the run has them; the datasets of its mix are named by their folders. */
      sampling: samplingConfig.prefault({}),
      mix: mixConfig.prefault({}),
    }),
    preview,
  ),
  'datasets.delete': call(name, nothing),
  'dialog.open': call(z.object({ kind: z.enum(['files', 'folder']) }), z.array(z.string())),
  'shell.reveal': call(z.object({ path: z.string() }), nothing),

  'presets.list': call(nothing, z.array(presetInfo)),

  /** Prepares the sample corpus where it is not, and starts a small run on it. Answers when the run is queued. */
  'sample.start': call(nothing, runSummary),

  'runs.list': call(nothing, z.array(runSummary)),
  'runs.get': call(name, runDetail),
  'runs.create': call(runConfig, runSummary),
  /** Trains this very configuration for a few seconds on random tokens, one probe at a time, and writes nothing. */
  'runs.probe': call(
    z.object({ config: runConfig, hours: z.number().positive().nullable().default(null) }),
    speedProbe,
  ),
  /** Metrics as readers see them, in columns: resumes applied, torn lines dropped. Later lines come as events. */
  'runs.metrics': call(name, seriesData),
  'runs.log': call(name, z.string()),
  /** Text for a report of a problem, without paths and without the names of user and machine. */
  'runs.diagnostics': call(name, z.string()),
  /** Queues the run: a new one starts, any other resumes from its newest checkpoint. */
  'runs.start': call(name, runSummary),
  /** Moves a waiting run to a place, 1 for next, at most the last. The names of all that wait, in their new order. */
  'runs.move': call(name.extend({ place: z.number().int().positive() }), z.array(z.string())),
  /** Makes a run for every combination of the values, all of them or none, and queues them. */
  'runs.sweep': call(z.object({ base: runConfig, axes: z.array(sweepAxis).max(20) }), z.array(runSummary)),
  /** What people write on a run; replaces what stood there. */
  'runs.annotate': call(name.extend({ notes: runNotes }), runSummary),
  'runs.pause': call(name, nothing),
  'runs.resume': call(name, nothing),
  'runs.stop': call(name, nothing),
  'runs.evaluate': call(name, nothing),
  'runs.addPolicy': call(name.extend({ policy: policyConfig }), nothing),
  'runs.removePolicy': call(name.extend({ id: z.string() }), nothing),
  /** Served by the training process when it runs, else by a worker of its own. Pieces come as `text` events. */
  'runs.sample': call(
    name.extend({ weights: weightsRef.omit({ run: true }), options: sampleOptions }),
    z.object({ text: z.string() }),
  ),
  /** Ends samples of a run between two tokens: one of these weights, or all. Their callers get what was written. */
  'runs.stopSample': call(name.extend({ of: z.string().optional() }), nothing),
  'runs.export': call(
    name.extend({
      weights: weightsRef.omit({ run: true }),
      format: exportDType,
      layout: exportLayout.default('huggingface'),
    }),
    z.object({ path: z.string(), check: writtenCheck.nullable() }),
  ),
  'runs.compare': call(name.extend({ weights: z.array(weightsRef) }), z.array(evaluationResult)),
  /** A child run: train longer, or a cooldown to zero ending at `end`. */
  'runs.fork': call(
    name.extend({
      step: z.number().int().nonnegative(),
      purpose: z.enum(['continue', 'cooldown']),
      end: z.number().int().positive(),
      childName: z.string(),
      /** cooldown only; absent: the form in the parent's schedule. */
      form: z.enum(['1-sqrt', 'linear']).optional(),
    }),
    runSummary,
  ),
  /** A child run from the mean of the snapshots before the newest spike. */
  'runs.rescue': call(name.extend({ childName: z.string() }), runSummary),
  'runs.delete': call(name, nothing),

  'averages.state': call(name, averagesState),
  /**
   * Loss of the uniform mean of these steps ('window', the last), beside raw's and every average's of the newest
   * checkpoint, on the run's fixed blocks. Empty: it was cancelled.
   */
  'averages.preview': call(name.extend({ steps }), z.array(evaluationResult)),
  /**
   * Losses of windows k by spacing that end at the newest checkpoint, and of widths of its power EMAs, on the run's fixed
   * blocks. null: the usual ones. Progress comes as a job of kind 'evaluate'.
   */
  'averages.map': call(
    name.extend({ counts: z.array(z.number()).nullable(), spacings: z.array(z.number()).nullable() }),
    windowMap,
  ),
  /** Writes that mean as a model folder into the run's averages/ and reads it again. */
  'averages.write': call(
    name.extend({ steps, format: exportFormat }),
    z.object({ path: z.string(), check: writtenCheck.nullable() }),
  ),
  /** Models written from anywhere: the uniform mean, oldest first. Progress comes as a job of kind 'average'. */
  'averages.merge': call(
    name.extend({
      /** A single one is a folder of revisions. */
      inputs: z.array(z.string()).min(1),
      /** null: <home>/averages. */
      folder: z.string().nullable().default(null),
      format: exportFormat,
      /** Absent: the uniform mean of all. */
      recipe: mergeRecipe.optional(),
    }),
    /** path null: it was cancelled. */
    z.object({
      path: z.string().nullable(),
      check: writtenCheck.nullable(),
      outputs: z.array(z.string()).default([]),
      search: mergeSearch.nullable().default(null),
    }),
  ),
  'averages.merged': call(nothing, z.object({ folder: z.string(), models: z.array(writtenModel) })),
  /** Ends a preview (by its run) or a merge (by its name). */
  'averages.cancel': call(z.object({ subject: z.string() }), nothing),
  /** Removes a written model, of a run or (null) of the merges; refused while something works on it. */
  'averages.delete': call(z.object({ run: z.string().nullable(), path: z.string() }), nothing),

  /** Models of others, used where they lie; every call gives the list as it is then. */
  'models.list': call(nothing, z.array(listedModel)),
  'models.add': call(z.object({ path: z.string() }), z.array(listedModel)),
  'models.remove': call(z.object({ path: z.string() }), z.array(listedModel)),
  /** Losses on a dataset's fixed blocks, each against the first. Empty: it was cancelled. */
  'models.evaluate': call(
    z.object({
      paths: z.array(z.string()).min(1),
      dataset: z.string(),
      blocks: z.number().int().positive().max(100_000),
    }),
    z.array(evaluationResult),
  ),
  'models.cancelEvaluation': call(nothing, nothing),
  /** Text from a written model; pieces come as `text` events whose run is the path. */
  'models.sample': call(z.object({ path: z.string(), options: sampleOptions }), z.object({ text: z.string() })),
  'models.stopSample': call(z.object({ path: z.string() }), nothing),
  /** Grids of learning rates and seeds with a cooldown for every run, newest first. */
  'studies.list': call(nothing, z.array(studySummary)),
  'studies.get': call(name, studyDetail),
  /** Makes and queues its runs, all or none; each one's cooldown follows when it has finished. */
  'studies.start': call(studyRequest, studySummary),
  /** Forgets a study; its runs stay. */
  'studies.delete': call(name, nothing),
  'prompts.list': call(nothing, z.array(savedPrompt)),
  'prompts.save': call(savedPrompt, z.array(savedPrompt)),
  'prompts.rename': call(z.object({ from: z.string(), to: savedPrompt.shape.name }), z.array(savedPrompt)),
  'prompts.delete': call(name, z.array(savedPrompt)),
} as const;
export type Api = typeof api;
export type Method = keyof Api;
export type Input<M extends Method> = z.input<Api[M]['input']>;
export type Output<M extends Method> = z.output<Api[M]['output']>;

/** What the application says unasked. */
export const event = z.discriminatedUnion('type', [
  z.object({ type: z.literal('job'), job }),
  z.object({ type: z.literal('metrics'), run: z.string(), line: metricsLine }),
  z.object({ type: z.literal('text'), run: z.string(), of: z.string(), piece: z.string(), done: z.boolean() }),
  /** The data folder is being moved; null: that is over. */
  z.object({ type: z.literal('move'), move: homeMove.nullable() }),
  /** The desktop asks to show something: ask `app.opened`. */
  z.object({ type: z.literal('open') }),
  /** Lists changed: ask again. */
  z.object({ type: z.literal('changed'), what: z.enum(['runs', 'datasets', 'settings']) }),
]);
export type AppEvent = z.infer<typeof event>;

/** An error as it crosses a door. */
export const apiError = z.object({ code: z.string(), message: z.string(), next: z.string() });
export type ApiError = z.infer<typeof apiError>;

/** The renderer's view of a door; preload and WebSocket client both provide it. */
export interface Door {
  call<M extends Method>(method: M, input: Input<M>): Promise<Output<M>>;
  subscribe(listener: (event: AppEvent) => void): () => void;
  /** Absolute path of a dropped file where capabilities.paths, else null. */
  pathOf(file: File): string | null;
  /** Streams files to staging; resolves to the staged paths. Only where capabilities.upload. */
  upload(
    files: readonly { name: string; file: File }[],
    onProgress: (done: number, total: number) => void,
  ): Promise<string[]>;
}
