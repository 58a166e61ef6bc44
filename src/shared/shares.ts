/** Of which steps an average is made, and how much each counts: what the window draws of a policy. */
import type { HeldPolicy } from './averages.ts';
import type { PolicyConfig } from './config.ts';
import { emaDecayInForce, isWindow, policyInterval, windowShares } from './policies.ts';
import { powerExponent, powerShare } from './power.ts';

export interface Share {
  readonly step: number;
  readonly share: number;
}

/**
 * What a policy's average is made of at `now`: steps with shares that sum to 1, oldest first. Window policies: the
 * snapshots of the newest checkpoint's window and those that came since, the newest k of them. EMA, SWA and power EMA
 * have weight on every observation; these come grouped into at most `groups` stretches, each at its last step.
 */
export function sharesAt(held: Pick<HeldPolicy, 'config' | 'window'>, now: number, groups = 48): Share[] {
  const { config } = held;
  const start = config.start ?? 0;
  const interval = policyInterval(config);
  if (isWindow(config)) {
    const known = held.window ?? [];
    const steps = [...known];
    const from = Math.max(start, (known.at(-1) ?? -1) + 1);
    for (let s = Math.ceil(from / interval) * interval; s <= now; s += interval) steps.push(s);
    const window = steps.slice(-config.k);
    const shares = windowShares(config, window.length);
    return window.map((s, i) => ({ step: s, share: shares ? (shares[i] as number) : 1 / window.length }));
  }
  if (now < start) return [];
  const count = Math.floor((now - start) / interval) + 1;
  const cumulated = shareUpTo(config, count);
  const parts = Math.min(groups, count);
  const shares: Share[] = [];
  for (let g = 0, before = 0; g < parts; g++) {
    const last = Math.floor(((g + 1) * count) / parts);
    const upTo = cumulated(last);
    shares.push({ step: start + (last - 1) * interval, share: upTo - before });
    before = upTo;
  }
  return shares;
}

/** Share of the first m of `count` observations, m from 1. */
function shareUpTo(config: PolicyConfig, count: number): (m: number) => number {
  if (config.kind === 'swa') return (m) => m / count;
  if (config.kind === 'tail') {
    // The newest weights have what the average is not blended in with, and their share of the average.
    const average = shareUpTo({ ...config, kind: 'ema', warmup: false }, count);
    return (m) => (m === count ? 1 : config.blend * average(m));
  }
  // From the newest back: what the observations after the m-th leave of those before it. The first one takes the rest.
  const left = new Float64Array(count + 1);
  left[count] = 1;
  for (let m = count; m > 0; m--) left[m - 1] = (left[m] as number) * decayAt(config, m);
  return (m) => left[m] as number;
}

/** What the m-th observation, from 1, leaves of the average before it; the first one replaces everything. */
function decayAt(config: PolicyConfig, m: number): number {
  if (m === 1) return 0;
  if (config.kind === 'ema') return emaDecayInForce(config, m - 1);
  if (config.kind === 'power') return 1 - powerShare(powerExponent(config.widths[0]), m);
  return 0;
}
