import type { Op } from '../../../program/types.ts';
import type { Value } from '../library.ts';
import type { Kernel, Memory } from '../memory.ts';

const ringColumns = 4;
/** Smallest normal float32: what a gradient of zeros is divided by. */
const tiny = 2 ** -126;

export const recordLoss: Kernel<'recordLoss'> = (op, memory) => {
  const { tf, scalars } = memory;
  const share = tf.mul(tf.mean(memory.value(op.in.losses)), scalars.lossScale);
  const [loss, ...others] = ringRow(op, memory);
  const total = scalars.accumulate === 1 ? tf.add(loss, share) : share;
  writeRing(op, memory, [total, ...others]);
  return undefined;
};

/**
 * AdamW as the reference has it, piece by piece, decided on the device: nothing waits for the norm. Bias corrections
 * 1 − βᵗ are −expm1(t·ln β), exact to float32 where 1 − β is small.
 */
export const adamw: Kernel<'adamw'> = function* (op, memory) {
  const { tf, scalars } = memory;
  const { beta1, beta2, epsilon, weightDecay, clip } = op.attrs;
  const [p, g, m, v] = [op.in.parameters, op.in.gradients, op.in.m, op.in.v].map((t) => memory.whole(t));
  const counters = memory.whole(op.in.counters);
  const pieces = piecesOf(op, g.cuts());
  const kept: Value[] = [];
  try {
    const norm = yield* globalNorm(memory, pieces, (start, end) => g.piece(start, end), kept);
    const [fine, scale, stepSize, root] = tf.tidy(() => {
      const fine = tf.logicalAnd(tf.isFinite(norm), tf.isFinite(ringRow(op, memory)[0]));
      const old = counters.piece(0, counters.elements);
      const before = tf.slice(old, [0], [1]);
      const t = tf.add(before, 1);
      const correction = (beta: number) => tf.neg(tf.expm1(tf.mul(t, Math.log(beta))));
      const counted = tf.where(fine, t, before);
      const others = tf.slice(old, [1], [counters.elements - 1]);
      counters.replace(0, counters.elements, tf.concat([counted, others]));
      writeRing(op, memory, [ringRow(op, memory)[0], norm, tf.cast(fine, 'float32'), counted]);
      const bounded = clip > 0 ? tf.minimum(tf.div(clip, tf.add(norm, 1e-6)), 1) : tf.scalar(1);
      const stepSize = tf.div(scalars.learningRate, correction(beta1));
      return [fine, bounded, stepSize, tf.sqrt(correction(beta2))].map((value) => tf.keep(value));
    });
    kept.push(fine, scale, stepSize, root);
    for (const { start, end, decays } of pieces) {
      tf.tidy(() => {
        const [parameters, first, second] = [p, m, v].map((store) => store.piece(start, end));
        const gradient = tf.mul(g.piece(start, end), scale);
        const m1 = tf.add(tf.mul(first, beta1), tf.mul(gradient, 1 - beta1));
        const v1 = tf.add(tf.mul(second, beta2), tf.mul(tf.square(gradient), 1 - beta2));
        const decay = scalars.learningRate * weightDecay;
        const decayed = decays ? tf.sub(parameters, tf.mul(parameters, decay)) : parameters;
        const change = tf.div(tf.mul(m1, stepSize), tf.add(tf.div(tf.sqrt(v1), root), epsilon));
        m.replace(start, end, tf.where(fine, m1, first));
        v.replace(start, end, tf.where(fine, v1, second));
        p.replace(start, end, tf.where(fine, tf.sub(decayed, change), parameters));
      });
      yield;
    }
  } finally {
    tf.dispose(kept);
  }
};

interface Part {
  readonly start: number;
  readonly end: number;
  readonly decays: boolean;
}

/** The vector cut where gradients are cut and where weight decay begins or ends. */
export function piecesOf(op: Op<'adamw'> | Op<'scheduleFree'>, cuts: readonly number[]): Part[] {
  const [elements] = op.in.parameters.shape;
  const all = [...new Set([...cuts, ...op.attrs.decay.flat()])].filter((at) => at < elements).sort((a, b) => a - b);
  return all.map((start, i) => {
    const decays = op.attrs.decay.some(([from, to]) => from <= start && start < to);
    return { start, end: all[i + 1] ?? elements, decays };
  });
}

/**
 * ‖g‖₂ [1] of a vector in pieces, as largest · √Σ(g/largest)², so that squares neither overflow nor vanish. What is not
 * finite in g makes it so too. Kept, and entered into `kept`.
 */
export function* globalNorm(
  { tf }: Memory,
  pieces: readonly Part[],
  piece: (start: number, end: number) => Value,
  kept: Value[],
): Generator<void, Value> {
  const own = (make: () => Value): Value => {
    const value = tf.keep(tf.tidy(make));
    kept.push(value);
    return value;
  };
  let largest = own(() => tf.scalar(tiny));
  for (const { start, end } of pieces) {
    const before = largest;
    largest = own(() => tf.maximum(before, tf.max(tf.abs(piece(start, end)))));
    yield;
  }
  let squares = own(() => tf.scalar(0));
  for (const { start, end } of pieces) {
    const before = squares;
    squares = own(() => tf.add(before, tf.sum(tf.square(tf.div(piece(start, end), largest)))));
    yield;
  }
  return own(() => tf.reshape(tf.mul(largest, tf.sqrt(squares)), [1]));
}

type RingOp = Op<'adamw'> | Op<'scheduleFree'> | Op<'recordLoss'>;

/** The four numbers of the step's row, each [1]: loss, gradient norm, applied, t. */
export function ringRow(op: RingOp, memory: Memory): Value[] {
  const ring = memory.whole(op.in.ring);
  const all = ring.piece(0, ring.elements);
  const at = ringColumns * memory.scalars.ringSlot;
  return [0, 1, 2, 3].map((column) => memory.tf.slice(all, [at + column], [1]));
}

export function writeRing(op: RingOp, memory: Memory, row: readonly Value[]): void {
  const { tf, scalars } = memory;
  const ring = memory.whole(op.in.ring);
  const all = ring.piece(0, ring.elements);
  const at = ringColumns * scalars.ringSlot;
  const after = at + ringColumns;
  const parts = row.map((value) => tf.reshape(value, [1]));
  if (at > 0) parts.unshift(tf.slice(all, [0], [at]));
  if (after < ring.elements) parts.push(tf.slice(all, [after], [ring.elements - after]));
  ring.replace(0, ring.elements, tf.concat(parts));
}
