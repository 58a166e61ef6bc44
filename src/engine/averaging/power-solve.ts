/**
 * Any width from stored averages of two: least squares over weighting profiles (2312.02696, section 3.2), derived
 * anew. The profile of a stored average at time t with exponent γ is p(τ) = (γ+1)·τ^γ/t^(γ+1) on [0, t]. Its inner
 * product with another, where t_a ≤ t_b, is
 *   ∫ p_a·p_b = (γ_a+1)(γ_b+1) · (t_a/t_b)^γ_b / ((γ_a+γ_b+1)·t_b)
 * Coefficients x that bring Σ x_i·p_i closest to the profile asked for solve A·x = b with A_ij = ⟨p_i, p_j⟩ and
 * b_i = ⟨p_i, p⟩; averaging is linear, so the same coefficients give its weights. All in float64.
 */

/** What a stored average weighs: observations so far and exponent. */
export interface Profile {
  readonly time: number;
  readonly gamma: number;
}

export interface Reconstruction {
  /** One per stored average, with a sum of 1; of either sign. */
  readonly coefficients: readonly number[];
  /** Distance of the profile that they give from the one asked for, relative to its own norm. */
  readonly error: number;
}

export function solveProfile(stored: readonly Profile[], wanted: Profile): Reconstruction {
  // Unit norms on the diagonal: the times of early and late averages differ by far.
  const norms = stored.map((p) => Math.sqrt(inner(p, p)));
  const matrix = stored.map((p, i) => stored.map((q, j) => inner(p, q) / (norms[i] * norms[j])));
  const right = stored.map((p, i) => inner(p, wanted) / norms[i]);
  const solution = solve(matrix, right).map((x, i) => x / norms[i]);
  const sum = solution.reduce((a, b) => a + b, 0);
  const coefficients = solution.map((x) => x / sum);
  const own = inner(wanted, wanted);
  let distance = own;
  for (const [i, p] of stored.entries()) {
    distance -= 2 * coefficients[i] * inner(p, wanted);
    for (const [j, q] of stored.entries()) distance += coefficients[i] * coefficients[j] * inner(p, q);
  }
  return { coefficients, error: Math.sqrt(Math.max(0, distance) / own) };
}

function inner(a: Profile, b: Profile): number {
  const [early, late] = a.time <= b.time ? [a, b] : [b, a];
  const sum = a.gamma + b.gamma + 1;
  return ((a.gamma + 1) * (b.gamma + 1) * (early.time / late.time) ** late.gamma) / (sum * late.time);
}

/** Gaussian elimination with partial pivoting. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const n = right.length;
  const rows = matrix.map((row, i) => [...row, right[i]]);
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let r = column + 1; r < n; r++) if (Math.abs(rows[r][column]) > Math.abs(rows[pivot][column])) pivot = r;
    [rows[column], rows[pivot]] = [rows[pivot], rows[column]];
    for (let r = column + 1; r < n; r++) {
      const factor = rows[r][column] / rows[column][column];
      for (let c = column; c <= n; c++) rows[r][c] -= factor * rows[column][c];
    }
  }
  const x = new Array<number>(n).fill(0);
  for (let r = n - 1; r >= 0; r--) {
    let rest = rows[r][n];
    for (let c = r + 1; c < n; c++) rest -= rows[r][c] * x[c];
    x[r] = rest / rows[r][r];
  }
  return x;
}
