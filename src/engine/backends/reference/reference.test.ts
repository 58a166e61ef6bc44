import { describe, expect, it } from 'vitest';
import { derive } from '../../program/derive.ts';
import { noise, perform, storesOf, tensorsOf } from '../conformance/bench.ts';
import { runDoubles } from '../conformance/doubles.ts';
import { generateForward } from '../conformance/generate.ts';
import { openReference } from './index.ts';
import { activate, normalCdf, slope } from './kernels/gelu.ts';

describe('the arena', () => {
  it('changes nothing: the same losses as with memory of its own for every tensor', async () => {
    const backend = await openReference();
    for (let seed = 200; seed < 230; seed++) {
      const { program, bounds } = generateForward(seed);
      const training = derive(program);
      const stores = new Map(
        [...storesOf(training)].map(([name, { dtype, elements }]) => {
          const values = noise(name, dtype, elements, bounds[name]);
          return [name, values instanceof Int32Array ? values : new Float64Array(values)];
        }),
      );
      const { arrays } = await perform(backend, { name: 'x', program: training, bounds, runs: [{ seed }] });
      const apart = runDoubles(training, stores, { seed });
      expect(arrays.get('losses of run 0')).toEqual(new Float32Array(apart.get('losses')!));
      for (const [name, array] of arrays) {
        const tensor = tensorsOf(training).find((t) => t.name === name);
        if (tensor?.role !== 'gradient') continue;
        const whole = stores.get('gradients')!.subarray(tensor.offset, tensor.offset + array.length);
        // Rounded to float32 at each write, where a second writer adds.
        for (let i = 0; i < array.length; i++) expect(array[i]).toBeCloseTo(whole[i], 5);
      }
    }
    await backend.close();
  });
});

describe('GELU', () => {
  // Φ from tables of the normal distribution (15 digits).
  it.each([
    [0, 0.5],
    [1, 0.841344746068543],
    [-1, 0.158655253931457],
    [2, 0.977249868051821],
    [-3, 0.00134989803163009],
    [-4, 3.16712418331199e-5],
    [-10, 7.61985302416053e-24],
    [8, 1],
  ])('Φ(%f)', (x, want) => {
    expect(Math.abs(normalCdf(x) / want - 1)).toBeLessThan(1e-13);
  });

  it('is continuous where the two expansions of erfc meet', () => {
    const seam = 2.5 * Math.SQRT2;
    for (const side of [-1, 1])
      expect(Math.abs(normalCdf(side * (seam - 1e-12)) / normalCdf(side * (seam + 1e-12)) - 1)).toBeLessThan(1e-10);
  });

  it('both forms agree to 5e-4 and have the slopes of their curves', () => {
    for (let x = -6; x <= 6; x += 0.37) {
      expect(Math.abs(activate('gelu-exact', x) - activate('gelu-tanh', x))).toBeLessThan(5e-4);
      for (const form of ['none', 'gelu-exact', 'gelu-tanh'] as const) {
        const measured = (activate(form, x + 1e-5) - activate(form, x - 1e-5)) / 2e-5;
        expect(slope(form, x)).toBeCloseTo(measured, 8);
      }
    }
  });
});
