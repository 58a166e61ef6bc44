import { rowsOf, widthOf } from '../../../program/shapes.ts';
import type { Op } from '../../../program/types.ts';
import type { Value } from '../library.ts';
import type { Kernel, Memory } from '../memory.ts';

export const layerNorm: Kernel<'layerNorm'> = (op, memory) => {
  normalise(op, memory.value(op.in.x, [rowsOf(op.in.x), widthOf(op.in.x)]), memory);
  return undefined;
};

export const residualLayerNorm: Kernel<'residualLayerNorm'> = (op, memory) => {
  const sum = memory.tf.add(memory.value(op.in.x), memory.value(op.in.delta));
  memory.put(op, 'sum', sum);
  normalise(op, memory.tf.reshape(sum, [rowsOf(op.in.x), widthOf(op.in.x)]), memory);
  return undefined;
};

function normalise(op: Op<'layerNorm'> | Op<'residualLayerNorm'>, x: Value, memory: Memory): void {
  const { tf } = memory;
  const mean = tf.mean(x, -1, true);
  const centred = tf.sub(x, mean);
  const rstd = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), op.attrs.epsilon));
  const scaled = tf.mul(tf.mul(centred, rstd), memory.value(op.in.weight));
  memory.put(op, 'y', op.in.bias ? tf.add(scaled, memory.value(op.in.bias)) : scaled);
  memory.put(op, 'mean', mean);
  memory.put(op, 'rstd', rstd);
}

/** The formulas of the reference: g = dy·weight, x̂ = (x − mean)·rstd, dx = rstd·(g − mean(g) − x̂·mean(g·x̂)). */
export const layerNormBackward: Kernel<'layerNormBackward'> = (op, memory) => {
  const { tf } = memory;
  const { x, weight, mean, rstd, dy, dresidual } = op.in;
  const rows = rowsOf(x);
  const shape = [rows, widthOf(x)];
  const scale = memory.value(rstd, [rows, 1]);
  const unit = tf.mul(tf.sub(memory.value(x, shape), memory.value(mean, [rows, 1])), scale);
  const outer = memory.value(dy, shape);
  const gradient = tf.mul(outer, memory.value(weight));
  const along = tf.mul(unit, tf.mean(tf.mul(gradient, unit), -1, true));
  const dx = tf.mul(scale, tf.sub(tf.sub(gradient, tf.mean(gradient, -1, true)), along));
  memory.put(op, 'dx', dresidual ? tf.add(dx, memory.value(dresidual, shape)) : dx);
  memory.put(op, 'dweight', tf.sum(tf.mul(outer, unit), 0));
  if (op.out.dbias) memory.put(op, 'dbias', tf.sum(outer, 0));
  return undefined;
};
