/** The application behind the doors: composes the services and answers every method of the contract. */
import { createHash } from 'node:crypto';
import { mkdir, rename } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import type { AppEvent, Capabilities, JobStatus, OpenRequest, Settings } from '../shared/api.ts';
import { UserError } from '../shared/errors.ts';
import type { JobResult, JobSpec } from '../shared/jobs.ts';
import { datasetsOf } from '../shared/mix.ts';
import { Averages } from './averages.ts';
import { Datasets } from './datasets.ts';
import { diagnosticsText, redact } from './diagnostics.ts';
import { type Dispatch, dispatcher, type Handlers } from './dispatcher.ts';
import { diagnose } from './doctor.ts';
import { checkHome, homePath, prepareHome } from './home/check.ts';
import { Gate } from './home/gate.ts';
import { HomeMover, movingError } from './home/mover.ts';
import { endTransfer } from './home/transfer.ts';
import type { Parts } from './locate.ts';
import { describeMachine, describeSystem, freeDisk, privateNames, totalMemory } from './machine.ts';
import { ModelSamples } from './model-samples.ts';
import { Models } from './models.ts';
import { Opening } from './opening.ts';
import { presetInfos } from './presets.ts';
import { Prober } from './probe.ts';
import { Prompts } from './prompts.ts';
import { Queue } from './queue.ts';
import { isBusy, Runs } from './runs.ts';
import { sampleCorpus } from './sample-corpus.ts';
import { startSampleRun } from './sample-run.ts';
import type { SettingsService } from './settings.ts';
import { type Staging, staging } from './staging.ts';
import { Studies } from './studies.ts';
import { Supervisor } from './supervisor.ts';
import { Training } from './training.ts';

/** What the process around the application can do for it. */
export interface Host {
  readonly capabilities: Capabilities;
  openDialog?(kind: 'files' | 'folder'): Promise<string[]>;
  reveal?(path: string): void;
}

export interface ApplicationOptions {
  readonly parts: Parts;
  readonly settings: SettingsService;
  readonly host: Host;
  /** Told of defects, for the log of the process. */
  readonly onDefect: (error: unknown) => void;
}

export interface Application {
  readonly dispatch: Dispatch;
  readonly staging: Staging;
  /** Names of the runs that train or wait, for the question before quitting. */
  busy(): string[];
  /**
   * Shows what these arguments name, as a desktop hands them over; relative paths start from `from`. Without
   * `announce` it waits for the next window that opens.
   */
  open(args: readonly string[], from: string, announce?: boolean): Promise<void>;
  /** Shows a page or a run in the window. */
  show(request: OpenRequest): void;
  subscribe(listener: (event: AppEvent) => void): () => void;
  /** Every worker saves and ends; nothing new starts. `patience`: milliseconds until it is killed. */
  close(patience?: number): Promise<void>;
}

/** Long enough to write a checkpoint of a large model. */
const defaultPatience = 120_000;

export async function openApplication(options: ApplicationOptions): Promise<Application> {
  const { parts, settings, host, onDefect } = options;
  const listeners = new Set<(event: AppEvent) => void>();
  const emit = (event: AppEvent): void => {
    for (const listener of listeners) listener(event);
  };
  const home = (): string => settings.get().home;
  const supervisor = new Supervisor(parts, emit, settings);
  const opening = new Opening({ home, emit });
  const stagingArea = staging(() => join(home(), 'staging'));

  let queue: Queue;
  const currentQueue = (): Queue => queue;
  const runs = new Runs({ home, queue: currentQueue, emit, version: parts.version });
  const datasets = new Datasets({
    home,
    supervisor,
    staging: stagingArea,
    emit,
    runsUsing: async (folder) => {
      const using = (await runs.list()).filter(
        (run) => run.status !== 'broken' && datasetsOf(run.config).some((dataset) => Datasets.same(dataset, folder)),
      );
      const active = using.filter((run) => isBusy(run.status));
      return { all: using.map((run) => run.name), active: active.map((run) => run.name) };
    },
  });
  const training = new Training({ runs, datasets, queue: currentQueue, supervisor, settings, emit });
  const studies = new Studies({ home, runs, training, emit, onDefect });
  // The cooldown of a run that has just ended may be due.
  listeners.add((event) => {
    if (event.type === 'job' && event.job.kind === 'train' && isOver(event.job.status)) studies.look();
  });
  const modelSamples = new ModelSamples(supervisor, emit);
  const averages = new Averages({
    home,
    runs,
    supervisor,
    staging: stagingArea,
    emit,
    usedBy: (path) => {
      if (training.isExporting(path)) return 'it is being written and checked';
      return modelSamples.uses(path) ? 'a sample is being drawn from it' : null;
    },
  });
  const models = new Models(join(settings.folder, 'models.json'), supervisor);
  const prompts = new Prompts(join(settings.folder, 'prompts.json'));
  const openQueue = (): Promise<Queue> =>
    Queue.open({
      path: queuePath(settings.folder, home()),
      emit,
      start: (run, job) => training.begin(run, job),
      released: (run) => runs.released(run),
    });

  await mkdir(settings.folder, { recursive: true });
  if (!settings.fixed)
    await endTransfer({ folder: settings.folder, home: home(), use: (to) => void settings.set({ home: to }) }).catch(
      onDefect,
    );

  /** For the start, and for another home. */
  const enter = async (): Promise<void> => {
    queue = await openQueue();
    await runs.repair();
    await datasets.repair();
    await studies.repair();
    queue.begin();
    studies.look();
  };
  await enter();

  const gate: Gate = new Gate(() => mover.current !== null);
  const mover = new HomeMover({
    settings,
    emit,
    busy: () => {
      const subject = queue.active?.job.subject ?? null;
      if (subject !== null) return `"${subject}" is at work.`;
      return datasets.active || gate.isWriting ? 'Something is at work in the data folder.' : null;
    },
    leave: () => queue.close(),
    enter: async (from) => {
      // What waits, failed or was cut off is known by the names of runs, and they are the same.
      if (home() !== from)
        await rename(queuePath(settings.folder, from), queuePath(settings.folder, home())).catch(() => {});
      await enter();
      for (const what of ['settings', 'datasets', 'runs'] as const) emit({ type: 'changed', what });
    },
  });

  const errand = (spec: JobSpec): Promise<JobResult> => supervisor.run(spec);
  const prober = new Prober({
    run: (spec, onReport) => supervisor.run(spec, onReport),
    settings: () => settings.get(),
    training: () => (queue.active ? [queue.active.job.subject] : []),
  });
  const speed = async () => (await errand({ kind: 'preparing-speed', sources: sampleCorpus(parts) })).preparing;
  const examine = () => once(() => describeMachine(parts, errand));
  let about = examine();

  const setSettings = async (values: Partial<Settings>): Promise<Settings> => {
    const before = home();
    const tensorflow = settings.get().tensorflow;
    const change = values.home === undefined ? values : { ...values, home: homePath(values.home) };
    if (change.home !== undefined) {
      settings.checkHome(change.home);
      if (mover.current !== null) throw movingError();
      if (change.home !== before && (queue.active !== null || datasets.active || gate.isWriting))
        throw new UserError(
          'home-busy',
          'A job is at work in the present data folder.',
          'Wait for it, or stop it first.',
        );
      await prepareHome(change.home);
    }
    if (typeof change.tensorflow === 'string' && !isAbsolute(change.tensorflow))
      throw new UserError(
        'tensorflow-relative',
        `"${change.tensorflow}" is not an absolute path.`,
        'Give the whole path.',
      );
    const after = settings.set(change);
    if (after.tensorflow !== tensorflow) about = examine();
    emit({ type: 'changed', what: 'settings' });
    if (after.home !== before) {
      await queue.close();
      await enter();
      emit({ type: 'changed', what: 'datasets' });
      emit({ type: 'changed', what: 'runs' });
    }
    return after;
  };

  const report = async (name: string): Promise<string> => {
    const [{ node, native }, disk, run, series, log] = await Promise.all([
      about(),
      freeDisk(home()),
      runs.detail(name),
      runs.series(name),
      runs.log(name),
    ]);
    const { theme, threads } = settings.get();
    const text = diagnosticsText({
      version: parts.version,
      node,
      native,
      ...describeSystem(),
      memory: totalMemory(),
      freeDisk: disk,
      settings: { theme, threads },
      run,
      series,
      log,
    });
    return redact(text, privateNames(home(), parts.root));
  };

  const handlers: Handlers = {
    'app.info': async () => ({
      version: parts.version,
      capabilities: host.capabilities,
      platform: process.platform,
      ...(await about()),
      memory: totalMemory(),
      freeDisk: await freeDisk(home()),
    }),
    'app.doctor': ({ seconds }) => diagnose({ parts, home: home(), seconds, errand }),
    'app.opened': () => opening.take(),
    'settings.get': () => settings.get(),
    'settings.set': setSettings,
    'home.check': ({ path }) => checkHome(path ?? home(), settings.fixed),
    'home.move': ({ path }) => mover.move(path),
    'home.cancelMove': () => {
      if (!mover.cancel()) throw new UserError('not-moving', 'There is no move to cancel.', 'Look at it again.');
    },
    'home.moving': () => mover.current,

    'datasets.list': () => datasets.list(),
    'datasets.scan': async ({ sources, textField }) =>
      need((await errand({ kind: 'scan', sources, textField })).report, 'scan'),
    'datasets.speed': async () => need(await speed(), 'measurement'),
    'datasets.prepare': ({ threads, ...config }) => datasets.prepare(config, threads),
    'datasets.cancel': ({ name }) => datasets.cancel(name),
    'datasets.preview': async ({ name, ...shown }) => {
      const { folder } = await datasets.ready(name);
      for (const { dataset } of shown.mix.others) await datasets.readyAt(dataset);
      return need((await errand({ kind: 'preview', dataset: folder, ...shown })).preview, 'preview');
    },
    'datasets.delete': ({ name }) => datasets.delete(name),
    'dialog.open': ({ kind }) => {
      if (!host.openDialog) throw new UserError('not-here', 'There are no dialogs here.', 'Drop files instead.');
      return host.openDialog(kind);
    },
    'shell.reveal': ({ path }) => {
      if (!host.reveal || !inside(home(), path))
        throw new UserError('not-here', `${path} cannot be shown from here.`, 'Open it in the file manager.');
      host.reveal(path);
    },

    'presets.list': () => presetInfos(),
    'sample.start': () => startSampleRun({ parts, datasets, runs, settings: settings.get(), training }),

    'runs.list': () => runs.list(),
    'runs.get': ({ name }) => runs.detail(name),
    'runs.create': (config) => training.create(config),
    'runs.probe': ({ config, hours }) => prober.probe(config, hours),
    'runs.metrics': async ({ name }) => (await runs.series(name)).data(),
    'runs.log': ({ name }) => runs.log(name),
    'runs.diagnostics': ({ name }) => report(name),
    'runs.start': ({ name }) => training.start(name),
    'runs.move': ({ name, place }) => training.move(name, place),
    'runs.sweep': ({ base, axes }) => training.sweep(base, axes),
    'runs.annotate': ({ name, notes }) => runs.annotate(name, notes),
    'runs.pause': ({ name }) => training.running(name).pause(),
    'runs.resume': ({ name }) => training.running(name).resume(),
    'runs.stop': ({ name }) => training.stop(name),
    'runs.evaluate': ({ name }) => training.running(name).send({ type: 'evaluate' }),
    'runs.addPolicy': ({ name, policy }) => training.addPolicy(name, policy),
    'runs.removePolicy': ({ name, id }) => training.running(name).send({ type: 'remove-policy', id }),
    'runs.sample': async ({ name, weights, options: sample }) => ({
      text: await training.sample(name, weights, sample),
    }),
    'runs.stopSample': ({ name, of }) => training.stopSample(name, of ?? null),
    'runs.export': ({ name, ...asked }) => training.export(name, asked),
    'runs.compare': ({ name, weights }) => training.compare(name, weights),
    'runs.fork': ({ name, ...fork }) => training.fork(name, fork),
    'runs.rescue': ({ name, childName }) => training.rescue(name, childName),
    'runs.delete': ({ name }) => runs.delete(name),

    'averages.state': ({ name }) => averages.state(name),
    'averages.preview': (asked) => averages.preview(asked),
    'averages.map': (asked) => averages.map(asked),
    'averages.write': (asked) => averages.write(asked),
    'averages.merge': (asked) => averages.merge(asked),
    'averages.merged': async () => ({ folder: averages.folder, models: await averages.merged() }),
    'averages.cancel': ({ subject }) => averages.cancel(subject),
    'averages.delete': ({ run, path }) => averages.delete(run, path),
    'models.sample': async ({ path, options: sample }) => ({ text: await modelSamples.sample(path, sample) }),
    'models.stopSample': ({ path }) => modelSamples.stop(path),
    'models.list': () => models.list(),
    'models.add': ({ path }) => models.add(path),
    'models.remove': ({ path }) => models.remove(path),
    'models.evaluate': ({ paths, dataset, blocks }) => models.evaluate(paths, dataset, blocks),
    'models.cancelEvaluation': () => models.cancelEvaluation(),
    'studies.list': () => studies.list(),
    'studies.get': ({ name }) => studies.get(name),
    'studies.start': (request) => studies.start(request),
    'studies.delete': ({ name }) => studies.delete(name),
    'prompts.list': () => prompts.list(),
    'prompts.save': (prompt) => prompts.save(prompt),
    'prompts.rename': ({ from, to }) => prompts.rename(from, to),
    'prompts.delete': ({ name }) => prompts.delete(name),
  };

  return {
    dispatch: gate.guard(dispatcher(handlers, onDefect)),
    staging: { ...stagingArea, receive: (...file) => gate.pass(() => stagingArea.receive(...file)) },
    busy: () => [...(queue.active ? [queue.active.job.subject] : []), ...queue.waiting.map((job) => job.subject)],
    open: (args, from, announce) => opening.open(args, from, announce),
    show: (request) => opening.show(request),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close(patience = defaultPatience) {
      await mover.close();
      // A run that ends must not make room for the next one.
      queue.stopStarting();
      await supervisor.close(patience);
      await queue.close();
    },
  };
}

/** One queue for each data folder, since its runs are known by name. */
function queuePath(folder: string, home: string): string {
  return join(folder, `queue-${createHash('sha256').update(home).digest('hex').slice(0, 12)}.json`);
}

function inside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return isAbsolute(path) && !isAbsolute(way) && way.split(/[\\/]/)[0] !== '..';
}

const isOver = (status: JobStatus): boolean => ['finished', 'failed', 'stopped'].includes(status);

/** A result that the worker owes. */
function need<T>(value: T | undefined, job: string): T {
  if (value === undefined)
    throw new UserError('no-result', `The ${job} ended without a result.`, 'Try again; if it stays, report this.');
  return value;
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make();
    return made;
  };
}
