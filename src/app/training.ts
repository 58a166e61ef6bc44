/** What is done with runs: training through the queue, and errands that read their checkpoints. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import type { Api, AppEvent, Job, RunSummary } from '../shared/api.ts';
import type { WrittenCheck } from '../shared/averages.ts';
import type { PolicyConfig, RunConfig } from '../shared/config.ts';
import { UserError } from '../shared/errors.ts';
import { exportEnding } from '../shared/export-layouts.ts';
import { withFileErrors } from '../shared/files.ts';
import { continueConfig, cooldownConfig, rescueConfig } from '../shared/fork.ts';
import type { JobResult, JobSpec, Report, SampleOptions, WeightsRef } from '../shared/jobs.ts';
import { type SweepAxis, sweepConfigs } from '../shared/sweep.ts';
import type { Datasets } from './datasets.ts';
import { LiveSamples } from './live-samples.ts';
import type { Queue } from './queue.ts';
import { checkpointSteps } from './run-files.ts';
import type { Runs } from './runs.ts';
import { deviceOf, type SettingsService } from './settings.ts';
import type { ActiveJob, Supervisor } from './supervisor.ts';

type Weights = Omit<WeightsRef, 'run'>;
type Export = Omit<z.output<Api['runs.export']['input']>, 'name'>;

export interface TrainingOptions {
  readonly runs: Runs;
  readonly datasets: Datasets;
  readonly queue: () => Queue;
  readonly supervisor: Supervisor;
  readonly settings: SettingsService;
  readonly emit: (event: AppEvent) => void;
}

export class Training {
  readonly #options: TrainingOptions;
  readonly #live = new LiveSamples();
  /** Samples at work in processes of their own. */
  readonly #samples = new Set<{ readonly name: string; readonly of: string; readonly job: ActiveJob }>();
  /** Folders that exports at work will make. */
  readonly #exporting = new Set<string>();

  constructor(options: TrainingOptions) {
    this.#options = options;
  }

  async create(config: RunConfig): Promise<RunSummary> {
    return this.#options.runs.create(config, await this.#options.datasets.fingerprints(config));
  }

  /** Queues the run; a new one starts, any other resumes. */
  async start(name: string): Promise<RunSummary> {
    const { runs, queue } = this.#options;
    const { status, problem } = await runs.summary(name);
    if (status === 'broken')
      throw new UserError('run-broken', `"${name}" cannot start: ${problem}`, 'Restore run.json.');
    if (status === 'finished')
      throw new UserError(
        'run-finished',
        `"${name}" has made all its steps.`,
        'Train longer: fork it with a later end.',
      );
    if (status === 'running' && !queue().isBusy(name))
      throw new UserError('run-locked', `"${name}" cannot start. ${problem}`, 'End it there first.');
    queue().enqueue(name);
    await queue().saved();
    return runs.summary(name);
  }

  /**
   * Makes the runs of a sweep, all of them or none, and queues them in their order.
   * @throws UserError as `sweepConfigs` and `create` do
   */
  async sweep(base: RunConfig, axes: readonly SweepAxis[]): Promise<RunSummary[]> {
    const { runs, queue } = this.#options;
    const fingerprints = await this.#options.datasets.fingerprints(base);
    const configs = sweepConfigs(base, axes, await runs.names());
    const made: string[] = [];
    try {
      for (const config of configs) made.push((await runs.create(config, fingerprints)).name);
    } catch (error) {
      await Promise.allSettled(made.map((name) => runs.delete(name)));
      throw error;
    }
    for (const name of made) queue().enqueue(name);
    await queue().saved();
    return Promise.all(made.map((name) => runs.summary(name)));
  }

  /** @returns the names of the waiting runs in their new order */
  async move(name: string, place: number): Promise<string[]> {
    const order = this.#options.queue().move(name, place);
    await this.#options.queue().saved();
    return order;
  }

  /** For the queue: starts the worker of a run whose turn it is. */
  async begin(name: string, job: Job): Promise<ActiveJob> {
    const { runs, datasets, supervisor, settings, emit } = this.#options;
    const folder = runs.folder(name);
    const config = await runs.config(name);
    await datasets.fingerprints(config);
    const steps = await checkpointSteps(folder);
    let newest = steps.at(-1) ?? null;
    const active = supervisor.start({
      kind: 'train',
      subject: name,
      job,
      spec: {
        kind: 'train',
        folder,
        config: { ...config, device: deviceOf(config.device, settings.get()) },
        resume: newest !== null,
      },
      log: join(folder, 'log.txt'),
      resumeStep: () => newest,
      onReport: (report: Report) => {
        if (report.type === 'metrics') {
          if (report.line.type === 'checkpoint') newest = report.line.step;
          emit({ type: 'metrics', run: name, line: report.line });
        } else if (report.type === 'text') {
          this.#live.take(name, report);
          emit({ type: 'text', run: name, of: report.of, piece: report.piece, done: report.done });
        }
      },
    });
    active.result.catch(() => {}).finally(() => this.#live.end(name));
    return active;
  }

  /** The worker that trains this run. @throws UserError when none does. */
  running(name: string): ActiveJob {
    const active = this.#options.queue().activeFor(name);
    if (active === null)
      throw new UserError('not-running', `"${name}" is not training now.`, 'Start it, then try again.');
    return active;
  }

  async stop(name: string): Promise<void> {
    if (!this.#options.queue().stop(name))
      throw new UserError('not-running', `"${name}" is neither training nor queued.`, 'Look at the run again.');
    await this.#options.queue().saved();
  }

  addPolicy(name: string, policy: PolicyConfig): void {
    this.running(name).send({ type: 'add-policy', policy });
  }

  /** By the training worker where it trains and its present weights are meant, else from a checkpoint. */
  async sample(name: string, weights: Weights, options: SampleOptions): Promise<string> {
    const { emit, queue } = this.#options;
    const active = queue().activeFor(name);
    if (active !== null && weights.step === null)
      return this.#live.ask(name, weights.of, () => active.send({ type: 'sample', of: weights.of, options }));
    const folder = this.#options.runs.folder(name);
    await this.#options.runs.newestStep(name);
    const spec: JobSpec = { kind: 'sample', folder, weights: { run: name, ...weights }, options };
    const job = this.#begin('sample', name, spec, (report) => {
      if (report.type === 'text')
        emit({ type: 'text', run: name, of: report.of, piece: report.piece, done: report.done });
    });
    const sample = { name, of: weights.of, job };
    this.#samples.add(sample);
    try {
      return (await job.result).text ?? '';
    } finally {
      this.#samples.delete(sample);
    }
  }

  /** Ends samples between two tokens, of these weights or of all; none at work is no error: it was done first. */
  stopSample(name: string, of: string | null): void {
    const send = (): void =>
      this.#options
        .queue()
        .activeFor(name)
        ?.send({ type: 'stop-sample', ...(of === null ? {} : { of }) });
    this.#live.stop(name, of, send);
    for (const sample of this.#samples)
      if (sample.name === name && (of === null || sample.of === of)) sample.job.stop();
  }

  /** Writes a model into the run's exports and reads it again. */
  async export(name: string, asked: Export): Promise<{ path: string; check: WrittenCheck | null }> {
    const { weights, format, layout } = asked;
    const folder = this.#options.runs.folder(name);
    const step = weights.step ?? (await this.#options.runs.newestStep(name));
    const { evaluation } = await this.#options.runs.config(name);
    const parent = join(folder, 'exports');
    await withFileErrors(parent, () => mkdir(parent, { recursive: true }));
    const target = this.#freeTarget(join(parent, `${weights.of}-step-${step}-${format}`), exportEnding[layout]);
    const spec = { folder, weights: { run: name, step, of: weights.of }, format, layout, target };
    this.#exporting.add(target);
    try {
      const result = await this.#errand('export', name, { kind: 'export', ...spec, blocks: evaluation.blocks });
      return { path: result.path ?? target, check: result.check ?? null };
    } finally {
      this.#exporting.delete(target);
      this.#options.emit({ type: 'changed', what: 'runs' });
    }
  }

  /** Whether an export there is being written or checked. */
  isExporting(path: string): boolean {
    return this.#exporting.has(path);
  }

  #freeTarget(path: string, ending: string): string {
    for (let n = 1; ; n++) {
      const candidate = `${n === 1 ? path : `${path}-${n}`}${ending}`;
      if (!existsSync(candidate) && !this.#exporting.has(candidate)) return candidate;
    }
  }

  /** Evaluates weights side by side on the run's fixed validation blocks. */
  async compare(name: string, weights: readonly WeightsRef[]): Promise<NonNullable<JobResult['evaluations']>> {
    const config = await this.#options.runs.config(name);
    const folder = this.#options.runs.folder(name);
    const spec: JobSpec = { kind: 'evaluate', folder, weights: [...weights], blocks: config.evaluation.blocks };
    const { evaluations } = await this.#errand('evaluate', name, spec);
    return evaluations ?? [];
  }

  async fork(name: string, fork: Omit<z.output<Api['runs.fork']['input']>, 'name'>): Promise<RunSummary> {
    const file = await this.#options.runs.file(name);
    const steps = await checkpointSteps(this.#options.runs.folder(name));
    if (!steps.includes(fork.step))
      throw new UserError(
        'no-checkpoint',
        `"${name}" has no checkpoint at step ${fork.step}.`,
        steps.length > 0 ? `Choose one of ${steps.join(', ')}.` : 'Train it until it has saved one.',
      );
    const from = { name: fork.childName, run: name, step: fork.step, end: fork.end };
    const config =
      fork.purpose === 'cooldown' ? cooldownConfig(file.config, from, fork.form) : continueConfig(file.config, from);
    return this.#options.runs.create(config, file);
  }

  /** @throws UserError when the run has had no spike, or nothing from before it was kept */
  async rescue(name: string, childName: string): Promise<RunSummary> {
    const file = await this.#options.runs.file(name);
    const { spike } = await this.#options.runs.summary(name);
    if (!spike)
      throw new UserError('no-spike', `The training loss of "${name}" has not spiked.`, 'There is nothing to rescue.');
    return this.#options.runs.create(rescueConfig(file.config, name, childName, spike), file);
  }

  async #errand(kind: Job['kind'], name: string, spec: JobSpec): Promise<JobResult> {
    return this.#begin(kind, name, spec).result;
  }

  #begin(kind: Job['kind'], name: string, spec: JobSpec, onReport?: (report: Report) => void): ActiveJob {
    const log = join(this.#options.runs.folder(name), 'log.txt');
    return this.#options.supervisor.start({ kind, subject: name, spec, log, onReport });
  }
}
