/**
 * The power-function EMA of Karras et al., "Analyzing and Improving the Training Dynamics of Diffusion Models"
 * (2312.02696, section 3), from its formulas. With time t counted in observations, the average of exponent γ weighs
 * what was seen at time τ ≤ t in proportion to τ^γ. Its profile is named by a width: the standard deviation of that
 * weighting as a share of t, σ² = (γ + 1)/((γ + 2)²(γ + 3)). The window grows with the run, so no length is chosen.
 */

/** Widths up to here; 0.2887 is γ = 0, the mean of everything. */
export const maxWidth = 0.28;
/** Below it the window is a hundredth of the run, and an EMA does as well. */
export const minWidth = 0.005;

/** σ of the profile with exponent γ ≥ 0, as a share of the time averaged over. */
export function powerWidth(gamma: number): number {
  return Math.sqrt((gamma + 1) / ((gamma + 2) ** 2 * (gamma + 3)));
}

/** γ of a width in (0, 0.2887]: σ falls as γ ≥ 0 grows, so halving finds it to the last bit. */
export function powerExponent(width: number): number {
  let [low, high] = [0, 1 / (width * width)];
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (powerWidth(middle) > width) low = middle;
    else high = middle;
  }
}

/**
 * 1 − β_n, what the n-th observation counts (n from 1): β_n = (1 − 1/n)^(γ+1). The first counts whole. Unrolled, the
 * i-th of n has weight (i/n)^(γ+1) − ((i−1)/n)^(γ+1), the profile's share of its stretch of time.
 */
export function powerShare(gamma: number, n: number): number {
  return 1 - (1 - 1 / n) ** (gamma + 1);
}

/** Mean age as a share of the time averaged over: 1/(γ + 2). */
export function powerMeanAge(width: number): number {
  return 1 / (powerExponent(width) + 2);
}
