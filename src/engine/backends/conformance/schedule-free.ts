import { describe, expect, it } from 'vitest';
import { type OptimizerConfig, optimizerConfig } from '../../../shared/config.ts';
import { ringRows, updateProgram } from '../../model/gpt.ts';
import { disagreements, noise, type Outcome, perform, type Trial } from './bench.ts';
import type { Bench } from './conformance.ts';
import { elements, table } from './updates.ts';

/** Three updates from the same gradient at rates that rise and fall; weights start apart from one another. */
function trial(given: Partial<OptimizerConfig>, gradient?: (g: Float32Array) => void): Trial {
  const gradients = noise('gradients', 'f32', elements) as Float32Array;
  gradient?.(gradients);
  const ring = new Float32Array(ringRows * 4);
  for (const slot of [3, 4, 5]) ring[4 * slot] = 2;
  return {
    name: 'update',
    program: updateProgram(table, optimizerConfig.parse({ kind: 'schedule-free', ...given })),
    data: { gradients, ring, counters: Float32Array.of(4, 1e-3, 4e-6, 0) },
    runs: [1e-3, 3e-3, 2e-3].map((learningRate, i) => ({ learningRate, ringSlot: 3 + i })),
  };
}

export function scheduleFreeRefusal(bench: Bench): void {
  it('refuses schedule-free AdamW, by name', () => {
    expect(() => bench.tested.compile(trial({}).program)).toThrow(/no schedule-free AdamW/);
  });
}

const row = (outcome: Outcome, slot: number) => [...outcome.arrays.get('ring')!.subarray(4 * slot, 4 * slot + 4)];

export function scheduleFreeSuite(bench: Bench): void {
  describe('schedule-free AdamW', () => {
    it.each<Partial<OptimizerConfig>>([
      {},
      { clip: 0, weightDecay: 0, epsilon: 1e-3 },
      { beta1: 0.98, beta2: 0.999, clip: 0.125 },
      { beta1: 0 },
    ])('%o', async (given) => {
      const want = await perform(bench.reference, trial(given));
      const got = await perform(bench.tested, trial(given));
      expect(disagreements(got, want, bench.tolerance.loss)).toEqual([]);
      expect(row(got, 5).slice(2)).toEqual([1, 7]);
      const [t, rate, high, low] = got.arrays.get('counters')!;
      expect([t, rate]).toEqual([7, Math.fround(3e-3)]);
      expect((high + low) / (4e-6 + 1e-6 + 2 * 9e-6)).toBeCloseTo(1, 6);
    });

    it('changes nothing where the gradient is not finite', async () => {
      const got = await perform(
        bench.tested,
        trial({}, (g) => g.fill(Number.NaN, 70, 71)),
      );
      for (const name of ['parameters', 'z', 'v', 'point'])
        expect(got.arrays.get(name), name).toEqual(noise(name, 'f32', elements));
      expect([...got.arrays.get('counters')!]).toEqual([4, 1e-3, 4e-6, 0].map(Math.fround));
      expect(row(got, 3).slice(2)).toEqual([0, 4]);
    });

    it('leaves the point where vectors put it, bit by bit', async () => {
      const got = await perform(bench.tested, trial({}));
      const [x, z] = ['parameters', 'z'].map((name) => {
        const store = bench.tested.store('f32', elements);
        store.write(0, got.arrays.get(name) as Float32Array);
        return store;
      });
      bench.tested.vectors.lerp(z, x, 0.9);
      expect(await z.read(0, elements)).toEqual(got.arrays.get('point'));
      for (const store of [x, z]) store.free();
    });

    it('at a rate of zero weighs nothing and stays where it is', async () => {
      const first = { ...trial({}), runs: [{ learningRate: 0, ringSlot: 3 }] };
      const data = { ...first.data, counters: new Float32Array(4) };
      const got = await perform(bench.tested, { ...first, data });
      expect(got.arrays.get('parameters')).toEqual(noise('parameters', 'f32', elements));
      expect([...got.arrays.get('counters')!]).toEqual([1, 0, 0, 0]);
    });
  });
}
