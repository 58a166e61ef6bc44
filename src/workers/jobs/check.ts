/** A model that was just written, read again from disk: its hash, and its loss on the run's fixed blocks. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Backend } from '../../engine/backends/backend.ts';
import {
  copyVector,
  hashFile,
  openModelFolder,
  type RunFolder,
  type WeightReader,
  weightsFile,
} from '../../engine/checkpoint/index.ts';
import { openDataset } from '../../engine/data/index.ts';
import type { Dataset } from '../../engine/data/source.ts';
import { UserError } from '../../engine/errors.ts';
import { evaluateWeights, mean } from '../../engine/evaluate/index.ts';
import { parameterTable } from '../../engine/model/table.ts';
import type { WrittenCheck } from '../../shared/averages.ts';

/** Size and SHA-256 of the weights as they lie on disk. */
export async function rereadHash(target: string): Promise<{ bytes: number; sha256: string }> {
  const isFolder = (await stat(target)).isDirectory();
  const file = isFolder ? join(target, weightsFile) : target;
  return { bytes: (await stat(file)).size, sha256: (await hashFile(file)) ?? '' };
}

/** Loss of weights on a run's fixed validation blocks, or why there is none: the dataset is gone or does not fit. */
export type SourceLoss = { readonly loss: number; readonly blocks: number } | { readonly why: string };

export function measureSource(
  backend: Backend,
  { run, read, blocks }: { run: RunFolder; read: WeightReader; blocks: number },
): Promise<SourceLoss> {
  return onDataset(run, async (dataset) => {
    const store = backend.store('f32', run.table.elements);
    await copyVector(read, (offset, data) => store.write(offset, data), store.elements);
    const losses = await evaluateWeights(backend, run.config.model, store, dataset, blocks);
    store.free();
    return { loss: mean(losses), blocks: losses.length };
  });
}

/** The loss of a model as its own files describe it, architecture and weights read back, beside that of its source. */
export async function measureWritten(
  backend: Backend,
  { run, target, source }: { run: RunFolder; target: string; source: SourceLoss },
): Promise<Pick<WrittenCheck, 'loss' | 'why'>> {
  if ('why' in source) return { loss: null, why: source.why };
  const { blocks } = source;
  const after = await onDataset(run, async (dataset) => {
    return { loss: mean(await lossesOfModel(backend, target, dataset, blocks)), blocks };
  });
  if ('why' in after) return { loss: null, why: after.why };
  return { loss: { source: source.loss, written: after.loss, blocks }, why: null };
}

async function onDataset(run: RunFolder, work: (dataset: Dataset) => Promise<SourceLoss>): Promise<SourceLoss> {
  let dataset: Dataset;
  try {
    dataset = await openDataset(run.config.dataset);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { why: error.message };
  }
  try {
    return await work(dataset);
  } finally {
    dataset.close();
  }
}

async function lossesOfModel(backend: Backend, path: string, dataset: Dataset, blocks: number): Promise<Float64Array> {
  const folder = await openModelFolder(path);
  try {
    const table = parameterTable(folder.model);
    const store = backend.store('f32', table.elements);
    await folder.loadInto(table, (offset, data) => store.write(offset, data));
    const losses = await evaluateWeights(backend, folder.model, store, dataset, blocks);
    store.free();
    return losses;
  } finally {
    await folder.close();
  }
}
