/** Weights that a job is pointed at: a checkpoint's raw ones, or the average that a policy held at it. */
import { basename, dirname, resolve } from 'node:path';
import type { Backend, Floats } from '../../engine/backends/backend.ts';
import { copyVector, RunFolder } from '../../engine/checkpoint/index.ts';
import type { WeightsRef } from '../../shared/jobs.ts';

/** The run that a reference names: by its folder, or by its name beside `folder`. */
export async function openRunOf(folder: string, ref: WeightsRef): Promise<RunFolder> {
  const here = resolve(folder);
  if (ref.run === '' || ref.run === basename(here)) return RunFolder.open(here);
  return RunFolder.open(resolve(dirname(here), ref.run));
}

/** Loads the weights onto a device. Returns the step and the folder of their checkpoint; the caller frees the store. */
export async function loadWeights(
  backend: Backend,
  run: RunFolder,
  ref: WeightsRef,
): Promise<{ store: Floats; step: number; path: string }> {
  const checkpoint = await run.openCheckpoint(ref.step);
  try {
    const read = await checkpoint.weights(ref.of);
    const store = backend.store('f32', run.table.elements);
    await copyVector(read, (offset, data) => store.write(offset, data), store.elements);
    return { store, step: checkpoint.step, path: checkpoint.path };
  } finally {
    await checkpoint.close();
  }
}
