/** A run that is loaded: its state on the device, and everything done at a boundary between two steps. */
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { PolicyConfig, RunConfig } from '../../shared/config.ts';
import type { Report, SampleOptions } from '../../shared/jobs.ts';
import type { AverageEvaluation, EvaluationLine } from '../../shared/metrics.ts';
import type { RunFingerprints } from '../../shared/run-file.ts';
import { learningRate } from '../../shared/schedule.ts';
import type { Spike } from '../../shared/spike.ts';
import type { Backend, Floats } from '../backends/backend.ts';
import { exportWeights, type RunFolder, storeReader, type TrainerState } from '../checkpoint/index.ts';
import { fingerprintsOf, type MixedDataset } from '../data/index.ts';
import type { Dataset } from '../data/source.ts';
import { UserError } from '../errors.ts';
import { Evaluator, mean, pairedDifference, Sampler, standardError } from '../evaluate/index.ts';
import { availableBytes, formatBytes } from '../files.ts';
import { Clock } from './clock.ts';
import { type StepResult, TrainingDevice } from './device.ts';
import { finiteOrNull, Journal } from './journal.ts';
import { PolicySet } from './policy-set.ts';
import { SpikeGuard } from './spike-guard.ts';
import { SystemWatch } from './system.ts';

/** Long enough for processors to reach their clock, too short to be noticed at a start. */
const peakSeconds = 0.03;
/** Updates left out in a row after which a run counts as diverged. */
const skipsAllowed = 20;
/** Warn when the disk has room for fewer checkpoints than this. */
const checkpointsAhead = 3;

export interface SessionOptions {
  readonly folder: RunFolder;
  /** Where a child run finds the window that it starts with. */
  readonly parent: RunFolder | null;
  readonly dataset: Dataset;
  readonly others: readonly MixedDataset[];
  readonly backend: Backend;
  readonly emit: (report: Report) => void;
  /** Runs a write again until the disk has room for it. */
  readonly durably: <T>(write: () => Promise<T>) => Promise<T>;
  /**
   * Called between the passes of an evaluation and the tokens of a sample; what it throws ends them. `ended`: whether
   * it need not go on, though the run is paused.
   */
  readonly between: (ended?: () => boolean) => Promise<void>;
}

export class Session {
  readonly config: RunConfig;
  readonly device: TrainingDevice;
  readonly policies: PolicySet;
  readonly guard: SpikeGuard;
  readonly journal: Journal;
  readonly #system: SystemWatch;
  clock = new Clock(0);
  /** Updates made, skipped ones included: the weights on the device are θ_step. */
  step = 0;
  /** Raw validation loss: the lowest so far. */
  best: { step: number; loss: number } | null = null;
  /** Whether the latest update changed the weights. */
  applied = true;
  readonly #options: SessionOptions;
  readonly #evaluator: Evaluator;
  /** On the other datasets of a mix. */
  readonly #others: readonly { readonly id: string; readonly evaluator: Evaluator }[];
  #sampler: Sampler | null = null;
  #scratch: Floats | null = null;
  #skips = 0;
  /** Found, and not dealt with yet. */
  #spike: Spike | null = null;
  /** Raw validation loss of θ_step, where it was measured. */
  #measured: { step: number; loss: number } | null = null;
  #savedAt: number | null = null;
  #shortOfSpace = false;

  constructor(options: SessionOptions) {
    const { folder, parent, dataset, others, backend } = options;
    const { config } = folder;
    this.#options = options;
    this.config = config;
    this.device = new TrainingDevice(backend, config);
    const evaluatorOn = ({ val }: Dataset) =>
      new Evaluator(backend, {
        model: config.model,
        source: val,
        blocks: config.evaluation.blocks,
        batch: config.batch.microBatch,
      });
    this.#evaluator = evaluatorOn(dataset);
    this.#others = others.map(({ id, data }) => ({ id, evaluator: evaluatorOn(data) }));
    this.policies = new PolicySet({
      backend,
      elements: this.device.table.elements,
      files: folder.snapshotFiles(parent),
      pairs: folder.pairFiles(),
      run: config,
    });
    this.guard = new SpikeGuard(this.policies.snapshots, config);
    this.#system = new SystemWatch(folder.path);
    this.journal = new Journal(
      (lines) => options.durably(() => folder.appendMetrics(lines)),
      (line) => options.emit({ type: 'metrics', line }),
    );
  }

  /** Takes in what the ring said of update step → step + 1. Throws UserError('diverged') after many skips in a row. */
  record(step: number, result: StepResult): void {
    const { config } = this;
    this.applied = result.applied;
    this.#skips = result.applied ? 0 : this.#skips + 1;
    this.#spike ??= this.guard.record(step, result.loss);
    if (step % config.logEvery === 0 || step === config.steps - 1 || !result.applied)
      this.journal.add({
        type: 'train',
        step,
        seconds: this.clock.seconds,
        loss: finiteOrNull(result.loss),
        gradientNorm: finiteOrNull(result.gradientNorm),
        learningRate: learningRate(config.schedule, config.steps, step),
        tokensPerSecond: this.tokensPerSecond ?? 0,
        ...(result.applied ? {} : { skipped: true }),
      });
    if (this.#skips === 1) this.note('warning', step, `Update ${step} was left out: ${whatBroke(result)}.`);
    if (this.#skips === skipsAllowed) {
      const first = step - skipsAllowed + 1;
      throw new UserError(
        'diverged',
        `The run has diverged: ${whatBroke(result)} at step ${first} and at every step since, ${skipsAllowed} in all.`,
        'Everything saved is intact. Start a new run with a lower peak learning rate or a longer warm-up; it may begin at the model of a checkpoint.',
      );
    }
  }

  get tokensPerSecond(): number | null {
    const { batch, model } = this.config;
    const steps = this.clock.stepsPerSecond;
    return steps === null ? null : batch.microBatch * batch.accumulation * model.blockSize * steps;
  }

  note(level: 'info' | 'warning' | 'error', step: number, text: string): void {
    this.journal.add({ type: 'note', step, level, text });
  }

  /** Whether θ_step is wanted by a policy or for a rescue. */
  due(step: number): boolean {
    return this.policies.due(step) || this.guard.due(step);
  }

  /** Shows θ_step to those that observe it. */
  async observe(): Promise<void> {
    const { step, device } = this;
    await this.#options.durably(() => this.policies.observe(step, device.parameters));
    await this.#options.durably(() => this.guard.observe(step, device.parameters));
  }

  /** Whether a spike was found that nobody has dealt with. */
  get spiked(): boolean {
    return this.#spike !== null;
  }

  /** Keeps what a rescue needs and says so in the metrics. Call at a boundary between two steps. */
  async noteSpike(): Promise<void> {
    const { onset, detected, loss, limit } = this.#spike!;
    const { folder, durably } = this.#options;
    const snapshots = await durably(async () => this.guard.keep(onset, await folder.keptSteps()));
    this.#spike = null;
    this.journal.add({
      type: 'spike',
      step: detected,
      onset,
      loss: finiteOrNull(loss),
      limit: finiteOrNull(limit),
      snapshots,
    });
    const what = Number.isFinite(loss) ? `rose above ${limit.toFixed(3)}, to ${loss.toFixed(3)},` : 'is not finite';
    const rescue =
      snapshots.length === 0
        ? 'No snapshot from before it was kept, so it cannot be rescued: a LAWA policy keeps some, or spikes.snapshotEvery.'
        : `A rescue can begin at the mean of the weights of ${snapshots.length === 1 ? 'step' : 'steps'} ${snapshots.join(', ')}.`;
    this.note('warning', detected + 1, `A spike: the training loss ${what} from step ${onset} on. ${rescue}`);
    await this.journal.flush();
  }

  /** Losses of the raw weights and of every average on the same blocks, of a mix on those of each dataset. */
  async evaluate(): Promise<EvaluationLine> {
    const started = performance.now();
    const between = () => this.#options.between();
    const raw = await this.#evaluator.losses(this.device.parameters, between);
    const averages: Record<string, AverageEvaluation> = {};
    const others: NonNullable<EvaluationLine['others']> = Object.fromEntries(this.#others.map(({ id }) => [id, {}]));
    const measureOthers = async (of: string, weights: Floats) => {
      for (const { id, evaluator } of this.#others)
        others[id][of] = finiteOrNull(mean(await evaluator.losses(weights, between)));
    };
    await measureOthers('raw', this.device.parameters);
    for (const policy of this.policies.list) {
      if (policy.count === 0) continue;
      await policy.value(this.#scratchStore());
      const losses = await this.#evaluator.losses(this.#scratchStore(), between);
      await measureOthers(policy.id, this.#scratchStore());
      const { difference, standardError } = pairedDifference(losses, raw);
      averages[policy.id] = {
        loss: finiteOrNull(mean(losses)),
        difference: finiteOrNull(difference),
        standardError: finiteOrNull(standardError),
        count: policy.count,
        full: policy.full,
      };
    }
    const took = (performance.now() - started) / 1000;
    const loss = mean(raw);
    this.#measured = { step: this.step, loss };
    if (Number.isFinite(loss) && (this.best === null || loss < this.best.loss)) this.best = this.#measured;
    this.clock.evaluationDone(took);
    const line: EvaluationLine = {
      type: 'evaluation',
      step: this.step,
      seconds: this.clock.seconds,
      raw: finiteOrNull(loss),
      rawStandardError: finiteOrNull(standardError(raw)),
      blocks: raw.length,
      averages,
      ...(this.#others.length > 0 && { others }),
      took,
    };
    this.journal.add(line);
    await this.journal.flush();
    return line;
  }

  /**
   * Draws a sample from the raw weights or an average; pieces are told as they come.
   * @param stopped looked at before every piece; true ends the sample with what was written
   */
  async sample(of: string, options: SampleOptions, stopped: () => boolean = () => false): Promise<string> {
    const { dataset, backend, emit } = this.#options;
    let text = '';
    try {
      if (!dataset.tokenizer)
        throw new UserError(
          'no-tokenizer',
          `The dataset "${dataset.meta.name}" has no tokenizer, so ids cannot be turned into text.`,
          'Prepare the dataset from text files.',
        );
      const weights = await this.#weights(of);
      this.#sampler ??= new Sampler(backend, this.config.model);
      for await (const piece of this.#sampler.text(weights, dataset.tokenizer, options)) {
        await this.#options.between(stopped);
        if (stopped()) break;
        text += piece;
        emit({ type: 'text', of, piece, done: false });
      }
    } finally {
      emit({ type: 'text', of, piece: '', done: true });
    }
    if (text !== '') this.journal.add({ type: 'sample', step: this.step, of, prompt: options.prompt, text });
    return text;
  }

  async #weights(of: string): Promise<Floats> {
    if (of === 'raw') return this.device.parameters;
    const policy = this.policies.get(of);
    if (policy.count === 0)
      throw new UserError(
        'average-empty',
        `The average "${of}" has no value yet: its first observation is at step ${policy.config.start}.`,
        'Ask again after that step, or take the raw weights.',
      );
    await policy.value(this.#scratchStore());
    return this.#scratchStore();
  }

  #scratchStore(): Floats {
    this.#scratch ??= this.#options.backend.store('f32', this.device.table.elements);
    return this.#scratch;
  }

  /** Writes a checkpoint of θ_step, unless that is the newest one already. */
  async save(): Promise<void> {
    if (this.#savedAt === this.step) return;
    const { folder, dataset, durably } = this.#options;
    await this.journal.flush();
    const { moments, parameters, counters, table } = this.device;
    const [adamT, rate, high, low] = await counters.read(0, 4);
    const { bytes, overBudget } = await durably(() =>
      folder.writeCheckpoint({
        step: this.step,
        table,
        read: storeReader(parameters),
        tokenizer: dataset.tokenizer,
        trainer: {
          step: this.step,
          adamT,
          scheduleFree: this.config.optimizer.kind === 'schedule-free' ? { rate, weights: [high, low] } : null,
          seconds: this.clock.seconds,
          numerics: this.numerics,
          validationLoss: this.#measured?.step === this.step ? finiteOrNull(this.#measured.loss) : null,
          best: this.best,
          policies: this.policies.states(),
          skips: this.#skips,
          spikes: this.guard.state(),
        },
        tensors: [...Object.entries(moments).map(([name, store]) => ({ name, store })), ...this.policies.tensors()],
        pool: this.policies.snapshots,
      }),
    );
    this.#savedAt = this.step;
    this.journal.add({ type: 'checkpoint', step: this.step, bytes });
    await this.#warnOfSpace(bytes, overBudget);
    await this.journal.flush();
  }

  /** Once each time that space becomes short, not at every checkpoint. */
  async #warnOfSpace(bytes: number, overBudget: number): Promise<void> {
    const free = await availableBytes(this.#options.folder.path);
    const warning =
      overBudget > 0
        ? `Checkpoints and snapshots take ${formatBytes(overBudget)} more than the disk budget, and all of them are needed.`
        : free < checkpointsAhead * bytes
          ? `The disk is nearly full: ${formatBytes(free)} are free, and a checkpoint takes ${formatBytes(bytes)}.`
          : null;
    if (warning !== null && !this.#shortOfSpace) this.note('warning', this.step, warning);
    this.#shortOfSpace = warning !== null;
  }

  /** Writes every average of the checkpoint at θ_step as a model folder, in the place of older ones. */
  async writeAverages(): Promise<void> {
    const { folder, dataset, durably } = this.#options;
    for (const { id, count } of this.policies.list) {
      if (count === 0) continue;
      const target = folder.averagePath(id, this.step);
      const options = { step: this.step, of: id, dtype: 'float32', target, tokenizer: dataset.tokenizer } as const;
      await durably(() => exportWeights(folder, options));
      for (const name of await readdir(dirname(target)))
        if (name !== basename(target)) await rm(join(dirname(target), name), { recursive: true, force: true });
    }
  }

  /** Adds a policy, from kept checkpoints where they are what it would have seen. */
  async addPolicy(config: PolicyConfig): Promise<void> {
    const backfilled = await this.policies.add(config, this.step, await this.#options.folder.keptSteps());
    if (this.applied) await this.observe();
    this.#policyChanged({ id: config.id, change: 'added', backfilled });
  }

  removePolicy(id: string): void {
    this.policies.remove(id);
    this.#policyChanged({ id, change: 'removed', backfilled: false });
  }

  #policyChanged(change: { id: string; change: 'added' | 'removed'; backfilled: boolean }): void {
    // A checkpoint of this step knows nothing of the change.
    this.#savedAt = null;
    this.journal.add({ type: 'policy', step: this.step, ...change });
  }

  /** Writes down what the machine has to carry, where it is time to look again. */
  async noteSystem(): Promise<void> {
    if (!this.#system.due) return;
    const values = await this.#system.look();
    this.journal.add({ type: 'system', step: this.step, seconds: this.clock.seconds, ...values });
  }

  /** Says in the metrics what this sitting computes on, so that the run can still tell when it is over. */
  async noteDevice(): Promise<void> {
    const { backend } = this.#options;
    const { name, device, family, threads } = backend.info;
    const peak = (await backend.peak?.(peakSeconds)) ?? null;
    this.journal.add({ type: 'device', step: this.step, backend: name, device, family, threads, peak });
  }

  /** Takes up what the newest checkpoint says of the loop itself; θ_step is what it holds. */
  async restored(state: Pick<TrainerState, 'skips' | 'spikes'>): Promise<void> {
    this.#skips = state.skips;
    if (state.spikes) await this.guard.restore(state.spikes);
    this.#savedAt = this.step;
  }

  get numerics(): Backend['info']['numerics'] {
    return this.#options.backend.info.numerics;
  }

  get fingerprints(): RunFingerprints {
    return fingerprintsOf(this.#options);
  }

  async free(): Promise<void> {
    await this.policies.close();
    this.#sampler?.free();
    this.#scratch?.free();
    for (const { evaluator } of [{ evaluator: this.#evaluator }, ...this.#others]) evaluator.free();
    this.device.free();
  }
}

function whatBroke(result: StepResult): string {
  return Number.isFinite(result.loss) ? 'the gradient was not finite' : 'the loss was not finite';
}
