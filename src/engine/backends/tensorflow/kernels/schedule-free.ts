import type { Value } from '../library.ts';
import type { Kernel } from '../memory.ts';
import { globalNorm, piecesOf, ringRow, writeRing } from './update.ts';

/** Schedule-free AdamW as the reference has it, decided on the device like AdamW. */
export const scheduleFree: Kernel<'scheduleFree'> = function* (op, memory) {
  const { tf, scalars } = memory;
  const { beta, beta2, epsilon, weightDecay, clip } = op.attrs;
  const [x, g, z, v, y] = [op.in.parameters, op.in.gradients, op.in.z, op.in.v, op.in.point].map((t) =>
    memory.whole(t),
  );
  const counters = memory.whole(op.in.counters);
  const pieces = piecesOf(op, g.cuts());
  const kept: Value[] = [];
  try {
    const norm = yield* globalNorm(memory, pieces, (start, end) => g.piece(start, end), kept);
    const [fine, scale, root, share] = tf.tidy(() => {
      const fine = tf.logicalAnd(tf.isFinite(norm), tf.isFinite(ringRow(op, memory)[0]));
      const old = counters.piece(0, counters.elements);
      const [before, most, high, low] = [0, 1, 2, 3].map((i) => tf.slice(old, [i], [1]));
      const t = tf.add(before, 1);
      const peak = tf.maximum(most, scalars.learningRate);
      const weight = tf.square(peak);
      // The sum in two halves: what float32 rounds off from the first (Knuth's TwoSum) goes to the second.
      const sum = tf.add(high, weight);
      const part = tf.sub(sum, high);
      const lost = tf.add(tf.add(tf.sub(high, tf.sub(sum, part)), tf.sub(weight, part)), low);
      const head = tf.add(sum, lost);
      const tail = tf.sub(lost, tf.sub(head, sum));
      const next = [t, peak, head, tail].map((value, i) => tf.where(fine, value, [before, most, high, low][i]));
      const others = tf.slice(old, [4], [counters.elements - 4]);
      counters.replace(0, counters.elements, tf.concat([...next, others]));
      writeRing(op, memory, [ringRow(op, memory)[0], norm, tf.cast(fine, 'float32'), next[0]]);
      const bounded = clip > 0 ? tf.minimum(tf.div(clip, tf.add(norm, 1e-6)), 1) : tf.scalar(1);
      const root = tf.sqrt(tf.neg(tf.expm1(tf.mul(t, Math.log(beta2)))));
      // Rates of zero so far weigh nothing.
      const share = tf.div(weight, tf.maximum(head, 2 ** -126));
      return [fine, bounded, root, share].map((value) => tf.keep(value));
    });
    kept.push(fine, scale, root, share);
    for (const { start, end, decays } of pieces) {
      tf.tidy(() => {
        const [slow, fast, second, point] = [x, z, v, y].map((store) => store.piece(start, end));
        const gradient = tf.mul(g.piece(start, end), scale);
        const v1 = tf.add(tf.mul(second, beta2), tf.mul(tf.square(gradient), 1 - beta2));
        const plain = tf.div(gradient, tf.add(tf.div(tf.sqrt(v1), root), epsilon));
        const step = decays ? tf.add(plain, tf.mul(point, weightDecay)) : plain;
        const z1 = tf.sub(fast, tf.mul(step, scalars.learningRate));
        const x1 = tf.add(slow, tf.mul(tf.sub(z1, slow), share));
        v.replace(start, end, tf.where(fine, v1, second));
        z.replace(start, end, tf.where(fine, z1, fast));
        x.replace(start, end, tf.where(fine, x1, slow));
        y.replace(start, end, tf.where(fine, tf.add(z1, tf.mul(tf.sub(x1, z1), beta)), point));
      });
      yield;
    }
  } finally {
    tf.dispose(kept);
  }
};
