import { rowsOf } from '../../../program/shapes.ts';
import type { Op } from '../../../program/types.ts';
import type { Kernel } from '../memory.ts';
import { put } from '../memory.ts';
import { activate, slope } from './gelu.ts';
import { matmul, transpose } from './matmul.ts';

export const linear: Kernel<'linear'> = function* (op, memory, scalars) {
  const { x, weight, bias } = op.in;
  const [from, to] = sidesOf(op);
  const rows = rowsOf(x);
  const values = new Float64Array(rows * to);
  const operands = [x, weight].map((tensor) => memory.operand(memory.doubles(tensor)));
  const columns = op.attrs.transposed ? transpose(operands[1], to, from) : operands[1];
  yield* matmul(operands[0], columns, values, rows, from, to);
  if (bias) {
    const offsets = memory.doubles(bias);
    for (let i = 0; i < rows; i++) for (let j = 0; j < to; j++) values[i * to + j] += offsets[j];
  }
  if (op.out.pre) put(op, 'pre', memory.numbers(op.out.pre), values, scalars);
  if (op.attrs.activation !== 'none')
    for (let i = 0; i < rows; i++) {
      for (let j = i * to; j < (i + 1) * to; j++) values[j] = activate(op.attrs.activation, values[j]);
      yield;
    }
  put(op, 'y', memory.numbers(op.out.y), values, scalars);
};

export const linearBackward: Kernel<'linearBackward'> = function* (op, memory, scalars) {
  const { x, weight, dy, pre } = op.in;
  const { dx, dweight, dbias } = op.out;
  const { activation } = op.attrs;
  const { transposed } = op.attrs;
  const [from, to] = sidesOf(op);
  const rows = rowsOf(x);

  let dpre = memory.doubles(dy);
  if (activation !== 'none') {
    if (!pre) throw new Error(`linearBackward of "${weight.name}": ${activation} needs the value before it`);
    const before = memory.numbers(pre);
    dpre = dpre.slice();
    for (let i = 0; i < rows; i++) {
      for (let j = i * to; j < (i + 1) * to; j++) dpre[j] *= slope(activation, before[j]);
      yield;
    }
  }

  const operand = memory.operand(dpre);
  const dxValues = new Float64Array(rows * from);
  const weights = memory.operand(memory.doubles(weight));
  yield* matmul(operand, transposed ? weights : transpose(weights, from, to), dxValues, rows, to, from);
  const dweightValues = new Float64Array(from * to);
  const inputs = memory.operand(memory.doubles(x));
  if (transposed) yield* matmul(transpose(operand, rows, to), inputs, dweightValues, to, rows, from);
  else yield* matmul(transpose(inputs, rows, from), operand, dweightValues, from, rows, to);
  if (dbias) {
    const dbiasValues = new Float64Array(to);
    for (let i = 0; i < rows; i++) for (let j = 0; j < to; j++) dbiasValues[j] += dpre[i * to + j];
    put(op, 'dbias', memory.numbers(dbias), dbiasValues, scalars);
  }
  put(op, 'dweight', memory.numbers(dweight), dweightValues, scalars);
  put(op, 'dx', memory.numbers(dx), dxValues, scalars);
};

/** Channels in and out. */
function sidesOf({ in: { weight }, attrs }: Op<'linear'> | Op<'linearBackward'>): [number, number] {
  const [a, b] = weight.shape;
  return attrs.transposed ? [b, a] : [a, b];
}
