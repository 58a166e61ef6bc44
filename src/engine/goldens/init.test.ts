/** First weights against an independent generator (bench/goldens/gpt.py). */
import { expect, test } from 'vitest';
import type { ModelConfig } from '../../shared/config.ts';
import { initialWeights } from '../model/init.ts';
import { parameterTable } from '../model/table.ts';
import { readJson } from './fixture.ts';
import { gaps, slices } from './vectors.ts';

test('first weights of every tensor', () => {
  const { model, seed, tensors } = readJson<{
    model: ModelConfig;
    seed: number;
    tensors: { name: string; first: number[]; last: number[]; sum: number; squares: number }[];
  }>('gpt-init');
  const table = parameterTable(model);
  const vector = new Float32Array(table.elements);
  for (const { offset, data } of initialWeights(model, seed)) vector.set(data, offset);
  const values = slices(table, vector);
  expect([...values.keys()]).toEqual(tensors.map(({ name }) => name));
  for (const { name, first, last, sum, squares } of tensors) {
    const slice = values.get(name)!;
    const close = (got: number, expected: number) =>
      expect(Math.abs(got - expected), `${name}: ${got} for ${expected}`).toBeLessThan(1e-7 * slice.length);
    expect([...slice.slice(0, 4)], name).toEqual(first.map((x) => expect.closeTo(x, 8)));
    expect([...slice.slice(-4)], name).toEqual(last.map((x) => expect.closeTo(x, 8)));
    close(
      slice.reduce((a, b) => a + b, 0),
      sum,
    );
    close(
      slice.reduce((a, b) => a + b * b, 0),
      squares,
    );
  }
  expect(gaps(table, vector).every((x) => x === 0)).toBe(true);
});
