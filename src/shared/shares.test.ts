import { describe, expect, test } from 'vitest';
import type { PolicyConfig } from './config.ts';
import { sharesAt } from './shares.ts';

const lawa: PolicyConfig = { kind: 'lawa', id: 'lawa', k: 3, spacing: 10, start: 20 };
const sum = (shares: readonly { share: number }[]) => shares.reduce((total, { share }) => total + share, 0);

/** The average as a recurrence over one-hot weights: what each observation is worth at the end. */
function unrolled(decays: readonly number[]): number[] {
  let worth: number[] = [];
  for (const [i, decay] of decays.entries()) worth = i === 0 ? [1] : [...worth.map((w) => w * decay), 1 - decay];
  return worth;
}

describe('what an average is made of', () => {
  test('a window goes on from the newest checkpoint and keeps its newest k', () => {
    expect(sharesAt({ config: lawa, window: [20, 30] }, 47)).toEqual(
      [20, 30, 40].map((step) => ({ step, share: 1 / 3 })),
    );
    expect(sharesAt({ config: lawa, window: [20, 30, 40] }, 50).map(({ step }) => step)).toEqual([30, 40, 50]);
    expect(sharesAt({ config: lawa, window: null }, 19)).toEqual([]);
    // A window that was not filled evenly, as after a step that was left out, stays as it is.
    expect(sharesAt({ config: lawa, window: [20, 40] }, 49).map(({ step }) => step)).toEqual([20, 40]);
  });

  test('weighted windows count newer snapshots more', () => {
    const wma: PolicyConfig = { ...lawa, kind: 'wma', weights: 'linear', a: 0.2 };
    expect(sharesAt({ config: wma, window: [20, 30, 40] }, 40).map(({ share }) => share)).toEqual([
      1 / 6,
      2 / 6,
      3 / 6,
    ]);
  });

  test('an EMA with warm-up is worth what its recurrence says', () => {
    const ema: PolicyConfig = { kind: 'ema', id: 'ema', decay: 0.9, every: 2, start: 4, warmup: true };
    const decays = Array.from({ length: 20 }, (_, n) => Math.min(0.9, (1 + n) / (10 + n)));
    const shares = sharesAt({ config: ema, window: null }, 43);
    expect(shares).toHaveLength(20);
    expect(shares.at(-1)?.step).toBe(42);
    for (const [i, worth] of unrolled(decays).entries()) expect(shares[i].share).toBeCloseTo(worth, 12);
  });

  test('a long average comes in stretches that still sum to one', () => {
    const swa: PolicyConfig = { kind: 'swa', id: 'swa', every: 1, start: 100 };
    const shares = sharesAt({ config: swa, window: null }, 1099, 10);
    expect(shares.map(({ step }) => step)).toEqual([199, 299, 399, 499, 599, 699, 799, 899, 999, 1099]);
    for (const { share } of shares) expect(share).toBeCloseTo(0.1, 12);
    const power: PolicyConfig = { kind: 'power', id: 'p', widths: [0.1, 0.2], every: 1, storeEvery: 100, start: 0 };
    const grown = sharesAt({ config: power, window: null }, 5000, 12);
    expect(sum(grown)).toBeCloseTo(1, 9);
    expect(grown.map(({ share }) => share)).toEqual(grown.map(({ share }) => share).sort((a, b) => a - b));
  });
});
