import { describe, expect, it } from 'vitest';
import { scheduleConfig, scheduleKinds } from './config.ts';
import { learningRate } from './schedule.ts';

const schedule = (given: object) => scheduleConfig.parse({ kind: 'constant', peak: 1, ...given });
const rate = (given: object, steps: number, s: number) => learningRate(schedule(given), steps, s);

describe('warm-up', () => {
  it('shifted: peak · (s+1)/(W+1), nanoGPT', () => {
    expect([0, 1, 2, 3].map((s) => rate({ warmupSteps: 3 }, 10, s))).toEqual([0.25, 0.5, 0.75, 1]);
  });
  it('plain: peak · s/W', () => {
    const given = { warmupSteps: 4, warmupForm: 'plain' };
    expect([0, 1, 2, 3, 4].map((s) => rate(given, 10, s))).toEqual([0, 0.25, 0.5, 0.75, 1]);
  });
});

describe('after warm-up, r = (s − W)/(T − W)', () => {
  it('cosine falls from the peak to the floor', () => {
    const given = { kind: 'cosine', peak: 3, min: 1, warmupSteps: 10 };
    expect(rate(given, 110, 10)).toBe(3);
    expect(rate(given, 110, 60)).toBeCloseTo(2, 12);
    expect(rate(given, 110, 35)).toBeCloseTo(1 + (1 + Math.SQRT1_2), 12);
    expect(rate(given, 110, 110)).toBe(1);
  });
  it('linear', () => {
    const given = { kind: 'linear', peak: 4, min: 2, warmupSteps: 10 };
    expect([10, 60, 110].map((s) => rate(given, 110, s))).toEqual([4, 3, 2]);
  });
  it('warm-up-stable-decay: both cooldowns', () => {
    const given = { kind: 'wsd', peak: 2, warmupSteps: 5, cooldownSteps: 100 };
    expect(rate(given, 400, 299)).toBe(2);
    expect(rate(given, 400, 300)).toBe(2);
    expect(rate(given, 400, 325)).toBe(1);
    expect(rate(given, 400, 400)).toBe(0);
    expect(rate({ ...given, cooldownForm: 'linear' }, 400, 325)).toBe(1.5);
    expect(rate({ ...given, cooldownSteps: 0 }, 400, 400)).toBe(2);
  });
  it('inverse square root, with and without warm-up', () => {
    const given = { kind: 'inverse-sqrt', peak: 1, warmupSteps: 100 };
    expect([100, 400, 2500].map((s) => rate(given, 10_000, s))).toEqual([1, 0.5, 0.2]);
    expect([0, 1, 4].map((s) => rate({ ...given, warmupSteps: 0 }, 10, s))).toEqual([1, 1, 0.5]);
  });
});

it('is finite, never above the peak and never below zero, whatever the lengths', () => {
  for (const kind of scheduleKinds)
    for (const steps of [1, 2, 7])
      for (const warmupSteps of [0, 1, steps])
        for (const cooldownSteps of [0, steps - warmupSteps])
          for (let s = 0; s <= steps + 2; s++) {
            const value = rate({ kind, peak: 0.5, min: 0.1, warmupSteps, cooldownSteps }, steps, s);
            expect(value, `${kind} T ${steps} W ${warmupSteps} C ${cooldownSteps} s ${s}`).toBeGreaterThanOrEqual(0);
            expect(value).toBeLessThanOrEqual(0.5);
          }
});
