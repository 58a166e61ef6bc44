/** The library of datasets: the folders in <home>/datasets. Nothing is known about them that is not in them. */
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { AppEvent, DatasetSummary, Job } from '../shared/api.ts';
import type { RunConfig } from '../shared/config.ts';
import { type DatasetMeta, datasetMeta, type PrepareConfig, prepareConfig } from '../shared/dataset.ts';
import { UserError } from '../shared/errors.ts';
import { withFileErrors } from '../shared/files.ts';
import type { JobResult } from '../shared/jobs.ts';
import { mixRefusal } from '../shared/mix.ts';
import type { RunFingerprints } from '../shared/run-file.ts';
import { exists, folderBytes, folderNames, readIfThere, removeFolder, sweepUnfinished } from './folders.ts';
import { folderOf, isPlainName } from './names.ts';
import type { Staging } from './staging.ts';
import type { ActiveJob, Supervisor } from './supervisor.ts';

/** What a preparation that has not ended leaves in its folder, so that it can be continued. */
const journal = z.object({ config: prepareConfig });

export interface DatasetsOptions {
  readonly home: () => string;
  readonly supervisor: Supervisor;
  readonly staging: Staging;
  readonly emit: (event: AppEvent) => void;
  /** Names of the runs that train on this dataset folder, in a mix or alone; `active`: those that are queued or at work. */
  readonly runsUsing: (folder: string) => Promise<{ all: string[]; active: string[] }>;
}

export class Datasets {
  readonly #options: DatasetsOptions;
  /** Preparations at work, and failed ones until they are tried again or dismissed; by folder. */
  readonly #jobs = new Map<string, { readonly active: ActiveJob; readonly config: PrepareConfig }>();

  constructor(options: DatasetsOptions) {
    this.#options = options;
  }

  get #parent(): string {
    return join(this.#options.home(), 'datasets');
  }

  get active(): boolean {
    return [...this.#jobs.values()].some(({ active }) => isActive(active.job));
  }

  /** Finishes deletions and sweeps uploads that nobody needs. For the start of the application. */
  async repair(): Promise<void> {
    await sweepUnfinished(this.#parent);
    const incomplete = await Promise.all(
      (await folderNames(this.#parent)).map(async (name) => readJournal(join(this.#parent, name))),
    );
    await this.#options.staging.sweep(incomplete.flatMap((config) => (config ? filesOf(config) : [])));
  }

  async list(): Promise<DatasetSummary[]> {
    const names = new Set((await folderNames(this.#parent)).filter(isPlainName));
    for (const [folder, { config }] of this.#jobs)
      if (folder === folderOf(this.#parent, config.name)) names.add(config.name);
    const sorted = [...names].sort((a, b) => a.localeCompare(b));
    return Promise.all(sorted.map((name) => this.summary(name)));
  }

  async summary(name: string): Promise<DatasetSummary> {
    const folder = folderOf(this.#parent, name);
    const entry = this.#jobs.get(folder) ?? null;
    const active = entry?.active ?? null;
    const common = {
      name,
      folder,
      bytes: await folderBytes(folder),
      usedBy: (await this.#options.runsUsing(folder)).all,
      job: active?.job ?? null,
      prepare: await readJournal(folder),
    };
    if (active && isActive(active.job)) return { ...common, status: 'preparing', meta: null, problem: null };
    if (entry && active?.job.status === 'failed' && !(await exists(folder)))
      return {
        ...common,
        prepare: entry.config,
        status: 'failed',
        meta: null,
        problem: active.job.error?.message ?? null,
      };
    const state = await readState(folder);
    const problem = state.problem ?? active?.job.error?.message ?? null;
    return { ...common, ...state, problem };
  }

  /** Meta of a dataset that is ready. @throws UserError */
  async ready(name: string): Promise<{ folder: string; meta: DatasetMeta }> {
    const folder = folderOf(this.#parent, name);
    return { folder, meta: await this.readyAt(folder) };
  }

  /** As `ready`, by folder: a run may train on a dataset that lies elsewhere. */
  async readyAt(folder: string): Promise<DatasetMeta> {
    if (!(await exists(folder)))
      throw new UserError('dataset-missing', `There is no dataset at ${folder}.`, 'Prepare it, or choose another one.');
    const { status, meta, problem } = await readState(folder);
    if (meta === null || status !== 'ready')
      throw new UserError(
        'dataset-not-ready',
        `The dataset at ${folder} is not ready${problem ? `: ${problem}` : '.'}`,
        status === 'incomplete' ? 'Continue its preparation.' : 'Prepare it again.',
      );
    return meta;
  }

  /**
   * What names the data of a run that is made now.
   * @throws UserError as `readyAt`; 'mix-mismatch' where the datasets of a mix do not go together
   */
  async fingerprints({ dataset, mix }: Pick<RunConfig, 'dataset' | 'mix'>): Promise<RunFingerprints> {
    const own = await this.readyAt(dataset);
    const mixFingerprints: Record<string, string> = {};
    for (const { id, dataset: folder } of mix.others) {
      const other = await this.readyAt(folder);
      const refusal = mixRefusal(own, other);
      if (refusal !== null)
        throw new UserError(
          'mix-mismatch',
          `"${own.name}" and "${other.name}" cannot be mixed: ${refusal}.`,
          'Prepare one of them with the tokenizer of the other, or leave it out of the mix.',
        );
      mixFingerprints[id] = other.fingerprint;
    }
    return { datasetFingerprint: own.fingerprint, mixFingerprints };
  }

  /** Starts preparing, or continues an incomplete preparation of the same name; on as many threads as pay, or as said. */
  async prepare(config: PrepareConfig, threads?: number): Promise<Job> {
    return (await this.#begin(config, threads)).job;
  }

  /** As `prepare`, or the preparation of that name that is at work already; resolves when that is over. */
  async prepareToEnd(config: PrepareConfig): Promise<JobResult> {
    const known = this.#jobs.get(folderOf(this.#parent, config.name));
    return (known && isActive(known.active.job) ? known.active : await this.#begin(config)).result;
  }

  async #begin(config: PrepareConfig, threads?: number): Promise<ActiveJob> {
    const { supervisor, staging, emit } = this.#options;
    const folder = folderOf(this.#parent, config.name);
    const earlier = this.#jobs.get(folder);
    if (earlier && isActive(earlier.active.job))
      throw new UserError('dataset-busy', `"${config.name}" is being prepared already.`, 'Wait for it, or cancel it.');
    if (await exists(join(folder, 'dataset.json')))
      throw new UserError(
        'dataset-exists',
        `There is a dataset "${config.name}" already.`,
        'Choose another name, or delete that one first.',
      );
    for (const source of config.sources)
      if (!(await exists(source)))
        throw new UserError('source-missing', `There is nothing at ${source}.`, 'Choose the files again.');
    await withFileErrors(folder, () => mkdir(folder, { recursive: true }));
    const active = supervisor.start({
      kind: 'prepare',
      subject: config.name,
      spec: { kind: 'prepare', folder, config, threads },
      log: join(folder, 'log.txt'),
    });
    this.#jobs.set(folder, { active, config });
    const changed = (): void => emit({ type: 'changed', what: 'datasets' });
    active.result
      .then(async (result) => {
        if (result.outcome === 'finished') await staging.discard(filesOf(config));
        this.#jobs.delete(folder);
      })
      .catch(() => removeEmpty(this.#parent, config.name))
      .finally(changed);
    changed();
    return active;
  }

  cancel(name: string): void {
    const active = this.#jobs.get(folderOf(this.#parent, name))?.active;
    if (!active || !isActive(active.job))
      throw new UserError('not-running', `"${name}" is not being prepared.`, 'Look at the list of datasets again.');
    active.stop();
  }

  async delete(name: string): Promise<void> {
    const folder = folderOf(this.#parent, name);
    const entry = this.#jobs.get(folder);
    if (entry && isActive(entry.active.job))
      throw new UserError('dataset-busy', `"${name}" is being prepared.`, 'Cancel that first.');
    const { active: users } = await this.#options.runsUsing(folder);
    if (users.length > 0)
      throw new UserError(
        'dataset-busy',
        `"${name}" is used by ${users.map((user) => `"${user}"`).join(', ')}.`,
        'Stop that first.',
      );
    const there = await exists(folder);
    if (!there && !entry)
      throw new UserError('dataset-missing', `There is no dataset "${name}".`, 'Look at the list of datasets again.');
    const unfinished = there ? await readJournal(folder) : (entry?.config ?? null);
    if (there) await removeFolder(this.#parent, name);
    if (unfinished) await this.#options.staging.discard(filesOf(unfinished));
    this.#jobs.delete(folder);
    this.#options.emit({ type: 'changed', what: 'datasets' });
  }

  /** Whether a path, as a run names it, is this folder. */
  static same(a: string, b: string): boolean {
    return resolve(a) === resolve(b);
  }
}

/** What a preparation reads, its tokenizer's file included: it may have been uploaded too. */
function filesOf({ sources, tokenizer }: PrepareConfig): string[] {
  return tokenizer instanceof Object && tokenizer.kind === 'huggingface' ? [...sources, tokenizer.path] : sources;
}

function isActive(job: Job): boolean {
  return job.status === 'running' || job.status === 'stopping';
}

async function readJournal(folder: string): Promise<PrepareConfig | null> {
  const text = await readIfThere(join(folder, 'preparing.json'));
  if (text === null) return null;
  const parsed = journal.safeParse(parseJson(text));
  return parsed.success ? parsed.data.config : null;
}

type State = Pick<DatasetSummary, 'status' | 'meta' | 'problem'>;

async function readState(folder: string): Promise<State> {
  const text = await readIfThere(join(folder, 'dataset.json'));
  if (text === null) {
    if (await exists(join(folder, 'preparing.json'))) return { status: 'incomplete', meta: null, problem: null };
    return { status: 'broken', meta: null, problem: 'It has no dataset.json.' };
  }
  const parsed = datasetMeta.safeParse(parseJson(text));
  if (!parsed.success)
    return { status: 'broken', meta: null, problem: `Its dataset.json is not valid: ${z.prettifyError(parsed.error)}` };
  const problem = await missingTokens(folder, parsed.data);
  return { status: problem === null ? 'ready' : 'broken', meta: parsed.data, problem };
}

/** A preparation that failed and kept nothing leaves a folder with its log at most. */
async function removeEmpty(parent: string, name: string): Promise<void> {
  const folder = join(parent, name);
  const left = await readdir(folder).catch(() => null);
  if (left?.every((file) => file === 'log.txt')) await removeFolder(parent, name);
}

/** What is wrong with the token files, by their sizes alone; null when nothing is. */
async function missingTokens(folder: string, meta: DatasetMeta): Promise<string | null> {
  const width = meta.dtype === 'uint16' ? 2 : 4;
  for (const { name, tokens } of [...meta.train.files, ...meta.val.files]) {
    const size = await stat(join(folder, name)).then(
      (s) => s.size,
      () => null,
    );
    if (size === null) return `Its file ${name} is missing.`;
    if (size < tokens * width) return `Its file ${name} is cut short: ${size} of ${tokens * width} bytes.`;
  }
  return null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
