/** What may go: a pure plan over the checkpoints of a run; the run folder carries it out. */
import type { RunConfig } from '../../shared/config.ts';

export interface Held {
  readonly step: number;
  readonly bytes: number;
  readonly validationLoss: number | null;
  /** Steps that its policies' windows name. */
  readonly window: readonly number[];
}

export interface RetentionPlan {
  /** Checkpoints that stay whole, ascending. */
  readonly keep: readonly number[];
  /** Checkpoints of which a window needs the weights only: they become snapshots. */
  readonly demote: readonly number[];
  readonly remove: readonly number[];
  /** Steps whose weights some kept checkpoint or living policy needs, from wherever. */
  readonly needed: ReadonlySet<number>;
  /** Bytes that checkpoints and snapshots take after it. */
  readonly bytes: number;
}

/**
 * Keeps the newest `keepLast`, every multiple of `keepEvery`, the best by raw validation loss, and the weights that
 * the windows of kept checkpoints and of living policies name. Over the disk budget, whole checkpoints go until it
 * holds: first those of `keepEvery`, then older ones of `keepLast`, then the best; oldest first, the newest never.
 * @param held complete checkpoints
 * @param living steps that policies hold now
 * @param snapshotBytes size of one file in snapshots/
 */
export function planRetention(
  held: readonly Held[],
  { keepLast, keepEvery, keepBest, diskBudget }: RunConfig['checkpoints'],
  living: readonly number[],
  snapshotBytes: number,
): RetentionPlan {
  const ascending = [...held].sort((a, b) => a.step - b.step);
  const measured = ascending.filter((c) => c.validationLoss !== null);
  const best = keepBest
    ? measured.reduce<Held | null>((low, c) => (low && low.validationLoss! <= c.validationLoss! ? low : c), null)
    : null;
  const last = ascending.slice(-keepLast);
  const every = keepEvery > 0 ? ascending.filter((c) => c.step % keepEvery === 0) : [];
  const keep = new Set([...last, ...every, ...(best ? [best] : [])]);

  const newest = ascending.at(-1);
  const givenUp = [...every.filter((c) => !last.includes(c) && c !== best), ...last.filter((c) => c !== best)];
  if (best) givenUp.push(best);
  const victims = givenUp.filter((c) => c !== newest);
  let plan = settle(ascending, keep, living, snapshotBytes);
  while (diskBudget !== null && plan.bytes > diskBudget && victims.length > 0) {
    keep.delete(victims.shift()!);
    plan = settle(ascending, keep, living, snapshotBytes);
  }
  return plan;
}

function settle(
  ascending: readonly Held[],
  keep: ReadonlySet<Held>,
  living: readonly number[],
  snapshotBytes: number,
): RetentionPlan {
  const needed = new Set(living);
  for (const checkpoint of keep) for (const step of checkpoint.window) needed.add(step);
  const kept = ascending.filter((c) => keep.has(c));
  const gone = ascending.filter((c) => !keep.has(c));
  const keptSteps = new Set(kept.map((c) => c.step));
  const apart = [...needed].filter((step) => !keptSteps.has(step)).length;
  return {
    keep: kept.map((c) => c.step),
    demote: gone.filter((c) => needed.has(c.step)).map((c) => c.step),
    remove: gone.filter((c) => !needed.has(c.step)).map((c) => c.step),
    needed,
    bytes: kept.reduce((sum, c) => sum + c.bytes, 0) + apart * snapshotBytes,
  };
}
