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

/**
 * Loss of the weights that a model was written from, and of the model as its own files describe it: architecture and
 * weights are both read back. Where the dataset is gone or does not fit, why there is no loss.
 */
export async function measureWritten(
  backend: Backend,
  { run, read, target, blocks }: { run: RunFolder; read: WeightReader; target: string; blocks: number },
): Promise<Pick<WrittenCheck, 'loss' | 'why'>> {
  let dataset: Dataset;
  try {
    dataset = await openDataset(run.config.dataset);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { loss: null, why: error.message };
  }
  try {
    const { model } = run.config;
    const source = backend.store('f32', run.table.elements);
    await copyVector(read, (offset, data) => source.write(offset, data), source.elements);
    const before = await evaluateWeights(backend, model, source, dataset, blocks);
    source.free();
    const after = await lossesOfModel(backend, target, dataset, blocks);
    return { loss: { source: mean(before), written: mean(after), blocks: before.length }, why: null };
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
