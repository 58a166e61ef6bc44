/**
 * What a merge computes for every weight, with θ_1 the oldest of n. Every product and every sum is rounded on its own,
 * to float32 or, where that was asked for, to float64; the result is rounded once, to what is written.
 *
 *   uniform      θ̄ = (Σ_i θ_i)/n                        summed oldest to newest, divided once. Kaddour (2209.14981),
 *                                                        Sanyal et al. (2306.03241); Wortsman et al. (2203.05482)
 *   weights      θ̄ = Σ_i (w_i/Σw)·θ_i                    shares worked out in float64
 *   linear       the same with w_i = i                   WMA of Li et al. (2505.12082)
 *   ema          θ̄_1 = θ_1, θ̄_i = β·θ̄_{i−1} + (1 − β)·θ_i   Polyak averaging over what was kept, oldest first
 *   interpolate  θ̄ = (1 − λ)·θ_1 + λ·θ_2                 of two; Liu et al. (2403.19390) with λ on the newer
 *   slerp        θ̄ = sin((1 − λ)ω)/sin ω·θ_1 + sin(λω)/sin ω·θ_2, cos ω = ⟨θ_1, θ_2⟩/(‖θ_1‖‖θ_2‖)
 *                Shoemake, "Animating rotation with quaternion curves" (1985), of each tensor as one vector, as merging
 *                tools do it; ω in float64; interpolated where ω is under 10⁻³ or past π − 10⁻³, or a norm is zero
 */
import type { MergeMethod } from '../../shared/merges.ts';
import { UserError } from '../errors.ts';

/** Methods whose formula needs no losses. */
export type PlainMethod = Exclude<MergeMethod, { kind: 'search' | 'soup' }>;

/** How one tensor's members are added up. */
export type Combination =
  | { readonly kind: 'uniform' }
  | { readonly kind: 'shares'; readonly shares: readonly number[] }
  | { readonly kind: 'ema'; readonly beta: number }
  | { readonly kind: 'slerp'; readonly lambda: number };

/**
 * @param n members of the window
 * @throws UserError 'bad-weights', 'two-needed'
 */
export function combination(method: PlainMethod, n: number): Combination {
  switch (method.kind) {
    case 'uniform':
      return method;
    case 'weights':
      return { kind: 'shares', shares: checkedShares(method.weights, n) };
    case 'linear':
      return { kind: 'shares', shares: shared(Array.from({ length: n }, (_, i) => i + 1)) };
    case 'ema':
      return method;
    case 'interpolate':
      checkTwo(method.kind, n);
      return { kind: 'shares', shares: [1 - method.lambda, method.lambda] };
    case 'slerp':
      checkTwo(method.kind, n);
      return method;
  }
}

function shared(weights: readonly number[]): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

function checkedShares(weights: readonly number[], n: number): number[] {
  const sum = weights.reduce((a, b) => a + b, 0);
  if (weights.length !== n || !weights.every(Number.isFinite) || sum === 0 || !Number.isFinite(sum))
    throw new UserError(
      'bad-weights',
      `${weights.length} weights for ${n} models: ${weights.join(', ')}.`,
      'Give one finite number per model, with a sum that is not zero.',
    );
  return shared(weights);
}

function checkTwo(kind: string, n: number): void {
  if (n !== 2)
    throw new UserError(
      'two-needed',
      `${kind === 'slerp' ? 'SLERP' : 'Interpolation'} goes between two models, and there are ${n}.`,
      'Name two, or choose another method.',
    );
}

/** Shares of the two in SLERP of a tensor, from its norms and inner product in float64. */
export function slerpShares(lambda: number, dot: number, normA: number, normB: number): [number, number] {
  const product = normA * normB;
  const omega = product === 0 ? 0 : Math.acos(Math.min(1, Math.max(-1, dot / product)));
  if (omega < 1e-3 || omega > Math.PI - 1e-3) return [1 - lambda, lambda];
  return [Math.sin((1 - lambda) * omega) / Math.sin(omega), Math.sin(lambda * omega) / Math.sin(omega)];
}

/** In words, for the provenance of an output. */
export function recipeOf(method: PlainMethod, names: readonly string[]): string {
  const list = names.join(', ');
  switch (method.kind) {
    case 'uniform':
      return `uniform mean of ${list}`;
    case 'weights':
      return `mean of ${list}, weighted ${method.weights.join(', ')}`;
    case 'linear':
      return `mean of ${list}, weighted 1 to ${names.length}`;
    case 'ema':
      return `EMA with β = ${method.beta} over ${list}`;
    case 'interpolate':
      return `${method.lambda} of the way from ${names.join(' to ')}`;
    case 'slerp':
      return `${method.lambda} of the way from ${names.join(' to ')}, by SLERP`;
  }
}
