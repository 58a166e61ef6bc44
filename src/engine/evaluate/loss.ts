/** Loss over a run's fixed validation blocks, for any weights: they are bound, never copied over the training weights. */
import type { ModelConfig } from '../../shared/config.ts';
import { mean } from '../../shared/statistics.ts';
import type { Backend, Executable, Floats, Store } from '../backends/backend.ts';
import { evaluationBlocks, readBlocks } from '../data/index.ts';
import type { Dataset, TokenSource } from '../data/source.ts';
import { evaluateProgram } from '../model/gpt.ts';

/** Sequences of one forward pass when nothing says otherwise: about 4,096 tokens. */
const defaultBatch = (blockSize: number) => Math.max(1, Math.floor(4096 / blockSize));

export interface EvaluatorOptions {
  readonly model: ModelConfig;
  readonly source: TokenSource;
  /** Blocks wanted; fewer where the source is shorter. */
  readonly blocks: number;
  /** Sequences per forward pass; the result does not depend on it beyond the backend's rounding. */
  readonly batch?: number;
}

/** Compiled once for a set of blocks; evaluates any number of weights on them. */
export class Evaluator {
  /** Start offsets in the source, the same for every model. */
  readonly starts: readonly number[];
  readonly #blockSize: number;
  readonly #batch: number;
  readonly #tokens: Store<'i32'>;
  readonly #targets: Store<'i32'>;
  readonly #program: Executable;
  readonly #source: TokenSource;

  /** Throws UserError('dataset-too-short') when the source does not hold one block and its target. */
  constructor(backend: Backend, options: EvaluatorOptions) {
    const { model, source, blocks } = options;
    this.#blockSize = model.blockSize;
    this.starts = evaluationBlocks(source, model.blockSize, blocks);
    this.#batch = Math.min(options.batch ?? defaultBatch(model.blockSize), this.starts.length);
    const size = this.#batch * model.blockSize;
    this.#tokens = backend.store('i32', size);
    this.#targets = backend.store('i32', size);
    this.#program = backend.compile(evaluateProgram(model, { batch: this.#batch, tokens: model.blockSize }));
    this.#source = source;
  }

  /**
   * Mean loss of each block, nats per token, in float64.
   * @param between called before every forward pass; what it throws ends the evaluation
   */
  async losses(weights: Floats, between: () => Promise<void> = async () => {}): Promise<Float64Array> {
    const { starts } = this;
    const size = this.#blockSize;
    const perBlock = new Float64Array(starts.length);
    for (let first = 0; first < starts.length; first += this.#batch) {
      await between();
      const rows = Array.from({ length: this.#batch }, (_, row) => starts[Math.min(first + row, starts.length - 1)]);
      // The last pass is filled up with the last block again; those rows are not counted.
      const { tokens, targets } = readBlocks(this.#source, rows, size);
      this.#tokens.write(0, tokens);
      this.#targets.write(0, targets);
      this.#program.run({ parameters: weights, tokens: this.#tokens, targets: this.#targets }, { position: 0 });
      const losses = await this.#program.result('losses');
      for (let row = 0; row < rows.length && first + row < starts.length; row++)
        perBlock[first + row] = mean(losses.subarray(row * size, (row + 1) * size));
    }
    return perBlock;
  }

  free(): void {
    this.#program.free();
    this.#tokens.free();
    this.#targets.free();
  }
}

/** Per-block losses of one store of weights on a dataset's validation split. */
export async function evaluateWeights(
  backend: Backend,
  model: ModelConfig,
  weights: Floats,
  dataset: Dataset,
  blocks: number,
): Promise<Float64Array> {
  const evaluator = new Evaluator(backend, { model, source: dataset.val, blocks });
  try {
    return await evaluator.losses(weights);
  } finally {
    evaluator.free();
  }
}
