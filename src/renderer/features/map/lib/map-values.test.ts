import { expect, it } from 'vitest';
import type { EvaluationLine } from '../../../../shared/metrics.ts';
import { mapSeconds, readNumbers, shade } from './map-values.ts';

it('reads whole numbers, each once and in order, and nothing else', () => {
  expect(readNumbers(' 8, 2;5 5', 2)).toEqual([2, 5, 8]);
  for (const text of ['', ',', '1', '2,x', '2.5', '-3', '1e3', '9999999999']) expect(readNumbers(text, 2)).toBeNull();
});

it('the lowest is darkest, and where all are the same none stands out', () => {
  expect([-0.3, -0.2, -0.1].map((value) => shade(value, [-0.1, -0.3]))).toEqual([1, expect.closeTo(0.5), 0]);
  expect(shade(1, [1, 1])).toBe(0.5);
});

it('costs what evaluations of this run have cost', () => {
  const line = { took: 6, averages: { a: {}, b: {} } } as unknown as EvaluationLine;
  expect(mapSeconds([line], 10)).toBe(20);
  expect(mapSeconds([], 10)).toBeNull();
});
