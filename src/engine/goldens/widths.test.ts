/** Reconstructing a width against numpy's least squares over single observations (bench/goldens/widths.py). */
import { expect, test } from 'vitest';
import { powerExponent } from '../../shared/power.ts';
import { solveProfile } from '../averaging/index.ts';
import { readJson } from './fixture.ts';

const { widths, cases } = readJson<{
  widths: number[];
  cases: { times: number[]; width: number; coefficients: number[]; error: number }[];
}>('widths');

test.each(cases.map((c) => [c.times.length, c.width, c] as const))('%i pairs, width %f', (_, width, golden) => {
  const gammas = widths.map(powerExponent);
  const stored = golden.times.flatMap((time) => gammas.map((gamma) => ({ time, gamma })));
  const { coefficients, error } = solveProfile(stored, { time: golden.times.at(-1)!, gamma: powerExponent(width) });
  // No combination is closer than numpy's; steps of 1/4096 are all that separates the two.
  expect(Math.abs(error / golden.error - 1)).toBeLessThan(0.02);
  for (const [i, x] of coefficients.entries()) expect(Math.abs(x - golden.coefficients[i])).toBeLessThan(0.02);
  expect(coefficients.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
});
