import type { Op, Tensor } from '../../../program/types.ts';
import type { Kernel, Memory } from '../memory.ts';

export const dropout: Kernel<'dropout'> = (op, memory) => {
  memory.put(op, 'y', dropped(op, op.in.x, memory));
  return undefined;
};

export const dropoutBackward: Kernel<'dropoutBackward'> = (op, memory) => {
  memory.put(op, 'dx', dropped(op, op.in.dy, memory));
  return undefined;
};

function dropped(op: Op<'dropout'> | Op<'dropoutBackward'>, x: Tensor, memory: Memory) {
  const value = memory.value(x);
  return op.attrs.rate === 0 ? value : memory.tf.mul(value, memory.masks.factors(op, x.shape));
}
