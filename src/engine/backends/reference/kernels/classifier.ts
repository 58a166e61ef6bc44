import { rowsOf, sizeOf, widthOf } from '../../../program/shapes.ts';
import type { Op } from '../../../program/types.ts';
import type { Kernel, Memory } from '../memory.ts';
import { put } from '../memory.ts';
import { logSumExp } from './attention.ts';
import { checked } from './embedding.ts';
import { matmul, transpose } from './matmul.ts';

/** Rows whose logits exist at a time. */
const chunk = 32;

/** One row's loss −log softmax(logits)[target]; the logits become its gradient times `scale`. */
function crossEntropy(logits: Float64Array, target: number, scale: number): number {
  const total = logSumExp(logits, logits.length);
  const loss = total - logits[target];
  for (let v = 0; v < logits.length; v++) logits[v] = scale * Math.exp(logits[v] - total);
  logits[target] -= scale;
  return loss;
}

/** Runs `visit` over chunks of rows with their logits [count, vocab]. */
function* logitChunks(
  op: Op<'classifierLoss'> | Op<'classifierLossTrain'> | Op<'classifierLogits'>,
  memory: Memory,
  visit: (x: Float64Array, logits: Float64Array, first: number, count: number) => Iterable<void>,
): Generator<void> {
  const { x, weight } = op.in;
  const { vocab } = op.attrs;
  const width = widthOf(x);
  const rows = rowsOf(x);
  const values = memory.operand(memory.doubles(x));
  const columns = transpose(memory.operand(memory.doubles(weight).subarray(0, vocab * width)), vocab, width);
  const logits = new Float64Array(chunk * vocab);
  for (let first = 0; first < rows; first += chunk) {
    const count = Math.min(chunk, rows - first);
    const some = values.subarray(first * width, (first + count) * width);
    yield* matmul(some, columns, logits, count, width, vocab);
    yield* visit(some, logits.subarray(0, count * vocab), first, count);
    yield;
  }
}

export const classifierLoss: Kernel<'classifierLoss'> = (op, memory) => {
  const { vocab } = op.attrs;
  const targets = memory.integers(op.in.targets);
  const losses = memory.numbers(op.out.losses);
  return logitChunks(op, memory, function* (_, logits, first, count) {
    for (let i = 0; i < count; i++) {
      const target = checked('classifierLoss', targets[first + i], vocab);
      losses[first + i] = crossEntropy(logits.subarray(i * vocab, (i + 1) * vocab), target, 1);
      yield;
    }
  });
};

export const classifierLossTrain: Kernel<'classifierLossTrain'> = function* (op, memory, scalars) {
  const { x, weight } = op.in;
  const { vocab } = op.attrs;
  const width = widthOf(x);
  const rows = rowsOf(x);
  const targets = memory.integers(op.in.targets);
  const losses = memory.numbers(op.out.losses);
  const weights = memory.operand(memory.doubles(weight).subarray(0, vocab * width));
  const dx = new Float64Array(rows * width);
  const dweight = new Float64Array(sizeOf(weight.shape));
  const part = new Float64Array(vocab * width);
  yield* logitChunks(op, memory, function* (some, logits, first, count) {
    for (let i = 0; i < count; i++) {
      const target = checked('classifierLossTrain', targets[first + i], vocab);
      losses[first + i] = crossEntropy(logits.subarray(i * vocab, (i + 1) * vocab), target, scalars.lossScale / rows);
    }
    const dlogits = memory.operand(logits);
    yield* matmul(dlogits, weights, dx.subarray(first * width), count, vocab, width);
    yield* matmul(transpose(dlogits, count, vocab), some, part, vocab, count, width);
    for (let i = 0; i < part.length; i++) dweight[i] += part[i];
  });
  put(op, 'dx', memory.numbers(op.out.dx), dx, scalars);
  put(op, 'dweight', memory.numbers(op.out.dweight), dweight, scalars);
};

export const classifierLogits: Kernel<'classifierLogits'> = (op, memory) => {
  const { vocab } = op.attrs;
  const out = memory.numbers(op.out.logits);
  return logitChunks(op, memory, function* (_, logits, first) {
    out.set(logits, first * vocab);
    yield;
  });
};
