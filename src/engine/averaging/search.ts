/** Merges that look at losses. Which model, which blocks and which device is the caller's business; these only choose. */

/**
 * λ of the smallest loss in [0, 1], by Bayesian optimisation: a Gaussian process over the losses measured so far, and
 * next the λ that promises most. After Liu et al., "Checkpoint Merging via Bayesian Optimization in LLM Pretraining"
 * (2403.19390), who choose among three such promises; here it is one, the expected improvement (Jones, Schonlau and
 * Welch, 1998):
 *   k(x, y) = exp(−(x − y)²/2ℓ²), losses shifted to mean 0 and scaled to deviation 1, 10⁻⁶ on the diagonal
 *   EI(x) = (best − μ)·Φ(z) + σ·φ(z),  z = (best − μ)/σ
 * ℓ is that of 0.1, 0.2, 0.4, 0.8 and 1.6 under which the losses are likeliest. It begins with 0, 1 and ½, looks at
 * multiples of 0.005, and ends after `evaluations` or when no λ promises 10⁻⁵ nats.
 * @param loss mean loss in nats per token of the interpolation at λ
 * @returns what was measured, in order
 */
export async function searchLambda(
  loss: (lambda: number) => Promise<number>,
  evaluations: number,
): Promise<{ lambda: number; loss: number }[]> {
  const tried: { lambda: number; loss: number }[] = [];
  const measure = async (lambda: number) => tried.push({ lambda, loss: await loss(lambda) });
  for (const lambda of [0, 1, 0.5]) await measure(lambda);
  const grid = Array.from({ length: 201 }, (_, i) => i / 200);
  while (tried.length < evaluations) {
    const xs = tried.map(({ lambda }) => lambda);
    const losses = tried.map((point) => point.loss);
    const center = losses.reduce((a, b) => a + b, 0) / losses.length;
    const scale = Math.sqrt(losses.reduce((sum, y) => sum + (y - center) ** 2, 0) / losses.length);
    if (!Number.isFinite(scale) || scale === 0) break;
    const ys = losses.map((y) => (y - center) / scale);
    const models = [0.1, 0.2, 0.4, 0.8, 1.6].map((length) => condition(xs, ys, length));
    const model = models.reduce((a, b) => (b.likelihood > a.likelihood ? b : a));
    const best = Math.min(...ys);
    let next = { lambda: 0, gain: 0 };
    for (const lambda of grid) {
      if (xs.includes(lambda)) continue;
      const gain = expectedImprovement(best, model.at(lambda));
      if (gain > next.gain) next = { lambda, gain };
    }
    if (next.gain * scale < 1e-5) break;
    await measure(next.lambda);
  }
  return tried;
}

interface Process {
  readonly likelihood: number;
  at(x: number): { mean: number; deviation: number };
}

function condition(xs: readonly number[], ys: readonly number[], length: number): Process {
  const kernel = (x: number, y: number) => Math.exp(-((x - y) ** 2) / (2 * length ** 2));
  const lower = cholesky(xs.map((x, i) => xs.map((y, j) => kernel(x, y) + (i === j ? 1e-6 : 0))));
  const half = solveLower(lower, ys);
  const weights = solveUpper(lower, half);
  const squares = half.reduce((sum, v) => sum + v * v, 0);
  const determinant = lower.reduce((sum, row, i) => sum + Math.log(row[i]), 0);
  return {
    likelihood: -squares / 2 - determinant,
    at(x) {
      const row = xs.map((y) => kernel(x, y));
      const spread = solveLower(lower, row).reduce((sum, v) => sum + v * v, 0);
      return {
        mean: row.reduce((sum, v, i) => sum + v * weights[i], 0),
        deviation: Math.sqrt(Math.max(0, 1 - spread)),
      };
    },
  };
}

/** L with L·Lᵀ = a, a symmetric and positive definite. */
function cholesky(a: readonly (readonly number[])[]): number[][] {
  const lower = a.map((row) => row.map(() => 0));
  for (let i = 0; i < a.length; i++)
    for (let j = 0; j <= i; j++) {
      let sum = a[i][j];
      for (let m = 0; m < j; m++) sum -= lower[i][m] * lower[j][m];
      lower[i][j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / lower[j][j];
    }
  return lower;
}
function solveLower(lower: readonly (readonly number[])[], b: readonly number[]): number[] {
  const x: number[] = [];
  for (const [i, row] of lower.entries()) {
    let sum = b[i];
    for (let j = 0; j < i; j++) sum -= row[j] * x[j];
    x.push(sum / row[i]);
  }
  return x;
}
function solveUpper(lower: readonly (readonly number[])[], b: readonly number[]): number[] {
  const x = [...b];
  for (let i = b.length - 1; i >= 0; i--) {
    for (let j = i + 1; j < b.length; j++) x[i] -= lower[j][i] * x[j];
    x[i] /= lower[i][i];
  }
  return x;
}

function expectedImprovement(best: number, { mean, deviation }: { mean: number; deviation: number }): number {
  if (deviation < 1e-9) return Math.max(0, best - mean);
  const z = (best - mean) / deviation;
  const density = Math.exp(-(z * z) / 2) / Math.sqrt(2 * Math.PI);
  return (best - mean) * normalBelow(z) + deviation * density;
}

/** Φ, by Abramowitz and Stegun 26.2.17: within 7.5·10⁻⁸. */
function normalBelow(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const tail =
    (Math.exp(-(z * z) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return z >= 0 ? 1 - tail : tail;
}

/**
 * Wortsman et al., "Model soups" (2203.05482), the greedy one: models from the smallest loss on; each stays if the mean
 * with it has a strictly smaller loss than the mean without it. At most one evaluation for each model but the best, after
 * those of the models alone.
 * @param alone loss of each model
 * @param loss of the uniform mean of models, given by their places, ascending
 * @returns places of those that stay, ascending, and every mean that was tried, in order
 */
export async function greedySoup(
  alone: readonly number[],
  loss: (members: readonly number[]) => Promise<number>,
): Promise<{ members: number[]; loss: number; tried: { members: number[]; loss: number }[] }> {
  const order = alone.map((_, i) => i).sort((a, b) => alone[a] - alone[b] || a - b);
  let soup = { members: [order[0]], loss: alone[order[0]] };
  const tried: { members: number[]; loss: number }[] = [];
  for (const candidate of order.slice(1)) {
    const members = [...soup.members, candidate].sort((a, b) => a - b);
    const next = { members, loss: await loss(members) };
    tried.push(next);
    if (next.loss < soup.loss) soup = next;
  }
  return { ...soup, tried };
}
