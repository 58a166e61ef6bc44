/** A policy added late can take up checkpoints that were kept, where they are exactly the ones it would have seen. */
import type { PolicyConfig } from '../../shared/config.ts';
import { isWindow, policyInterval } from '../../shared/policies.ts';
import type { Backend } from '../backends/backend.ts';
import { copyVector } from '../checkpoint/vector.ts';
import { Accumulator } from './accumulator.ts';
import type { Policy, Resolved } from './policy.ts';
import type { SnapshotFiles } from './snapshots.ts';

/**
 * Steps to back-fill from: the unbroken stretch of due steps that ends at the newest due step up to `now`, all of
 * them kept; for a window of LAWA or WMA the last k. Empty when the newest is not kept: a window with a gap would be another policy.
 * @param kept steps whose weights are on disk
 */
export function backfillSteps(config: Resolved<PolicyConfig>, kept: readonly number[], now: number): number[] {
  const interval = policyInterval(config);
  const phase = isWindow(config) ? 0 : config.start % interval;
  const have = new Set(kept);
  const steps: number[] = [];
  const limit = isWindow(config) ? config.k : Number.POSITIVE_INFINITY;
  const newest = Math.floor((now - phase) / interval) * interval + phase;
  for (let s = newest; s >= config.start && have.has(s) && steps.length < limit; s -= interval) steps.unshift(s);
  return steps;
}

const noTensor = (name: string): never => {
  throw new Error(`a back-filled window has no tensor ${name}`);
};

/**
 * Lets a new policy observe kept checkpoints and marks it as back-filled.
 * @returns the steps taken up; none when the kept ones do not fit its interval
 */
export async function backfill(
  policy: Policy,
  context: { backend: Backend; elements: number; files: SnapshotFiles },
  kept: readonly number[],
  now: number,
): Promise<number[]> {
  const steps = backfillSteps(policy.config, kept, now);
  if (steps.length === 0) return steps;
  if (!(policy instanceof Accumulator)) {
    const state = { count: steps.length, newest: steps.at(-1), window: steps, backfilled: true };
    await policy.restore(state, noTensor);
    return steps;
  }
  const weights = context.backend.store('f32', context.elements);
  try {
    for (const step of steps) {
      const file = await context.files.open(step);
      if (!file) throw new Error(`the checkpoint of step ${step} vanished`);
      try {
        await copyVector(file.read, (offset, data) => weights.write(offset, data), context.elements);
      } finally {
        await file.close();
      }
      await policy.observe(step, weights);
    }
    policy.markBackfilled();
    await context.backend.drain();
  } finally {
    weights.free();
  }
  return steps;
}
