import type { Kernel } from '../memory.ts';
import { put } from '../memory.ts';

export const add: Kernel<'add'> = (op, memory) => {
  const a = memory.numbers(op.in.a);
  const b = memory.numbers(op.in.b);
  const y = memory.numbers(op.out.y);
  for (let i = 0; i < y.length; i++) y[i] = a[i] + b[i];
  return undefined;
};

export const swiglu: Kernel<'swiglu'> = (op, memory) => {
  const gate = memory.numbers(op.in.gate);
  const up = memory.numbers(op.in.up);
  const y = memory.numbers(op.out.y);
  for (let i = 0; i < y.length; i++) y[i] = (gate[i] * up[i]) / (1 + Math.exp(-gate[i]));
  return undefined;
};

/** With s = σ(gate): dgate = dy·up·s·(1 + gate·(1 − s)), dup = dy·gate·s. */
export const swigluBackward: Kernel<'swigluBackward'> = (op, memory, scalars) => {
  const gate = memory.numbers(op.in.gate);
  const up = memory.numbers(op.in.up);
  const dy = memory.numbers(op.in.dy);
  const dgate = new Float64Array(dy.length);
  const dup = new Float64Array(dy.length);
  for (let i = 0; i < dy.length; i++) {
    const s = 1 / (1 + Math.exp(-gate[i]));
    dgate[i] = dy[i] * up[i] * s * (1 + gate[i] * (1 - s));
    dup[i] = dy[i] * gate[i] * s;
  }
  put(op, 'dgate', memory.numbers(op.out.dgate), dgate, scalars);
  put(op, 'dup', memory.numbers(op.out.dup), dup, scalars);
  return undefined;
};
