/**
 * What supervisor and worker say to each other, and what the pages see of a job.
 * Messages are JSON lines on a pipe of their own; stdout and stderr are the log.
 */
import { z } from 'zod';
import { writtenCheck } from './averages.ts';
import { mixConfig, policyConfig, runConfig, samplingConfig } from './config.ts';
import { datasetMeta, prepareConfig, prepareThreads, sourceReport } from './dataset.ts';
import { exportDType, exportFormat, exportLayout } from './export-layouts.ts';
import { mergeRecipe, mergeSearch } from './merges.ts';
import { metricsLine } from './metrics.ts';
import { modelPlace } from './models.ts';

export const protocolVersion = 1;

/** Which weights: a checkpoint's raw ones, or the average that a policy held at it. */
export const weightsRef = z.strictObject({
  run: z.string(),
  /** null: the newest checkpoint. */
  step: z.number().int().nonnegative().nullable().default(null),
  /** 'raw' or a policy's id. */
  of: z.string().default('raw'),
});
export const sampleOptions = z.strictObject({
  prompt: z.string().default('\n'),
  tokens: z.number().int().min(1).max(4096).default(200),
  temperature: z.number().min(0).max(10).default(0.8),
  topK: z.number().int().min(0).default(0),
  topP: z.number().gt(0).max(1).default(1),
  seed: z.number().int().min(0).default(1),
});
export type SampleOptions = z.infer<typeof sampleOptions>;
export type WeightsRef = z.infer<typeof weightsRef>;

/** What a worker is started for: one job, one process. Paths are absolute. */
export const jobSpec = z.discriminatedUnion('kind', [
  /** Starts the run, or resumes it when its folder holds a checkpoint. */
  z.strictObject({ kind: z.literal('train'), folder: z.string(), config: runConfig, resume: z.boolean() }),
  z.strictObject({
    kind: z.literal('prepare'),
    folder: z.string(),
    config: prepareConfig,
    /** Absent: as many as pay. */
    threads: prepareThreads.optional(),
  }),
  z.strictObject({
    kind: z.literal('scan'),
    sources: z.array(z.string()),
    /** As a preparation's; absent: guessed. */
    textField: z.string().nullable().optional(),
  }),
  /** Times a preparation with GPT-2's tokenizer, for what much text would take; keeps nothing. */
  z.strictObject({ kind: z.literal('preparing-speed'), sources: z.array(z.string()) }),
  z.strictObject({
    kind: z.literal('export'),
    folder: z.string(),
    weights: weightsRef,
    format: exportDType,
    /** Absent: huggingface. */
    layout: exportLayout.optional(),
    target: z.string(),
    /** Validation blocks on which the loss before and after is compared; absent: weights and hash alone. */
    blocks: z.number().int().positive().optional(),
  }),
  /**
   * The uniform mean of chosen steps of a run. Without a target its loss beside those of other weights of the newest
   * checkpoint; with one a model folder, read again and measured.
   */
  z.strictObject({
    kind: z.literal('window'),
    folder: z.string(),
    steps: z.array(z.number().int().nonnegative()).min(2),
    /** 'raw' first, then policies' ids. */
    beside: z.array(z.string()),
    blocks: z.number().int().positive(),
    target: z.string().nullable(),
    format: exportFormat,
  }),
  /** Raw, policies, windows and widths of one checkpoint side by side; the best is chosen on half of the blocks. */
  z.strictObject({
    kind: z.literal('map'),
    folder: z.string(),
    /** Of the checkpoint. */
    step: z.number().int().nonnegative(),
    /** Policies' ids. */
    beside: z.array(z.string()),
    windows: z.array(z.strictObject({ of: z.string(), steps: z.array(z.number().int().nonnegative()).min(2) })),
    /** Names as `power@0.1`. */
    widths: z.array(z.string()),
    blocks: z.number().int().positive(),
  }),
  /** Text from a model folder or file of its own. */
  z.strictObject({ kind: z.literal('sample-model'), path: z.string(), options: sampleOptions }),
  z.strictObject({ kind: z.literal('sample'), folder: z.string(), weights: weightsRef, options: sampleOptions }),
  z.strictObject({
    kind: z.literal('evaluate'),
    folder: z.string(),
    weights: z.array(weightsRef),
    blocks: z.number().int().positive(),
  }),
  /** Times a few steps and one evaluation of a config, for "fit to my time"; writes nothing. */
  z.strictObject({ kind: z.literal('probe'), config: runConfig, seconds: z.number().positive() }),
  /** Rows of a first batch, of a prepared dataset or a mix of some, with the text of each token. */
  z.strictObject({
    kind: z.literal('preview'),
    dataset: z.string(),
    blockSize: z.number().int().positive(),
    rows: z.number().int().min(1).max(16),
    seed: z.number().int(),
    sampling: samplingConfig.prefault({}),
    mix: mixConfig.prefault({}),
  }),
  /** What this machine can do: backends, families, measured speed. */
  z.strictObject({ kind: z.literal('doctor'), seconds: z.number().positive() }),
  /**
   * A mean of models (folders, or files of weights), oldest first, written to a new model folder. A single input is a
   * folder of revisions; sliding windows and blocks make a folder of each inside the target.
   */
  z.strictObject({
    kind: z.literal('average'),
    inputs: z.array(z.string()).min(1),
    target: z.string(),
    format: exportFormat,
    /** Absent: the uniform mean of all. */
    recipe: mergeRecipe.optional(),
  }),
  /** What a path holds: one model, or revisions of one. */
  z.strictObject({ kind: z.literal('inspect-model'), path: z.string() }),
  /** Losses of model folders or files on a dataset, each against the first. */
  z.strictObject({
    kind: z.literal('evaluate-models'),
    paths: z.array(z.string()).min(1),
    dataset: z.string(),
    blocks: z.number().int().positive(),
  }),
]);
export type JobSpec = z.infer<typeof jobSpec>;

/**
 * Flags of the Node that a job runs in. Reading text makes much that lives for a moment only: a larger young generation
 * than this saves no time there and took preparations past 400 MB.
 */
export const nodeFlags = (kind: JobSpec['kind']): string[] => (kind === 'prepare' ? ['--max-semi-space-size=8'] : []);

/** Supervisor → worker. */
export const command = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('start'), version: z.literal(protocolVersion), job: jobSpec }),
  z.strictObject({ type: z.literal('pause') }),
  z.strictObject({ type: z.literal('resume') }),
  /** Finish the step, write a checkpoint, exit. Ends a preparation where it can continue. */
  z.strictObject({ type: z.literal('stop') }),
  z.strictObject({ type: z.literal('evaluate') }),
  z.strictObject({ type: z.literal('checkpoint') }),
  z.strictObject({ type: z.literal('sample'), of: z.string(), options: sampleOptions }),
  /** Ends a sample before its last token; what was written stands. Absent: every sample. */
  z.strictObject({ type: z.literal('stop-sample'), of: z.string().optional() }),
  z.strictObject({ type: z.literal('add-policy'), policy: policyConfig }),
  z.strictObject({ type: z.literal('remove-policy'), id: z.string() }),
]);
export type Command = z.infer<typeof command>;

export const phases = [
  'starting',
  'compiling',
  'training',
  'evaluating',
  'saving',
  'paused',
  'reading',
  'writing',
  'sampling',
] as const;
export const progress = z.object({
  phase: z.enum(phases),
  /** Steps, or bytes of input. */
  done: z.number(),
  total: z.number(),
  unit: z.enum(['steps', 'bytes', 'tokens']),
  /** Tokens (training) or bytes (data) per second. */
  rate: z.number().nullable(),
  secondsLeft: z.number().nullable(),
  /** Why it is paused, when not by the user: a full disk. */
  reason: z.string().nullable().default(null),
});
export type Progress = z.infer<typeof progress>;

export const jobError = z.object({
  code: z.string(),
  message: z.string(),
  next: z.string(),
});
export type JobError = z.infer<typeof jobError>;

/** Worker → supervisor. */
export const report = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), version: z.literal(protocolVersion), pid: z.number() }),
  /** The backend in use and why, once known. */
  z.object({
    type: z.literal('device'),
    backend: z.string(),
    device: z.string(),
    family: z.string(),
    threads: z.number(),
    why: z.string(),
  }),
  z.object({ type: z.literal('progress'), progress }),
  /** The same object that was appended to metrics.jsonl. */
  z.object({ type: z.literal('metrics'), line: metricsLine }),
  /** Pieces of a sample as they come. */
  z.object({ type: z.literal('text'), of: z.string(), piece: z.string(), done: z.boolean() }),
  z.object({ type: z.literal('done'), result: z.lazy(() => jobResult) }),
  z.object({ type: z.literal('failed'), error: jobError }),
]);
export type Report = z.infer<typeof report>;

export const halfDifference = z.object({
  difference: z.number(),
  standardError: z.number(),
  verdict: z.enum(['better', 'no difference', 'worse']),
});
export const evaluationResult = z.object({
  of: z.string(),
  step: z.number().int(),
  loss: z.number(),
  /** Null where it is past every number. */
  perplexity: z.number().nullable(),
  bitsPerByte: z.number().nullable(),
  /** Against the first one asked for. */
  difference: z.number(),
  standardError: z.number(),
  verdict: z.enum(['better', 'no difference', 'worse']),
  /** The same difference on every other block alone: to choose by the first half and report the second. */
  halves: z.tuple([halfDifference, halfDifference]).optional(),
});
/** Ids with the text of each; the pieces put together are the text. */
const tokenRow = z.object({ ids: z.array(z.number().int()), pieces: z.array(z.string()) });
export const preview = z.object({
  /** Of the first batch, as the model sees it. `member`: which dataset of the mix it comes from, 0 the run's own. */
  rows: z.array(tokenRow.extend({ member: z.number().int() })),
  /** How the training text begins. */
  opening: tokenRow,
});
export const preparingSpeed = z.object({
  /** Bytes of text a second, from the sources to tokens on the disk. */
  bytesPerSecond: z.number(),
  bytesPerToken: z.number(),
});
export const probeResult = z.object({
  /** Per update, all micro-batches included; the fastest quarter of what was timed. */
  secondsPerStep: z.number(),
  /** Per forward pass over the run's validation blocks. */
  secondsPerEvaluation: z.number(),
  tokensPerSecond: z.number(),
});
export type ProbeResult = z.infer<typeof probeResult>;
export const doctorResult = z.object({
  backends: z.array(
    z.object({
      name: z.string(),
      works: z.boolean(),
      /** Why it does not work, or what it is. */
      text: z.string(),
      /** What could be mended; absent where nothing is wrong, and where an optional engine is not installed. */
      problem: z.string().optional(),
      device: z.string().nullable(),
      family: z.string().nullable(),
      threads: z.number().int().nullable(),
      /** Measured on matrix products of a training step, 10⁹ operations per second. */
      gflops: z.number().nullable(),
      /** What its matrix products could reach, measured in registers on all threads, in the same unit. */
      peak: z.number().nullable(),
    }),
  ),
  /** What the system's graphics drivers offer, first the one that would be taken; none: no driver, or no Dawn. */
  adapters: z.array(
    z.object({
      name: z.string(),
      driver: z.string(),
      /** Computes on the processor: only taken by name. */
      software: z.boolean(),
      features: z.array(z.string()),
      /** Most bytes of one buffer and of one binding. */
      bufferBytes: z.number(),
      bindingBytes: z.number(),
      /** What is missing for the fast path, in words. */
      lacks: z.array(z.string()),
    }),
  ),
  /** Reading memory on all threads, 10⁹ bytes per second; null where there was no time to measure. */
  bandwidth: z.number().nullable(),
  /** The one that auto takes, and why. */
  auto: z.string(),
  why: z.string(),
});
export type DoctorResult = z.infer<typeof doctorResult>;
export type EvaluationResult = z.infer<typeof evaluationResult>;
/** The best window or width of a map, by the first half of the blocks, with what the second half says of it. */
export const mapChoice = z.object({
  of: z.string(),
  /** How many it was chosen among. */
  among: z.number().int(),
  /** Its loss on the second half. */
  loss: z.number(),
  /** Against raw and every policy of the same step, on the second half; negative: the choice is better. */
  against: z.array(halfDifference.extend({ of: z.string() })),
});
export type MapChoice = z.infer<typeof mapChoice>;
export const jobResult = z.object({
  /** train: 'finished' or 'stopped' (can be resumed). */
  outcome: z.enum(['finished', 'stopped']),
  step: z.number().int().optional(),
  path: z.string().optional(),
  text: z.string().optional(),
  dataset: datasetMeta.optional(),
  report: sourceReport.optional(),
  evaluations: z.array(evaluationResult).optional(),
  probe: probeResult.optional(),
  doctor: doctorResult.optional(),
  preview: preview.optional(),
  check: writtenCheck.optional(),
  preparing: preparingSpeed.optional(),
  choice: mapChoice.nullable().optional(),
  /** Of a merge: every folder that was written, oldest first, and what its method found. */
  outputs: z.array(z.string()).optional(),
  search: mergeSearch.optional(),
  place: modelPlace.optional(),
});
export type JobResult = z.infer<typeof jobResult>;
