/** The loss without the logits ever being whole: some rows at a time. */
import { rowsOf, widthOf } from '../../../program/shapes.ts';
import type { Op, Tensor } from '../../../program/types.ts';
import type { Value } from '../library.ts';
import type { Kernel, Memory } from '../memory.ts';
import { idsOf, sumByRow } from './embedding.ts';

/** Most logits that exist at a time, unless one row has more: 64 MiB. */
const logitLimit = 1 << 24;

type Classifier = Op<'classifierLoss'> | Op<'classifierLossTrain'> | Op<'classifierLogits'>;

/** Rows of the weight that stand for ids: [vocab, width]. */
function wordsOf(op: Classifier, memory: Memory): Value {
  const { weight } = op.in;
  const whole = memory.value(weight);
  return op.attrs.vocab === weight.shape[0] ? whole : memory.tf.slice(whole, [0, 0], [op.attrs.vocab, -1]);
}

/** Runs `some` over groups of rows, at most as many at a time as the limit allows; a pause after each. */
function* byRows(op: Classifier, some: (first: number, count: number) => void): Generator<void> {
  const rows = rowsOf(op.in.x);
  const step = Math.max(1, Math.floor(logitLimit / op.attrs.vocab));
  for (let first = 0; first < rows; first += step) {
    some(first, Math.min(step, rows - first));
    yield;
  }
}

interface Rows {
  /** x [count, width], the weight [vocab, width] */
  readonly x: Value;
  readonly words: Value;
  readonly targets: Value;
  /** exp(logits − lse) [count, vocab] and lse [count, 1] minus the target's logit, [count]. */
  readonly probabilities: Value;
  readonly losses: Value;
}

/** Losses of rows [first, first + count). The target's logit is its row's product alone, so no logit is looked up. */
function crossEntropy(
  op: Op<'classifierLoss'> | Op<'classifierLossTrain'>,
  memory: Memory,
  first: number,
  count: number,
): Rows {
  const { tf } = memory;
  const width = widthOf(op.in.x);
  const words = wordsOf(op, memory);
  const x = tf.slice(memory.value(op.in.x, [rowsOf(op.in.x), width]), [first, 0], [count, width]);
  const targets = tf.slice(idsOf(op, op.in.targets, op.attrs.vocab, memory), [first], [count]);
  const logits = tf.matMul(x, words, false, true);
  const top = tf.max(logits, -1, true);
  const powers = tf.exp(tf.sub(logits, top));
  logits.dispose();
  const total = tf.sum(powers, -1, true);
  const lse = tf.reshape(tf.add(top, tf.log(total)), [count]);
  const chosen = tf.sum(tf.mul(x, tf.gather(words, targets)), -1);
  return { x, words, targets, probabilities: tf.div(powers, total), losses: tf.sub(lse, chosen) };
}

/** Joins the parts of an output and writes it. The parts are disposed of. */
function putJoined(op: Classifier, output: string, parts: Value[], memory: Memory): void {
  memory.tf.tidy(() => memory.put(op, output, parts.length === 1 ? parts[0] : memory.tf.concat(parts)));
  for (const part of parts.splice(0)) part.dispose();
}

export const classifierLoss: Kernel<'classifierLoss'> = function* (op, memory) {
  const losses: Value[] = [];
  try {
    yield* byRows(op, (first, count) =>
      losses.push(memory.tf.tidy(() => memory.tf.keep(crossEntropy(op, memory, first, count).losses))),
    );
    putJoined(op, 'losses', losses, memory);
  } finally {
    memory.tf.dispose(losses);
  }
};

/** With P the probabilities and s = lossScale/rows: dx = s·(P·W − W[targets]), dweight = s·(Pᵀ·x − x added at targets). */
export const classifierLossTrain: Kernel<'classifierLossTrain'> = function* (op, memory) {
  const { tf, scalars } = memory;
  const { vocab } = op.attrs;
  const [padded, width] = op.in.weight.shape;
  const scale = scalars.lossScale / rowsOf(op.in.x);
  const losses: Value[] = [];
  const dx: Value[] = [];
  const dweight: Value[] = [];
  try {
    yield* byRows(op, (first, count) =>
      tf.tidy(() => {
        const { x, words, targets, probabilities, losses: some } = crossEntropy(op, memory, first, count);
        const before = tf.sub(tf.matMul(probabilities, words), tf.gather(words, targets));
        const weights = tf.sub(tf.matMul(probabilities, x, true, false), sumByRow(memory, targets, x, vocab));
        const scaled = tf.mul(weights, scale);
        losses.push(tf.keep(some));
        dx.push(tf.keep(tf.mul(before, scale)));
        const known = dweight.pop();
        dweight.push(tf.keep(known ? tf.add(known, scaled) : scaled));
        known?.dispose();
      }),
    );
    putJoined(op, 'losses', losses, memory);
    putJoined(op, 'dx', dx, memory);
    tf.tidy(() => memory.put(op, 'dweight', withPadding(dweight[0], padded - vocab, width, memory)));
  } finally {
    tf.dispose([losses, dx, dweight]);
  }
};

/** Rows that stand for no id get no gradient. */
function withPadding(rows: Value, missing: number, width: number, { tf }: Memory): Value {
  return missing === 0 ? rows : tf.concat([rows, tf.zeros([missing, width])]);
}

export const classifierLogits: Kernel<'classifierLogits'> = (op, memory) => {
  const x: Tensor = op.in.x;
  const rows = memory.value(x, [rowsOf(x), widthOf(x)]);
  memory.put(op, 'logits', memory.tf.matMul(rows, wordsOf(op, memory), false, true));
  return undefined;
};
