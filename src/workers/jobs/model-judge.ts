/** Losses of finished models, and of means of them, on a dataset's fixed validation blocks. */
import { stat } from 'node:fs/promises';
import { checkpointOf } from '../../engine/averaging/index.ts';
import type { Backend, Store } from '../../engine/backends/backend.ts';
import { type ModelFolder, openModelFolder } from '../../engine/checkpoint/index.ts';
import { type Dataset, loadTokenizer } from '../../engine/data/index.ts';
import { UserError } from '../../engine/errors.ts';
import { Evaluator } from '../../engine/evaluate/index.ts';
import { parameterTable } from '../../engine/model/table.ts';
import type { ModelConfig } from '../../shared/config.ts';

/** The folder or file that a path means, and whether it is a folder. */
async function resolved(path: string): Promise<{ path: string; isFolder: boolean }> {
  const isFolder = (await stat(path).catch(() => null))?.isDirectory() ?? false;
  return { path: isFolder ? await checkpointOf(path) : path, isFolder };
}

/**
 * Opens a model that is to be measured on a dataset.
 * @throws UserError 'not-comparable' where the dataset's ids are not the model's, and what opening a model throws
 */
export async function openJudged(given: string, dataset: Dataset): Promise<ModelFolder> {
  const { path, isFolder } = await resolved(given);
  const folder = await openModelFolder(path);
  try {
    await checkVocabulary(path, isFolder, folder.model, dataset);
    return folder;
  } catch (error) {
    await folder.close();
    throw error;
  }
}

async function checkVocabulary(path: string, isFolder: boolean, model: ModelConfig, dataset: Dataset): Promise<void> {
  const { meta } = dataset;
  const next = "Choose a dataset that was prepared with the model's own tokenizer.";
  const refuse = (reason: string) => new UserError('not-comparable', `${path} cannot be measured: ${reason}.`, next);
  const own = isFolder ? await loadTokenizer(path) : null;
  // Embeddings with rows that no token names are usual: 50,304 for the 50,277 ids of Pythia.
  const padded = own !== null && meta.tokenizer.vocabSize === own.vocabSize && own.vocabSize < model.vocabSize;
  if (meta.tokenizer.vocabSize !== model.vocabSize && !padded)
    throw refuse(
      `its vocabulary has ${model.vocabSize} ids and that of the dataset "${meta.name}" ${meta.tokenizer.vocabSize}`,
    );
  if (!own || !dataset.tokenizer) return;
  const text = (tokenizer: NonNullable<typeof own>) => JSON.stringify(tokenizer.huggingFaceFiles());
  if (own.kind !== dataset.tokenizer.kind || text(own) !== text(dataset.tokenizer))
    throw refuse(`its ids mean other tokens than those of the dataset "${meta.name}"`);
}

/** Means of models of one shape, in memory of one model, summed as merges are: oldest to newest in float32. */
export class ModelJudge {
  readonly #paths: readonly string[];
  readonly #dataset: Dataset;
  readonly #between: () => Promise<void>;
  readonly #sum: Float32Array;
  readonly #store: Store<'f32'>;
  readonly #evaluator: Evaluator;
  readonly #table: ReturnType<typeof parameterTable>;

  private constructor(
    backend: Backend,
    paths: readonly string[],
    dataset: Dataset,
    { model, blocks, between }: { model: ModelConfig; blocks: number; between: () => Promise<void> },
  ) {
    this.#paths = paths;
    this.#dataset = dataset;
    this.#between = between;
    this.#table = parameterTable(model);
    this.#sum = new Float32Array(this.#table.elements);
    this.#store = backend.store('f32', this.#table.elements);
    this.#evaluator = new Evaluator(backend, { model, source: dataset.val, blocks });
  }

  /** @param between called before every forward pass; what it throws ends the work */
  static async open(
    backend: Backend,
    paths: readonly string[],
    dataset: Dataset,
    { blocks, between }: { blocks: number; between: () => Promise<void> },
  ): Promise<ModelJudge> {
    const newest = await openJudged(paths[paths.length - 1], dataset);
    const { model } = newest;
    await newest.close();
    return new ModelJudge(backend, paths, dataset, { model, blocks, between });
  }

  /**
   * Loss of every block under the mean of some models.
   * @param members places among the paths, ascending
   * @param shares one for each member; null: uniform
   */
  async losses(members: readonly number[], shares: readonly number[] | null = null): Promise<Float64Array> {
    const sum = this.#sum;
    const { fround } = Math;
    for (const [i, member] of members.entries()) {
      const folder = await openJudged(this.#paths[member], this.#dataset);
      const share = shares ? fround(shares[i]) : 1;
      try {
        await folder.loadInto(this.#table, (offset, data) => {
          for (let j = 0; j < data.length; j++) {
            const x = fround(data[j] * share);
            sum[offset + j] = i === 0 ? x : sum[offset + j] + x;
          }
        });
      } finally {
        await folder.close();
      }
    }
    if (!shares) for (let j = 0; j < sum.length; j++) sum[j] /= members.length;
    this.#store.write(0, sum);
    return this.#evaluator.losses(this.#store, this.#between);
  }

  free(): void {
    this.#evaluator.free();
    this.#store.free();
  }
}
