import { rowsOf, widthOf } from '../../../program/shapes.ts';
import type { Op, Scalars, Tensor } from '../../../program/types.ts';
import type { Kernel, Numbers } from '../memory.ts';
import { put } from '../memory.ts';

export const rotary: Kernel<'rotary'> = (op, memory, scalars) => {
  const { q, k, v } = op.in;
  const from = [q, k, v].map((tensor) => tensor && memory.numbers(tensor));
  const qkv = memory.numbers(op.out.qkv);
  visit(op, op.out.qkv, scalars, (part, source, at, target, angles) => {
    const values = from[part] as Numbers;
    for (let i = 0; i < angles.depth; i++) qkv[target + i] = values[at + i];
    if (source === 'v') return;
    for (let i = 0; i < angles.cos.length; i++) {
      const [low, high] = [values[at + i], values[at + i + angles.cos.length]];
      qkv[target + i] = low * angles.cos[i] - high * angles.sin[i];
      qkv[target + i + angles.cos.length] = high * angles.cos[i] + low * angles.sin[i];
    }
  });
  return undefined;
};

export const rotaryBackward: Kernel<'rotaryBackward'> = (op, memory, scalars) => {
  const { dq, dk, dv } = op.out;
  const dqkv = memory.numbers(op.in.dqkv);
  const sums = [dq, dk, dv].map((tensor) => new Float64Array(tensor ? rowsOf(tensor) * widthOf(tensor) : 0));
  visit(op, op.in.dqkv, scalars, (part, source, at, target, angles) => {
    const sum = sums[part];
    const turned = source === 'v' ? 0 : angles.cos.length;
    for (let i = 0; i < turned; i++) {
      const [low, high] = [dqkv[target + i], dqkv[target + i + turned]];
      sum[at + i] += low * angles.cos[i] + high * angles.sin[i];
      sum[at + i + turned] += high * angles.cos[i] - low * angles.sin[i];
    }
    for (let i = 2 * turned; i < angles.depth; i++) sum[at + i] += dqkv[target + i];
  });
  put(op, 'dq', memory.numbers(dq), sums[0], scalars);
  if (dk) put(op, 'dk', memory.numbers(dk), sums[1], scalars);
  if (dv) put(op, 'dv', memory.numbers(dv), sums[2], scalars);
  return undefined;
};

interface Angles {
  readonly depth: number;
  readonly cos: Float64Array;
  readonly sin: Float64Array;
}

/**
 * Every head of q, k and v of every row, heads ascending: the tensor it comes from (0 q, 1 k, 2 v), which of the three it
 * is, its first element there and in qkv.
 */
function visit(
  op: Op<'rotary'> | Op<'rotaryBackward'>,
  qkv: Tensor,
  scalars: Scalars,
  body: (part: number, source: 'q' | 'k' | 'v', at: number, target: number, angles: Angles) => void,
): void {
  const { heads, groups, frequencies } = op.attrs;
  const [batch, time, triple] = qkv.shape;
  const depth = triple / (3 * heads);
  const separate = op.kind === 'rotary' ? op.in.k !== undefined : op.out.dk !== undefined;
  for (let row = 0; row < batch * time; row++) {
    const position = scalars.position + (row % time);
    const turns = frequencies.map((frequency) => Math.fround(position * frequency));
    const angles = { depth, cos: Float64Array.from(turns, Math.cos), sin: Float64Array.from(turns, Math.sin) };
    for (const [which, source] of (['q', 'k', 'v'] as const).entries())
      for (let h = 0; h < heads; h++) {
        const target = (row * 3 + which) * heads * depth + h * depth;
        if (!separate) body(0, source, (row * heads + h) * 3 * depth + which * depth, target, angles);
        else if (which === 0) body(0, source, (row * heads + h) * depth, target, angles);
        else body(which, source, (row * groups + Math.floor((h * groups) / heads)) * depth, target, angles);
      }
  }
}
