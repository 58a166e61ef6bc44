import { describe, expect, test } from 'vitest';
import {
  type EmaConfig,
  type LawaConfig,
  type PolicyConfig,
  type SwaConfig,
  scheduleConfig,
  type WmaConfig,
} from './config.ts';
import {
  defaultPolicies,
  defaultPolicy,
  emaDecayForHalfLife,
  emaDecayForMeanAge,
  emaDecayInForce,
  halfLife,
  meanAge,
  observationsBy,
  policyWarnings,
  resolvePolicy,
  windowShare,
  windowShares,
} from './policies.ts';

const lawa = (k: number, spacing: number, start: number | null = null): LawaConfig => ({
  kind: 'lawa',
  id: 'lawa',
  k,
  spacing,
  start,
});
const ema = (decay: number, every = 1, start: number | null = null, warmup = true): EmaConfig => ({
  kind: 'ema',
  id: 'ema',
  decay,
  every,
  start,
  warmup,
});
const swa = (every: number, start: number | null = null): SwaConfig => ({ kind: 'swa', id: 'swa', every, start });
const wma = (weights: WmaConfig['weights'], k: number, spacing: number, a = 0.2): WmaConfig => ({
  kind: 'wma',
  id: 'wma',
  k,
  spacing,
  start: null,
  weights,
  a,
});
const schedule = (
  kind: 'constant' | 'cosine' | 'linear' | 'wsd' | 'inverse-sqrt',
  warmupSteps = 0,
  cooldownSteps = 0,
) => scheduleConfig.parse({ kind, peak: 1e-3, warmupSteps, cooldownSteps });

describe('start', () => {
  test.each([
    [lawa(5, 20), 0, 20],
    [lawa(5, 20), 99, 100],
    [wma('linear', 5, 20), 99, 100],
    [lawa(5, 20), 100, 120],
    [lawa(5, 20), 101, 120],
    [ema(0.9), 100, 101],
    [ema(0.9, 7), 100, 105],
    [swa(20), 100, 760],
    [swa(7), 0, 756],
    [lawa(5, 20, 3), 100, 3],
  ])('%o after a warm-up of %i is %i', (policy, warmup, start) => {
    expect(resolvePolicy<PolicyConfig>(policy, { steps: 1001, schedule: schedule('constant', warmup) }).start).toBe(
      start,
    );
  });
});

test('defaults: 5% on a constant rate, 1% annealed; EMA of the same mean age; SWA at 75%', () => {
  for (const steps of [1000, 1500, 70_000]) {
    for (const [kind, share] of [
      ['constant', 0.05],
      ['cosine', 0.01],
      ['linear', 0.01],
    ] as const) {
      const policies = defaultPolicies(steps, schedule(kind)) as [LawaConfig, EmaConfig, SwaConfig];
      const run = { steps, schedule: schedule(kind) };
      expect(windowShare(resolvePolicy(policies[0], run), steps)).toBeGreaterThan(0.75 * share);
      expect(windowShare(resolvePolicy(policies[0], run), steps)).toBeLessThan(1.25 * share);
      expect(meanAge(policies[1])).toBeCloseTo(meanAge(policies[0]), 6);
      expect(resolvePolicy(policies[2], run).start / steps).toBeCloseTo(0.75, 1);
      expect(policyWarnings({ ...run, policies })).toEqual([]);
    }
  }
  expect(defaultPolicies(1500, schedule('constant'))[0]).toMatchObject({ k: 5, spacing: 20 });
  expect(defaultPolicies(3, schedule('constant'))[0]).toMatchObject({ spacing: 1 });
});

test('half-life, decay and age are each other’s inverse', () => {
  expect(halfLife(0.9, 1)).toBeCloseTo(6.58, 2);
  expect(halfLife(0, 1)).toBe(0);
  for (const h of [0.5, 6.6, 1000]) expect(halfLife(emaDecayForHalfLife(h, 4), 4)).toBeCloseTo(h, 8);
  // papers: k = 5, ν = 200 → .9975; k = 20, ν = 64 → .9984
  expect(emaDecayForMeanAge(meanAge(lawa(5, 200)), 1)).toBeCloseTo(0.9975, 4);
  expect(emaDecayForMeanAge(meanAge(lawa(20, 64)), 1)).toBeCloseTo(0.9984, 4);
  expect(emaDecayInForce({ decay: 0.99, warmup: true }, 1)).toBe(2 / 11);
  expect(emaDecayInForce({ decay: 0.99, warmup: true }, 10_000)).toBe(0.99);
  expect(emaDecayInForce({ decay: 0.99, warmup: false }, 1)).toBe(0.99);
});

test('shares of a window sum to 1 and follow their rules', () => {
  expect(windowShares(lawa(5, 20), 5)).toBeNull();
  expect(windowShares(wma('uniform', 5, 20), 5)).toBeNull();
  expect(windowShares(wma('linear', 5, 20), 4)).toEqual([0.1, 0.2, 0.3, 0.4]);
  // m1 = x1; m2 = 0.2·x2 + 0.8·m1; m3 = 0.2·x3 + 0.8·m2
  const exponential = windowShares(wma('exponential', 3, 20), 3)!;
  [0.64, 0.16, 0.2].forEach((share, i) => {
    expect(exponential[i]).toBeCloseTo(share, 15);
  });
  expect(windowShares(wma('exponential', 3, 20), 1)).toEqual([1]);
  expect(windowShares(wma('exponential', 3, 20, 1), 3)).toEqual([0, 0, 1]);
  for (const weights of ['linear', 'exponential'] as const)
    for (const n of [1, 2, 10, 100])
      expect(windowShares(wma(weights, n, 1), n)!.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
});

test('WMA’s default has LAWA’s mean age, and its window is what it spans', () => {
  const [age, policy] = [meanAge(lawa(5, 20)), defaultPolicy('wma', 1500, schedule('constant')) as WmaConfig];
  expect(policy).toMatchObject({ weights: 'linear', k: 7, spacing: 20 });
  expect(meanAge(policy)).toBeCloseTo(age, 10);
  expect(meanAge(wma('uniform', 5, 20))).toBe(age);
  // Shares .64, .16, .2 of ages 40, 20, 0.
  expect(meanAge(wma('exponential', 3, 20))).toBeCloseTo(28.8, 10);
  expect(windowShare({ ...policy, start: 20 }, 1500)).toBeCloseTo(0.08, 10);
});

test('observations by a step, counted one by one', () => {
  for (const policy of [wma('linear', 5, 7), lawa(5, 7), lawa(3, 4, 9), ema(0.9, 3, 5), swa(4, 6)]) {
    const resolved = resolvePolicy<PolicyConfig>(policy, { steps: 60, schedule: schedule('constant') });
    let seen = 0;
    for (let s = 0; s <= 60; s++) {
      const due =
        s >= resolved.start && ('k' in resolved ? s % resolved.spacing : (s - resolved.start) % resolved.every) === 0;
      if (due) seen++;
      expect(observationsBy(resolved, s)).toBe(seen);
    }
  }
});

test.each<[string, PolicyConfig, number, RegExp]>([
  ['a window over 20%', lawa(5, 60), 0, /24% of the whole run/],
  ['a weighted window over 20%', wma('linear', 5, 60), 0, /24% of the whole run/],
  ['a weighted window that never fills', wma('linear', 50, 40), 0, /ends with 25 of 50/],
  [
    'a power EMA over 20%',
    { kind: 'power', id: 'power', widths: [0.15, 0.1], every: 1, storeEvery: 50, start: null },
    0,
    /36% of the whole run/,
  ],
  [
    'few stored pairs',
    { kind: 'power', id: 'power', widths: [0.05, 0.1], every: 1, storeEvery: 300, start: null },
    0,
    /stores 3 pairs/,
  ],
  ['an EMA window over 20%', ema(0.995, 1, null, false), 0, /40% of the whole run/],
  ['a start inside warm-up', lawa(5, 10, 10), 100, /inside the warm-up of 100/],
  ['SWA before 50%', swa(10, 300), 0, /30% of the run and never forgets/],
  ['a window that never fills', lawa(50, 40), 0, /ends with 25 of 50/],
  ['never observed', lawa(2, 2000), 0, /never observes/],
  ['β beyond the warm-up', ema(0.95, 10), 0, /before β = 0.95 is reached: warm-up caps it at 0\.9174/],
])('warns of %s', (_, policy, warmup, text) => {
  const warnings = policyWarnings({ steps: 1000, schedule: schedule('constant', warmup), policies: [policy] });
  expect(warnings.map((w) => w.id)).toContain(policy.id);
  expect(warnings.map((w) => w.text).join('\n')).toMatch(text);
});
