/** Whole-vector arithmetic, each operation rounded to float32 on its own. */
import type { Floats, VectorOps } from '../backend.ts';
import type { Queue } from '../queue.ts';

const { fround } = Math;
/** Elements between two chances for the event loop. */
const piece = 1 << 18;

/** `data` gives a store's elements; throws where the store is another backend's or was freed. */
export function vectorOps(queue: Queue, data: (store: Floats) => Float32Array): VectorOps {
  const each = (target: Floats, source: Floats, apply: (t: Float32Array, s: Float32Array) => void) => {
    if (target.elements !== source.elements)
      throw new RangeError(`vectors of ${target.elements} and ${source.elements} elements do not match`);
    const into = data(target);
    const from = data(source);
    queue.push(function* () {
      for (let start = 0; start < into.length; start += piece) {
        apply(into.subarray(start, start + piece), from.subarray(start, start + piece));
        yield;
      }
    });
  };
  return {
    copy: (target, source) => each(target, source, (t, s) => t.set(s)),
    add: (target, source) =>
      each(target, source, (t, s) => {
        for (let i = 0; i < t.length; i++) t[i] = t[i] + s[i];
      }),
    divide(target, divisor) {
      const by = fround(divisor);
      each(target, target, (t) => {
        for (let i = 0; i < t.length; i++) t[i] = t[i] / by;
      });
    },
    lerp(target, source, weight) {
      const by = fround(weight);
      each(target, source, (t, s) => {
        for (let i = 0; i < t.length; i++) t[i] = t[i] + fround(by * fround(s[i] - t[i]));
      });
    },
    running(target, source, divisor) {
      const by = fround(divisor);
      each(target, source, (t, s) => {
        for (let i = 0; i < t.length; i++) t[i] = t[i] + fround(fround(s[i] - t[i]) / by);
      });
    },
    scale(target, factor) {
      const by = fround(factor);
      each(target, target, (t) => {
        for (let i = 0; i < t.length; i++) t[i] = t[i] * by;
      });
    },
    addScaled(target, source, weight) {
      const by = fround(weight);
      each(target, source, (t, s) => {
        for (let i = 0; i < t.length; i++) t[i] = t[i] + fround(by * s[i]);
      });
    },
    allFinite(source) {
      let finite = true;
      each(source, source, (t) => {
        finite = finite && t.every(Number.isFinite);
      });
      return queue.read(() => finite);
    },
  };
}
