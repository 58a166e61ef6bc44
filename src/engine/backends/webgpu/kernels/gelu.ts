/**
 * GELU (Hendrycks & Gimpel 2016) and its derivative. erfc after Abramowitz & Stegun 7.1.26 (off by 1.5e-7 at most).
 * WGSL promises little of tanh, so it is made of exp.
 */
import type { OpTable } from '../../../program/types.ts';

type Activation = OpTable['linear']['attrs']['activation'];

const normalCdf = `
fn normalCdf(x: f32) -> f32 {
  let z = abs(x) * 0.70710678118654752;
  let t = 1.0 / (1.0 + 0.3275911 * z);
  let series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  let upper = 0.5 * series * exp(-z * z);
  return select(1.0 - upper, upper, x < 0.0);
}`;
const gate = `
fn gate(x: f32) -> f32 {
  let u = clamp(0.79788456080286536 * (x + 0.044715 * x * x * x), -15.0, 15.0);
  return 1.0 - 2.0 / (exp(2.0 * u) + 1.0);
}`;

/** `activate(x)` */
export function activateFunction(activation: Activation): string {
  switch (activation) {
    case 'none':
      return 'fn activate(x: f32) -> f32 { return x; }';
    case 'gelu-exact':
      return `${normalCdf}\nfn activate(x: f32) -> f32 { return x * normalCdf(x); }`;
    case 'gelu-tanh':
      return `${gate}\nfn activate(x: f32) -> f32 { return 0.5 * x * (1.0 + gate(x)); }`;
  }
}

/** `slope(x)`: the activation's derivative. */
export function slopeFunction(activation: Activation): string {
  switch (activation) {
    case 'none':
      return 'fn slope(x: f32) -> f32 { return 1.0; }';
    case 'gelu-exact':
      return `${normalCdf}
fn slope(x: f32) -> f32 { return normalCdf(x) + x * exp(-0.5 * x * x) * 0.39894228040143268; }`;
    case 'gelu-tanh':
      return `${gate}
fn slope(x: f32) -> f32 {
  let t = gate(x);
  let inside = 0.79788456080286536 * (1.0 + 0.134145 * x * x);
  return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * inside;
}`;
  }
}
