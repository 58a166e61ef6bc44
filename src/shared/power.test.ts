import { expect, test } from 'vitest';
import { powerExponent, powerMeanAge, powerShare, powerWidth } from './power.ts';

test.each([
  [0.05, 16.97],
  [0.1, 6.94],
  [0.15, 3.56],
  [0.2, 1.83],
  [0.25, 0.72],
])('width %f has exponent %f', (width, gamma) => {
  expect(powerExponent(width)).toBeCloseTo(gamma, 2);
  expect(powerWidth(powerExponent(width))).toBeCloseTo(width, 14);
});

test('the shares of n observations are the profile’s stretches of time, with its width and mean age', () => {
  const n = 4000;
  const width = 0.15;
  const gamma = powerExponent(width);
  const weights = new Float64Array(n);
  for (let i = 1; i <= n; i++) {
    const share = powerShare(gamma, i);
    for (let j = 0; j < i - 1; j++) weights[j] *= 1 - share;
    weights[i - 1] = share;
  }
  const at = (i: number) => (i + 0.5) / n;
  const mean = weights.reduce((sum, w, i) => sum + w * at(i), 0);
  const variance = weights.reduce((sum, w, i) => sum + w * (at(i) - mean) ** 2, 0);
  expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  expect(Math.sqrt(variance)).toBeCloseTo(width, 5);
  expect(1 - mean).toBeCloseTo(powerMeanAge(width), 4);
  expect(weights[n / 2]).toBeCloseTo(((n / 2 + 1) / n) ** (gamma + 1) - (n / 2 / n) ** (gamma + 1), 12);
});
