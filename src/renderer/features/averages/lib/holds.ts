/** What policies hold now, from the newest checkpoint and from how far the run has come since. */
import type { AveragesState, HeldPolicy } from '../../../../shared/averages.ts';
import type { RunConfig } from '../../../../shared/config.ts';
import { resolvePolicy } from '../../../../shared/policies.ts';
import type { Share } from '../../../../shared/shares.ts';

export type Place = 'checkpoint' | 'snapshot' | 'memory' | 'gone';

export interface Held extends Share {
  readonly place: Place;
  readonly bytes: number;
}

/** As the newest checkpoint has it, or as the configuration says where no checkpoint knows it yet; null: neither does. */
export function heldPolicy(
  state: AveragesState,
  config: Pick<RunConfig, 'policies' | 'steps' | 'schedule'>,
  id: string,
): HeldPolicy | null {
  const saved = state.policies.find((policy) => policy.config.id === id);
  if (saved) return saved;
  const configured = config.policies.find((policy) => policy.id === id);
  if (!configured) return null;
  return {
    config: resolvePolicy(configured, config),
    count: 0,
    newest: null,
    window: null,
    pairs: null,
    backfilled: false,
  };
}

/**
 * Where each snapshot of a window lies. What is on disk is said to be there even if memory has it too: that is what
 * survives. What a training run holds and no file has is in its memory.
 */
export function places(shares: readonly Share[], state: AveragesState, training: boolean): Held[] {
  const points = new Map(state.points.map((point) => [point.step, point]));
  return shares.map(({ step, share }) => {
    const point = points.get(step);
    const place = point ? point.kind : training ? 'memory' : 'gone';
    return { step, share, place, bytes: place === 'gone' ? 0 : state.weightBytes };
  });
}

/** Steps before `now` from which half of the average comes. */
export function medianAge(shares: readonly Share[], now: number): number | null {
  let sum = 0;
  for (const { step, share } of [...shares].reverse()) {
    sum += share;
    if (sum >= 0.5) return now - step;
  }
  return null;
}

/** Mean age in steps of what is averaged. */
export const meanAgeOf = (shares: readonly Share[], now: number): number =>
  shares.reduce((sum, { step, share }) => sum + share * (now - step), 0);
