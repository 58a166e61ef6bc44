import type { Scalars, Tensor } from '../../../program/types.ts';
import type { Kernel, Memory, Numbers } from '../memory.ts';

/** Elements between two chances for the event loop. */
export const piece = 1 << 16;

export const recordLoss: Kernel<'recordLoss'> = (op, memory, scalars) => {
  const losses = memory.numbers(op.in.losses);
  const row = ringRow(op.in.ring, memory, scalars);
  let sum = 0;
  for (let i = 0; i < losses.length; i++) sum += losses[i];
  row[0] = (scalars.accumulate === 1 ? row[0] : 0) + (scalars.lossScale * sum) / losses.length;
  return undefined;
};

/** AdamW (Loshchilov & Hutter 2019) in PyTorch's order of operations, gated by a finite norm and loss. */
export const adamw: Kernel<'adamw'> = function* (op, memory, scalars) {
  const { beta1, beta2, epsilon, weightDecay, clip, decay } = op.attrs;
  const p = memory.numbers(op.in.parameters);
  const g = memory.numbers(op.in.gradients);
  const m = memory.numbers(op.in.m);
  const v = memory.numbers(op.in.v);
  const counters = memory.numbers(op.in.counters);
  const row = ringRow(op.in.ring, memory, scalars);

  let squares = 0;
  for (let start = 0; start < g.length; start += piece) {
    for (let i = start; i < Math.min(g.length, start + piece); i++) squares += g[i] * g[i];
    yield;
  }
  // The ring holds float32: a norm that overflows there counts as not finite.
  const norm = Math.fround(Math.sqrt(squares));
  row[1] = norm;
  if (!Number.isFinite(norm) || !Number.isFinite(row[0])) {
    row[2] = 0;
    row[3] = counters[0];
    return;
  }
  const t = counters[0] + 1;
  counters[0] = t;
  row[2] = 1;
  row[3] = t;

  const scale = clip > 0 ? Math.min(1, clip / (norm + 1e-6)) : 1;
  for (const [start, end] of decay)
    for (let i = start; i < end; i++) p[i] = p[i] - scalars.learningRate * weightDecay * p[i];
  const stepSize = scalars.learningRate / (1 - beta1 ** t);
  const root = Math.sqrt(1 - beta2 ** t);
  for (let start = 0; start < p.length; start += piece) {
    for (let i = start; i < Math.min(p.length, start + piece); i++) {
      const gradient = g[i] * scale;
      const first = beta1 * m[i] + (1 - beta1) * gradient;
      const second = beta2 * v[i] + (1 - beta2) * gradient * gradient;
      m[i] = first;
      v[i] = second;
      p[i] -= (stepSize * first) / (Math.sqrt(second) / root + epsilon);
    }
    yield;
  }
};

/** The four numbers of the step's row: loss, gradient norm, applied, t. */
export function ringRow(ring: Tensor, memory: Memory, scalars: Scalars): Numbers {
  const at = 4 * scalars.ringSlot;
  return memory.whole(ring).subarray(at, at + 4);
}
