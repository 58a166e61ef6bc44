/**
 * The uniform mean of chosen steps of one run, checkpoints and snapshots alike:
 *   θ̄ = (Σ_i θ_i) / k, summed from oldest to newest in float32, divided once
 * The same bits as LAWA over those steps, and as a merge of those checkpoints.
 */
import { meanReader, type OpenSnapshot } from '../averaging/snapshots.ts';
import { UserError } from '../errors.ts';
import type { RunFolder } from './run-folder.ts';
import type { WeightReader } from './vector.ts';

export interface RunWindow {
  /** Oldest first, each once. */
  readonly steps: readonly number[];
  readonly read: WeightReader;
  close(): Promise<void>;
}

/** @throws UserError 'nothing-to-average' for fewer than two steps, 'snapshot-missing' naming the step */
export async function openRunWindow(run: RunFolder, wanted: readonly number[]): Promise<RunWindow> {
  const steps = [...new Set(wanted)].sort((a, b) => a - b);
  if (steps.length < 2)
    throw new UserError(
      'nothing-to-average',
      'A mean needs the weights of at least two steps.',
      'Draw the window over more checkpoints.',
    );
  const files = run.snapshotFiles();
  const open: OpenSnapshot[] = [];
  const close = async (): Promise<void> => {
    for (const file of open.splice(0)) await file.close();
  };
  try {
    for (const step of steps) {
      const file = await files.open(step);
      if (!file)
        throw new UserError(
          'snapshot-missing',
          `The weights of step ${step} are not in the folder of "${run.config.name}" any more.`,
          'Draw the window anew over what is still there.',
        );
      open.push(file);
    }
    return { steps, read: meanReader(open.map(({ read }) => read)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Step → SHA-256 of the files that a window is made from; reads every byte of them. */
export async function windowSources(run: RunFolder, steps: readonly number[]): Promise<Record<string, string>> {
  const files = run.snapshotFiles();
  const hashes: Record<string, string> = {};
  for (const step of steps) hashes[step] = (await files.hash(step)) ?? '';
  return hashes;
}
