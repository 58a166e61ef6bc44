/** Whole-vector arithmetic: one TensorFlow operation per rounding, piece by piece of the source. */
import type { Floats, VectorOps } from '../backend.ts';
import type { Queue } from '../queue.ts';
import type { Tf, Value } from './library.ts';
import { type FloatStore, floatsOf } from './store.ts';

const { fround } = Math;

export function vectorOps(queue: Queue, tf: Tf): VectorOps {
  /** Replaces every piece of the target by what `make` gives of it and of the source's. Inside a tidy. */
  const each = (target: Floats, source: Floats, make: (t: () => Value, s: Value) => Value) => {
    if (target.elements !== source.elements)
      throw new RangeError(`vectors of ${target.elements} and ${source.elements} elements do not match`);
    const into = floatsOf(target);
    const from = floatsOf(source);
    queue.push(function* () {
      for (const [start, end] of piecesOf(from)) {
        tf.tidy(() =>
          into.replace(
            start,
            end,
            make(() => into.piece(start, end), from.piece(start, end)),
          ),
        );
        yield;
      }
    });
  };
  /** Of the target with a number. */
  const alone = (target: Floats, make: (t: Value) => Value) => each(target, target, (_, t) => make(t));
  return {
    copy: (target, source) => each(target, source, (_, s) => s),
    add: (target, source) => each(target, source, (t, s) => tf.add(t(), s)),
    divide: (target, divisor) => alone(target, (t) => tf.div(t, fround(divisor))),
    lerp: (target, source, weight) =>
      each(target, source, (t, s) => tf.add(t(), tf.mul(tf.sub(s, t()), fround(weight)))),
    running: (target, source, divisor) =>
      each(target, source, (t, s) => tf.add(t(), tf.div(tf.sub(s, t()), fround(divisor)))),
    scale: (target, factor) => alone(target, (t) => tf.mul(t, fround(factor))),
    addScaled: (target, source, weight) => each(target, source, (t, s) => tf.add(t(), tf.mul(s, fround(weight)))),
    async allFinite(source) {
      const store = floatsOf(source);
      return queue.read(() =>
        piecesOf(store).every(([start, end]) =>
          tf.tidy(() => tf.all(tf.isFinite(store.piece(start, end))).dataSync()[0] === 1),
        ),
      );
    },
  };
}

function piecesOf(store: FloatStore): [number, number][] {
  const cuts = store.cuts();
  return cuts.slice(1).map((end, i) => [cuts[i], end]);
}
