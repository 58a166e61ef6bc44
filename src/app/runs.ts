/** The library of runs: the folders in <home>/runs, and what can be asked of them. */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AppEvent, Job, RunDetail, RunSummary } from '../shared/api.ts';
import { type RunConfig, runConfig } from '../shared/config.ts';
import { UserError } from '../shared/errors.ts';
import { writeFileAtomically } from '../shared/files.ts';
import { isChild, purposeOf } from '../shared/fork.ts';
import { takeOrigin, wantedOf } from '../shared/origin.ts';
import { lockFile, readLock } from '../shared/process-lock.ts';
import type { RunFile, RunFingerprints } from '../shared/run-file.ts';
import { noNotes, type RunNotes } from '../shared/run-notes.ts';
import type { RunSeries } from '../shared/series.ts';
import { folderBytes, folderNames, makeFolder, readIfThere, removeFolder, sweepUnfinished } from './folders.ts';
import { MetricsReader } from './metrics-reader.ts';
import { folderOf, isPlainName } from './names.ts';
import type { Queue } from './queue.ts';
import { checkpointSteps, readCheckpoints, readExports, readRunFile } from './run-files.ts';
import { readNotes, writeNotes } from './run-notes.ts';
import { type MetricsSummary, summarize } from './run-summary.ts';

export interface RunsOptions {
  readonly home: () => string;
  readonly queue: () => Queue;
  readonly emit: (event: AppEvent) => void;
  readonly version: string;
}

/** Runs whose metrics stay in memory; the others are read again when asked for. */
const cachedReaders = 4;
/** Milliseconds that a list may tell the size that a run had before; whoever asks for one run gets it as it is. */
const sizeAge = 30_000;
/** Milliseconds between looks at runs that other processes work on. */
const lookInterval = 1000;

export class Runs {
  readonly #options: RunsOptions;
  /** Most recently used last. */
  readonly #readers = new Map<string, MetricsReader>();
  readonly #summaries = new Map<string, { version: string; summary: MetricsSummary }>();
  /** What the run.json of a folder says, for as long as that file stays as it is. */
  readonly #files = new Map<string, { version: string; read: Awaited<ReturnType<typeof readRunFile>> }>();
  readonly #sizes = new Map<string, { at: number; bytes: number }>();

  #looking: NodeJS.Timeout | null = null;

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  get #parent(): string {
    return join(this.#options.home(), 'runs');
  }

  async repair(): Promise<void> {
    await sweepUnfinished(this.#parent);
  }

  folder(name: string): string {
    return folderOf(this.#parent, name);
  }

  async names(): Promise<string[]> {
    return (await folderNames(this.#parent)).filter(isPlainName);
  }

  /** Newest first. Folders without a run.json are not runs. */
  async list(): Promise<RunSummary[]> {
    const all = await Promise.all((await this.names()).map((name) => this.#summary(name, sizeAge)));
    return all.filter((run) => run !== null).sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  }

  async summary(name: string): Promise<RunSummary> {
    return (await this.#summary(name)) ?? missing(name);
  }

  async detail(name: string): Promise<RunDetail> {
    const folder = this.folder(name);
    const [summary, checkpoints, exports] = await Promise.all([
      this.summary(name),
      readCheckpoints(folder),
      readExports(folder),
    ]);
    return { ...summary, checkpoints, exports };
  }

  /** @throws UserError when there is no such run, or its run.json cannot be read. */
  async file(name: string): Promise<RunFile> {
    const read = await readRunFile(this.folder(name));
    if (read === null) return missing(name);
    if ('problem' in read)
      throw new UserError('run-broken', `The run.json of "${name}" is not valid: ${read.problem}`, 'Restore the file.');
    return read.file;
  }

  async config(name: string): Promise<RunConfig> {
    return (await this.file(name)).config;
  }

  /** What its metrics hold now. Not to be changed by the caller. */
  async series(name: string): Promise<RunSeries> {
    const folder = this.folder(name);
    const reader = this.#readers.get(folder) ?? new MetricsReader(join(folder, 'metrics.jsonl'));
    this.#readers.delete(folder);
    this.#readers.set(folder, reader);
    const oldest = this.#readers.keys().next().value;
    if (this.#readers.size > cachedReaders && oldest !== undefined) this.#readers.delete(oldest);
    return reader.read();
  }

  async log(name: string): Promise<string> {
    return (await readIfThere(join(this.folder(name), 'log.txt'))) ?? '';
  }

  /**
   * Makes a run's folder, of a child run with the checkpoint of its parent that it starts from. Nothing trains yet.
   * @throws UserError 'run-exists'; 'no-checkpoint' when the parent has none at that step
   */
  async create(config: RunConfig, fingerprints: RunFingerprints): Promise<RunSummary> {
    const { name, init } = config;
    const file: RunFile = {
      schema: 1,
      config,
      datasetFingerprint: fingerprints.datasetFingerprint,
      mixFingerprints: fingerprints.mixFingerprints,
      appVersion: this.#options.version,
      createdAt: new Date().toISOString(),
    };
    const made = await makeFolder(this.#parent, name, async (folder) => {
      if (isChild(init)) await takeOrigin(resolve(this.#parent, init.run), folder, wantedOf(init));
      await writeFileAtomically(join(folder, 'run.json'), `${JSON.stringify(file, null, 2)}\n`);
    });
    if (!made) throw new UserError('run-exists', `There is a run "${name}" already.`, 'Choose another name.');
    this.#options.emit({ type: 'changed', what: 'runs' });
    return this.summary(name);
  }

  /** Writes tags and note; a run may train meanwhile. @throws UserError 'run-missing', 'notes-broken' */
  async annotate(name: string, notes: RunNotes): Promise<RunSummary> {
    const { folder } = await this.summary(name);
    await writeNotes(folder, notes);
    this.#options.emit({ type: 'changed', what: 'runs' });
    return this.summary(name);
  }

  /** Resolves when no process works on the run any more, or after `patience` milliseconds. */
  async released(name: string, patience = 120_000): Promise<void> {
    const path = join(this.folder(name), lockFile);
    const end = Date.now() + patience;
    while (Date.now() < end && (await readLock(path))?.alive) await sleep(lookInterval / 4);
  }

  /** Newest whole checkpoint. @throws UserError when there is none. */
  async newestStep(name: string): Promise<number> {
    const steps = await checkpointSteps(this.folder(name));
    const newest = steps.at(-1);
    if (newest === undefined)
      throw new UserError('no-checkpoint', `"${name}" has no checkpoint yet.`, 'Train it until it has saved one.');
    return newest;
  }

  async delete(name: string): Promise<void> {
    const folder = this.folder(name);
    const { status } = await this.summary(name);
    if (isBusy(status)) throw new UserError('run-busy', `"${name}" is ${status}.`, 'Stop it first.');
    this.#options.queue().forget(name);
    await removeFolder(this.#parent, name);
    this.#readers.delete(folder);
    for (const cache of [this.#summaries, this.#files, this.#sizes]) cache.delete(folder);
    this.#options.emit({ type: 'changed', what: 'runs' });
  }

  /** `age`: how old its size may be, in milliseconds. */
  async #summary(name: string, age = 0): Promise<RunSummary | null> {
    const folder = this.folder(name);
    const read = await this.#runFile(folder);
    if (read === null) return null;
    const bytes = await this.#size(folder, age);
    const notes = (await readNotes(folder)) ?? noNotes;
    if ('problem' in read) return { ...brokenRun(name, folder, bytes, read.problem), ...notes };
    const { config, createdAt } = read.file;
    const numbers = await this.#numbers(name, folder);
    const { status, problem, job } = await this.#status(name, folder, config, numbers);
    const step = status === 'new' && isChild(config.init) ? config.init.step : numbers.step;
    const { init } = config;
    const parent = isChild(init) ? { name: init.run, step: init.step, purpose: purposeOf(init) } : null;
    const place = this.#options.queue().placeOf(name);
    return { ...numbers, ...notes, name, folder, config, status, step, place, parent, bytes, createdAt, problem, job };
  }

  async #runFile(folder: string): ReturnType<typeof readRunFile> {
    const version = await versionOf(join(folder, 'run.json'));
    const known = this.#files.get(folder);
    if (known?.version === version) return known.read;
    const read = await readRunFile(folder);
    this.#files.set(folder, { version, read });
    return read;
  }

  /** Adding up a folder is most of what a long list costs. */
  async #size(folder: string, age: number): Promise<number> {
    const known = this.#sizes.get(folder);
    const now = Date.now();
    if (known && now - known.at < age) return known.bytes;
    const bytes = await folderBytes(folder);
    this.#sizes.set(folder, { at: now, bytes });
    return bytes;
  }

  /** A run that does not train costs a `stat` after the first time. */
  async #numbers(name: string, folder: string): Promise<MetricsSummary> {
    const version = await versionOf(join(folder, 'metrics.jsonl'));
    const cached = this.#summaries.get(folder);
    if (cached?.version === version) return cached.summary;
    const summary = summarize(await this.series(name));
    this.#summaries.set(folder, { version, summary });
    return summary;
  }

  /** Nobody tells us when another process lets go of a run, such as a worker that outlived its application. */
  #lookAgain(): void {
    this.#looking ??= setTimeout(() => {
      this.#looking = null;
      this.#options.emit({ type: 'changed', what: 'runs' });
    }, lookInterval);
    this.#looking.unref();
  }

  async #status(
    name: string,
    folder: string,
    config: RunConfig,
    numbers: MetricsSummary,
  ): Promise<{ status: RunSummary['status']; problem: string | null; job: Job | null }> {
    const known = this.#options.queue().stateOf(name);
    if (known?.state === 'queued') return { status: 'queued', problem: null, job: known.job };
    if (known?.state === 'running') {
      const { status } = known.job;
      return { status: status === 'queued' ? 'running' : status, problem: null, job: known.job };
    }
    const lock = await readLock(join(folder, lockFile));
    if (lock?.alive) {
      this.#lookAgain();
      return {
        status: 'running',
        problem: `It is trained from outside of this window, by process ${lock.content?.pid}.`,
        job: null,
      };
    }
    if (known?.state === 'failed')
      return { status: 'failed', problem: known.job.error?.message ?? null, job: known.job };
    const steps = await checkpointSteps(folder);
    const newest = steps.at(-1) ?? null;
    if (newest !== null && newest >= config.steps) return { status: 'finished', problem: null, job: null };
    if (known?.state === 'interrupted' || lock !== null) {
      const problem =
        newest === null ? 'It ended before its first checkpoint.' : `It was cut off. It continues from step ${newest}.`;
      return { status: 'interrupted', problem, job: null };
    }
    const begun = newest !== null || numbers.step > 0 || numbers.last !== null;
    return { status: begun ? 'stopped' : 'new', problem: null, job: null };
  }
}

/** Another text whenever the file is another or was written to; empty where there is none. */
async function versionOf(path: string): Promise<string> {
  const info = await stat(path).catch(() => null);
  return info === null ? '' : `${info.ino} ${info.size} ${info.mtimeMs}`;
}

/** Whether it waits or trains, here or in another process. */
export function isBusy(status: RunSummary['status']): boolean {
  return ['queued', 'running', 'pausing', 'paused', 'stopping'].includes(status);
}

function missing(name: string): never {
  throw new UserError('run-missing', `There is no run "${name}".`, 'Look at the list of runs again.');
}

/** A run whose run.json cannot be read still shows, so that it can be repaired or deleted. */
function brokenRun(name: string, folder: string, bytes: number, problem: string): RunSummary {
  return {
    name,
    folder,
    config: unknownConfig(name),
    status: 'broken',
    step: 0,
    place: null,
    parent: null,
    last: null,
    bestRaw: null,
    bestAverage: null,
    bytes,
    spark: [],
    device: null,
    spike: null,
    speed: null,
    ...noNotes,
    createdAt: '',
    problem: `Its run.json is not valid: ${problem}`,
    job: null,
  };
}

/** The contract has no run without a config; pages show nothing of a broken one's. */
function unknownConfig(name: string): RunConfig {
  return runConfig.parse({
    name,
    dataset: '?',
    steps: 1,
    model: { blockSize: 1, vocabSize: 1, layers: 1, heads: 1, width: 1 },
    batch: { microBatch: 1 },
    schedule: { kind: 'constant', peak: 0 },
    evaluation: { every: 1 },
    checkpoints: { every: 0 },
  });
}
