/** GELU (Hendrycks & Gimpel 2016), exact and as GPT-2's tanh form, with derivatives. */
import type { OpTable } from '../../../program/types.ts';

type Activation = OpTable['linear']['attrs']['activation'];

export function activate(activation: Activation, x: number): number {
  switch (activation) {
    case 'none':
      return x;
    case 'gelu-exact':
      return x * normalCdf(x);
    case 'gelu-tanh':
      return 0.5 * x * (1 + Math.tanh(inside(x)));
  }
}

/** Derivative of the activation at x. */
export function slope(activation: Activation, x: number): number {
  switch (activation) {
    case 'none':
      return 1;
    case 'gelu-exact':
      return normalCdf(x) + (x * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI);
    case 'gelu-tanh': {
      const t = Math.tanh(inside(x));
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
    }
  }
}

function inside(x: number): number {
  return Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
}

/** P(Z ≤ x) of a standard normal, to float64 precision in both tails. */
export function normalCdf(x: number): number {
  const upper = 0.5 * complementaryError(Math.abs(x) / Math.SQRT2);
  return x < 0 ? upper : 1 - upper;
}

/** erfc(z), z ≥ 0: Abramowitz & Stegun 7.1.6 near zero, the continued fraction 7.1.14 beyond. */
function complementaryError(z: number): number {
  const square = z * z;
  if (z < 2.5) {
    let term = z;
    let sum = z;
    for (let n = 1; term > sum * 1e-17; n++) {
      term *= (2 * square) / (2 * n + 1);
      sum += term;
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-square) * sum;
  }
  let fraction = z;
  for (let n = 60; n >= 1; n--) fraction = z + n / 2 / fraction;
  return Math.exp(-square) / Math.sqrt(Math.PI) / fraction;
}
