import { describe, expect, it } from 'vitest';
import { type OptimizerConfig, optimizerConfig } from '../../../shared/config.ts';
import { ringRows, updateProgram } from '../../model/gpt.ts';
import type { ParameterTable } from '../../program/types.ts';
import type { Backend } from '../backend.ts';
import { disagreements, noise, type Outcome, perform, type Trial } from './bench.ts';
import type { Bench } from './conformance.ts';

export const elements = 64 * 1031;
/** Two decayed ranges that start and end off any vector width. */
export const table: ParameterTable = {
  elements,
  count: elements,
  entries: [
    { name: 'a', shape: [3, 64], offset: 0, decay: true },
    { name: 'b', shape: [64], offset: 192, decay: false },
    { name: 'c', shape: [64 * 1000 + 13, 1], offset: 256, decay: true },
    { name: 'd', shape: [64 * 26], offset: 64 * 1005, decay: false },
  ],
};

function trial(given: Partial<OptimizerConfig>, gradient?: (g: Float32Array) => void, loss = 2): Trial {
  const gradients = noise('gradients', 'f32', elements) as Float32Array;
  gradient?.(gradients);
  const ring = new Float32Array(ringRows * 4);
  ring[4 * 3] = loss;
  ring[4 * 4] = loss;
  return {
    name: 'update',
    program: updateProgram(table, optimizerConfig.parse(given)),
    data: { gradients, ring, counters: Float32Array.of(4, 0, 0, 0), m: new Float32Array(elements).fill(0.1) },
    runs: [
      { learningRate: 3e-3, ringSlot: 3 },
      { learningRate: 2e-3, ringSlot: 4 },
    ],
  };
}

const row = (outcome: Outcome, slot: number) => [...outcome.arrays.get('ring')!.subarray(4 * slot, 4 * slot + 4)];

const same = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  a.length === b.length && Array.prototype.every.call(a, (x: number, i: number) => x === b[i]);

export function updateSuite(bench: Bench): void {
  const run = (backend: Backend, t: Trial) => perform(backend, t);

  describe('the update', () => {
    it.each<Partial<OptimizerConfig>>([
      {},
      { clip: 0 },
      { clip: 1e6 },
      { weightDecay: 0, epsilon: 1e-3 },
      { beta1: 0, beta2: 0.999, clip: 0.125, epsilon: 1.25e-9 },
    ])('AdamW %o', async (given) => {
      const want = await run(bench.reference, trial(given));
      const got = await run(bench.tested, trial(given));
      expect(disagreements(got, want, bench.tolerance.loss)).toEqual([]);
      expect(row(got, 3).slice(2)).toEqual([1, 5]);
      expect(row(got, 4).slice(2)).toEqual([1, 6]);
    });

    it.each<[string, (g: Float32Array) => void, number]>([
      ['a NaN in the gradient', (g) => g.fill(Number.NaN, 70, 71), 2],
      ['an infinity in the gradient', (g) => g.fill(Number.NEGATIVE_INFINITY, elements - 1), 2],
      ['a norm that overflows float32', (g) => g.fill(3e38), 2],
      ['a loss that is NaN', () => {}, Number.NaN],
      ['a loss that is infinite', () => {}, Number.POSITIVE_INFINITY],
    ])('is skipped for %s: weights, moments and t stay as they are', async (_, spoil, loss) => {
      const t = trial({}, spoil, loss);
      const got = await run(bench.tested, t);
      const initial = noise('parameters', 'f32', elements) as Float32Array;
      expect(same(got.arrays.get('parameters')!, initial)).toBe(true);
      expect(got.arrays.get('m')!.every((x) => x === Math.fround(0.1))).toBe(true);
      expect(same(got.arrays.get('v')!, noise('v', 'f32', elements))).toBe(true);
      expect(got.arrays.get('counters')![0]).toBe(4);
      expect(row(got, 3).slice(2)).toEqual([0, 4]);
    });

    it('writes the norm before clipping, also for a gradient whose squares are far from one', async () => {
      for (const size of [1e-15, 1, 1e15]) {
        const got = await run(
          bench.tested,
          trial({}, (g) => g.fill(size)),
        );
        expect(row(got, 3)[1] / (size * Math.sqrt(elements))).toBeCloseTo(1, 5);
        expect(row(got, 3)[2]).toBe(1);
      }
    });

    it('does nothing at learning rate zero but count', async () => {
      const t = { ...trial({}), runs: [{ learningRate: 0, ringSlot: 3 }] };
      const got = await run(bench.tested, t);
      expect(same(got.arrays.get('parameters')!, noise('parameters', 'f32', elements))).toBe(true);
      expect(got.arrays.get('counters')![0]).toBe(5);
    });
  });
}
