import type { Kernel } from '../memory.ts';
import { piece, ringRow } from './update.ts';

const { fround } = Math;

/** Schedule-free AdamW (Defazio et al., "The road less scheduled", 2405.15682), gated like AdamW. */
export const scheduleFree: Kernel<'scheduleFree'> = function* (op, memory, scalars) {
  const { beta, beta2, epsilon, weightDecay, clip, decay } = op.attrs;
  const x = memory.numbers(op.in.parameters);
  const g = memory.numbers(op.in.gradients);
  const z = memory.numbers(op.in.z);
  const v = memory.numbers(op.in.v);
  const y = memory.numbers(op.in.point);
  const counters = memory.numbers(op.in.counters);
  const row = ringRow(op.in.ring, memory, scalars);

  let squares = 0;
  for (let start = 0; start < g.length; start += piece) {
    for (let i = start; i < Math.min(g.length, start + piece); i++) squares += g[i] * g[i];
    yield;
  }
  const norm = fround(Math.sqrt(squares));
  row[1] = norm;
  if (!Number.isFinite(norm) || !Number.isFinite(row[0])) {
    row[2] = 0;
    row[3] = counters[0];
    return;
  }
  const { learningRate } = scalars;
  const t = counters[0] + 1;
  counters[0] = t;
  counters[1] = fround(Math.max(counters[1], learningRate));
  row[2] = 1;
  row[3] = t;
  const weight = counters[1] * counters[1];
  const weights = counters[2] + counters[3] + weight;
  counters[2] = fround(weights);
  counters[3] = fround(weights - counters[2]);
  const share = weights > 0 ? weight / weights : 0;

  const scale = clip > 0 ? Math.min(1, clip / (norm + 1e-6)) : 1;
  const root = Math.sqrt(1 - beta2 ** t);
  let range = 0;
  for (let start = 0; start < x.length; start += piece) {
    for (let i = start; i < Math.min(x.length, start + piece); i++) {
      while (range < decay.length && decay[range][1] <= i) range++;
      const decays = range < decay.length && decay[range][0] <= i;
      const gradient = g[i] * scale;
      v[i] = beta2 * v[i] + (1 - beta2) * gradient * gradient;
      const step = gradient / (Math.sqrt(v[i]) / root + epsilon) + (decays ? weightDecay * y[i] : 0);
      z[i] -= learningRate * step;
      x[i] += share * (z[i] - x[i]);
      // Rounded as vectors.lerp does it: a resumed run works this out again.
      y[i] = fround(fround(z[i]) + fround(fround(beta) * fround(fround(x[i]) - fround(z[i]))));
    }
    yield;
  }
};
