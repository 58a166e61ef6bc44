import type { Kernel } from '../memory.ts';
import { put } from '../memory.ts';
import { dropoutMask } from './attention.ts';

export const dropout: Kernel<'dropout'> = (op, memory, scalars) => {
  const mask = dropoutMask(op.attrs, scalars);
  const y = memory.doubles(op.in.x).map((value, i) => value * mask(i));
  put(op, 'y', memory.numbers(op.out.y), y, scalars);
  return undefined;
};

export const dropoutBackward: Kernel<'dropoutBackward'> = (op, memory, scalars) => {
  const mask = dropoutMask(op.attrs, scalars);
  const dx = memory.doubles(op.in.dy).map((value, i) => value * mask(i));
  put(op, 'dx', memory.numbers(op.out.dx), dx, scalars);
  return undefined;
};
