/** A run's state on the device, and the two programs that change it. */
import type { RunConfig } from '../../shared/config.ts';
import type { Backend, Executable, Floats, Store } from '../backends/backend.ts';
import type { Batch } from '../data/source.ts';
import { ringRows, trainProgram, updateProgram } from '../model/gpt.ts';
import { parameterTable } from '../model/table.ts';
import type { ParameterTable } from '../program/types.ts';

/** loss, gradient norm, applied, t */
const ringColumns = 4;

export interface StepResult {
  /** Mean loss of the batch, nats per token, of the weights before the update. */
  readonly loss: number;
  /** Global norm of the mean gradient before clipping. */
  readonly gradientNorm: number;
  /** False: the gradient or loss was not finite and nothing changed. */
  readonly applied: boolean;
}

export class TrainingDevice {
  readonly table: ParameterTable;
  readonly parameters: Floats;
  /** What the optimizer remembers, by the names that a checkpoint has for them: m and v, schedule-free z and v. */
  readonly moments: Readonly<Record<string, Floats>>;
  /** As the update's program has them; [0] is Adam's t, the updates applied so far. */
  readonly counters: Floats;
  readonly #backend: Backend;
  /** Where gradients are taken; null: at the parameters. */
  readonly #point: Floats | null;
  readonly #beta: number;
  readonly #gradients: Floats;
  readonly #ring: Floats;
  readonly #tokens: Store<'i32'>;
  readonly #targets: Store<'i32'>;
  readonly #train: Executable;
  readonly #update: Executable;
  readonly #seed: number;
  readonly #accumulation: number;

  constructor(backend: Backend, config: RunConfig) {
    const { model, batch } = config;
    this.table = parameterTable(model, config.optimizer.decayEmbeddings);
    const vector = () => backend.store('f32', this.table.elements);
    this.parameters = vector();
    this.#gradients = vector();
    const scheduleFree = config.optimizer.kind === 'schedule-free';
    this.moments = { [scheduleFree ? 'z' : 'm']: vector(), v: vector() };
    this.#backend = backend;
    this.#point = scheduleFree ? vector() : null;
    this.#beta = config.optimizer.beta1;
    this.counters = backend.store('f32', 4);
    this.#ring = backend.store('f32', ringRows * ringColumns);
    this.#tokens = backend.store('i32', batch.microBatch * model.blockSize);
    this.#targets = backend.store('i32', batch.microBatch * model.blockSize);
    this.#train = backend.compile(trainProgram(model, { batch: batch.microBatch, tokens: model.blockSize }));
    this.#update = backend.compile(updateProgram(this.table, config.optimizer));
    this.#seed = config.seed;
    this.#accumulation = batch.accumulation;
  }

  /**
   * Works out what follows from the weights, and from moments where a checkpoint had them. Call when they are loaded.
   * Schedule-free: z = x at first, and the point y = z + β·(x − z), with the bits that the update gave it.
   */
  loaded(fresh: boolean): void {
    const { vectors } = this.#backend;
    if (!this.#point) return;
    if (fresh) vectors.copy(this.moments.z, this.parameters);
    vectors.copy(this.#point, this.moments.z);
    vectors.lerp(this.#point, this.parameters, this.#beta);
  }

  /** Enqueues forward and backward of one micro-batch. Its gradient is overwritten by micro-batch 0, then added to. */
  microStep(step: number, microBatch: number, batch: Batch): void {
    this.#tokens.write(0, batch.tokens);
    this.#targets.write(0, batch.targets);
    this.#train.run(
      {
        parameters: this.#point ?? this.parameters,
        gradients: this.#gradients,
        tokens: this.#tokens,
        targets: this.#targets,
        ring: this.#ring,
      },
      {
        accumulate: microBatch === 0 ? 0 : 1,
        lossScale: 1 / this.#accumulation,
        seed: this.#seed,
        step,
        microBatch,
        position: 0,
        ringSlot: step % ringRows,
      },
    );
  }

  /** Enqueues the update from step to step + 1. */
  update(step: number, learningRate: number): void {
    this.#update.run(
      {
        parameters: this.parameters,
        gradients: this.#gradients,
        ...this.moments,
        ...(this.#point && { point: this.#point }),
        counters: this.counters,
        ring: this.#ring,
      },
      { learningRate, step, ringSlot: step % ringRows },
    );
  }

  /** Waits for everything enqueued so far; what the ring then says of a step. */
  async result(step: number): Promise<StepResult> {
    const row = await this.#ring.read((step % ringRows) * ringColumns, ringColumns);
    return { loss: row[0], gradientNorm: row[1], applied: row[2] === 1 };
  }

  free(): void {
    this.#train.free();
    this.#update.free();
    this.#point?.free();
    for (const store of Object.values(this.moments)) store.free();
    for (const store of [this.parameters, this.#gradients, this.counters, this.#ring]) store.free();
    this.#tokens.free();
    this.#targets.free();
  }
}
