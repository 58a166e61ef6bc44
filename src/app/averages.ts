/** Averages of a run after the fact: what is held, means of chosen steps, merges of foreign models, what was written. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { z } from 'zod';
import type { Api, AppEvent } from '../shared/api.ts';
import { parameterCount } from '../shared/architecture.ts';
import type { AveragesState, WrittenCheck, WrittenModel } from '../shared/averages.ts';
import { UserError } from '../shared/errors.ts';
import { withFileErrors } from '../shared/files.ts';
import type { EvaluationResult, JobResult, JobSpec } from '../shared/jobs.ts';
import { mapJob } from '../shared/map-job.ts';
import type { WindowMap } from '../shared/window-map.ts';
import { readModels, readTrajectory, readWritten } from './averages-files.ts';
import { folderOf } from './names.ts';
import { checkpointSteps } from './run-files.ts';
import type { Runs } from './runs.ts';
import type { Staging } from './staging.ts';
import type { ActiveJob, StartOptions, Supervisor } from './supervisor.ts';

type WindowSpec = Extract<JobSpec, { kind: 'window' }>;
type Merged = z.output<Api['averages.merge']['output']>;
type Asked<M extends keyof Api> = z.output<Api[M]['input']>;

export interface AveragesOptions {
  readonly home: () => string;
  readonly runs: Runs;
  readonly supervisor: Supervisor;
  readonly staging: Staging;
  readonly emit: (event: AppEvent) => void;
  /** Why a path must stay, in words that follow its name; null where nothing works on it. */
  readonly usedBy: (path: string) => string | null;
}

export class Averages {
  readonly #options: AveragesOptions;
  /** Jobs at work by subject: a run's mean, or a merge by its name. */
  readonly #active = new Map<string, ActiveJob>();
  /** What these jobs write. */
  readonly #writing = new Set<string>();

  constructor(options: AveragesOptions) {
    this.#options = options;
  }

  /** Where merges of foreign models go when nothing else is said. */
  get folder(): string {
    return join(this.#options.home(), 'averages');
  }

  async state(name: string): Promise<AveragesState> {
    const { runs } = this.#options;
    const { model } = await runs.config(name);
    const folder = runs.folder(name);
    const [trajectory, models] = await Promise.all([readTrajectory(folder), readWritten(folder)]);
    return { ...trajectory, weightBytes: 4 * parameterCount(model), models };
  }

  merged(): Promise<WrittenModel[]> {
    return readModels(this.folder, 'merge');
  }

  /** The mean's loss beside raw's and every policy's, of the newest checkpoint; empty when it was cancelled. */
  async preview({ name, steps }: Asked<'averages.preview'>): Promise<EvaluationResult[]> {
    const { runs } = this.#options;
    const folder = runs.folder(name);
    const { evaluation } = await runs.config(name);
    const { policies } = await readTrajectory(folder);
    const held = policies.filter(({ count }) => count > 0).map(({ config }) => config.id);
    const beside = ['raw', ...held];
    const spec: WindowSpec = {
      kind: 'window',
      folder,
      steps,
      beside,
      blocks: evaluation.blocks,
      target: null,
      format: 'float32',
    };
    const { evaluations } = await this.#work({
      kind: 'evaluate',
      subject: name,
      spec,
      log: join(folder, 'log.txt'),
    });
    return evaluations ?? [];
  }

  /** Losses over k and spacing, and over widths, with the best chosen on half of the blocks. */
  async map({ name, counts, spacings }: Asked<'averages.map'>): Promise<WindowMap> {
    const { runs } = this.#options;
    const folder = runs.folder(name);
    const { blocks } = (await runs.config(name)).evaluation;
    const { plan, spec } = mapJob(folder, await readTrajectory(folder), { counts, spacings }, blocks);
    const result = await this.#work({ kind: 'evaluate', subject: name, spec, log: join(folder, 'log.txt') });
    return { plan, evaluations: result.evaluations ?? [], choice: result.choice ?? null };
  }

  /** Writes the mean of the steps as a model folder into the run's averages/ and reads it again. */
  async write({ name, steps, format }: Asked<'averages.write'>): Promise<{ path: string; check: WrittenCheck | null }> {
    const { runs } = this.#options;
    const folder = runs.folder(name);
    const { evaluation } = await runs.config(name);
    const ascending = [...new Set(steps)].sort((a, b) => a - b);
    const [first, last] = [ascending[0], ascending[ascending.length - 1]];
    // No policy can be called so: an id has no @.
    const parent = join(folder, 'averages', `window@${first}-${last}-k${ascending.length}`);
    await withFileErrors(parent, () => mkdir(parent, { recursive: true }));
    const suffix = format === 'float32' ? '' : `-${format}`;
    const target = this.#free(join(parent, `step-${String(last).padStart(8, '0')}${suffix}`));
    const { blocks } = evaluation;
    const spec: WindowSpec = { kind: 'window', folder, steps: ascending, beside: [], blocks, target, format };
    try {
      const { path, check } = await this.#work(
        { kind: 'export', subject: name, spec, log: join(folder, 'log.txt') },
        target,
      );
      return { path: path ?? target, check: check ?? null };
    } finally {
      await rmdir(parent).catch(() => {});
      this.#options.emit({ type: 'changed', what: 'runs' });
    }
  }

  /** The uniform mean of model folders and files, oldest first. Null: it was cancelled, and nothing was written. */
  async merge(asked: Asked<'averages.merge'>): Promise<Merged> {
    const { inputs, name, format, recipe } = asked;
    const parent = asked.folder ?? this.folder;
    for (const path of [...inputs, parent])
      if (!isAbsolute(path))
        throw new UserError('path-relative', `"${path}" is not an absolute path.`, 'Give the whole path.');
    const target = folderOf(parent, name);
    if (existsSync(target) || this.#writing.has(target))
      throw new UserError('target-exists', `There is a "${name}" in ${parent} already.`, 'Choose another name.');
    await withFileErrors(parent, () => mkdir(parent, { recursive: true }));
    try {
      const result = await this.#work(
        { kind: 'average', subject: name, spec: { kind: 'average', inputs, target, format, recipe } },
        target,
      );
      if (result.outcome === 'stopped') return { path: null, check: null, outputs: [], search: null };
      await this.#options.staging.discard(inputs);
      const { check = null, outputs = [], search = null } = result;
      return { path: result.path ?? target, check, outputs, search };
    } finally {
      this.#options.emit({ type: 'changed', what: 'runs' });
    }
  }

  /** Ends a preview or a merge; one that is over already is no error. */
  cancel(subject: string): void {
    this.#active.get(subject)?.stop();
  }

  /** Removes a model that was written, out of sight first. @throws UserError 'model-busy', 'model-missing' */
  async delete(run: string | null, path: string): Promise<void> {
    const { runs, home, emit } = this.#options;
    const all = run === null ? await this.merged() : await readWritten(runs.folder(run));
    if (!all.some((model) => model.path === path))
      throw new UserError('model-missing', `There is no model ${path} here.`, 'Look at the list again.');
    const user = this.#writing.has(path) ? 'it is being written and checked' : await this.#whoUses(path);
    if (user !== null)
      throw new UserError('model-busy', `${path} cannot be deleted: ${user}.`, 'Wait for that, or end it first.');
    // Beside the runs, where a deletion that a crash cut short is finished at the next start.
    const parent = join(home(), 'runs');
    await mkdir(parent, { recursive: true });
    const doomed = join(parent, `.deleted-${randomBytes(4).toString('hex')}`);
    await rename(path, doomed);
    if (run !== null && dirname(dirname(path)) === join(runs.folder(run), 'averages'))
      await rmdir(dirname(path)).catch(() => {});
    await rm(doomed, { recursive: true, force: true });
    emit({ type: 'changed', what: 'runs' });
  }

  /** A worker on it, or a run that will read it when it starts. */
  async #whoUses(path: string): Promise<string | null> {
    const { runs, usedBy } = this.#options;
    const user = usedBy(path);
    if (user !== null) return user;
    for (const run of await runs.list()) {
      if (run.status === 'broken' || run.config.init.from !== 'model') continue;
      const within = relative(path, resolve(run.config.init.path));
      if (within.startsWith('..') || isAbsolute(within)) continue;
      if ((await checkpointSteps(run.folder)).length === 0)
        return `the run "${run.name}" starts from it and has no checkpoint yet`;
    }
    return null;
  }

  /** One job for a subject at a time. */
  async #work(options: StartOptions, target: string | null = null): Promise<JobResult> {
    const { subject } = options;
    if (this.#active.has(subject))
      throw new UserError(
        'averaging-busy',
        `An average of "${subject}" is at work already.`,
        'Wait for it, or cancel it.',
      );
    const job = this.#options.supervisor.start(options);
    this.#active.set(subject, job);
    if (target !== null) this.#writing.add(target);
    try {
      return await job.result;
    } finally {
      this.#active.delete(subject);
      if (target !== null) this.#writing.delete(target);
    }
  }

  #free(path: string): string {
    for (let n = 1; ; n++) {
      const candidate = n === 1 ? path : `${path}-${n}`;
      if (!existsSync(candidate) && !this.#writing.has(candidate)) return candidate;
    }
  }
}
