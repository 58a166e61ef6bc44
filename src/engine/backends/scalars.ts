import type { Scalars } from '../program/types.ts';

/** Scalars as a run uses them where the caller left some out. */
export function completeScalars(scalars: Partial<Scalars>): Scalars {
  return {
    accumulate: 0,
    lossScale: 1,
    seed: 0,
    step: 0,
    microBatch: 0,
    position: 0,
    learningRate: 0,
    ringSlot: 0,
    ...scalars,
  };
}
