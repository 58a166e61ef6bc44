import { rowsOf } from '../../../program/shapes.ts';
import type { Kernel } from '../memory.ts';
import { activate, slope } from './gelu.ts';

export const linear: Kernel<'linear'> = (op, memory) => {
  const { tf } = memory;
  const { x, weight, bias } = op.in;
  const product = tf.matMul(memory.value(x, [rowsOf(x), weight.shape[0]]), memory.value(weight));
  const pre = bias ? tf.add(product, memory.value(bias)) : product;
  if (op.out.pre) memory.put(op, 'pre', pre);
  memory.put(op, 'y', activate(tf, op.attrs.activation, pre));
  return undefined;
};

export const linearBackward: Kernel<'linearBackward'> = (op, memory) => {
  const { tf } = memory;
  const { x, weight, dy, pre } = op.in;
  const { activation } = op.attrs;
  const [from, to] = weight.shape;
  const rows = rowsOf(x);
  let dpre = memory.value(dy, [rows, to]);
  if (activation !== 'none') {
    if (!pre) throw new Error(`linearBackward of "${weight.name}": ${activation} needs the value before it`);
    dpre = tf.mul(dpre, slope(tf, activation, memory.value(pre, [rows, to])));
  }
  const dx = tf.matMul(dpre, memory.value(weight), false, true);
  const dweight = tf.matMul(memory.value(x, [rows, from]), dpre, true, false);
  if (op.out.dbias) memory.put(op, 'dbias', tf.sum(dpre, 0));
  memory.put(op, 'dweight', dweight);
  memory.put(op, 'dx', dx);
  return undefined;
};
