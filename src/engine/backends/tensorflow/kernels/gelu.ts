/** GELU and its derivative on values; the formulas are the reference's. */
import type { OpTable } from '../../../program/types.ts';
import type { Tf, Value } from '../library.ts';

type Activation = OpTable['linear']['attrs']['activation'];

const root = Math.sqrt(2 / Math.PI);
const cubic = 0.044715;

export function activate(tf: Tf, activation: Activation, x: Value): Value {
  switch (activation) {
    case 'none':
      return x;
    case 'gelu-exact':
      return tf.mul(x, normalCdf(tf, x));
    case 'gelu-tanh':
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inside(tf, x)), 1));
  }
}

/** Derivative of the activation at x. */
export function slope(tf: Tf, activation: Exclude<Activation, 'none'>, x: Value): Value {
  if (activation === 'gelu-exact') {
    const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return tf.add(normalCdf(tf, x), tf.mul(x, density));
  }
  const t = tf.tanh(inside(tf, x));
  const inner = tf.mul(tf.add(tf.mul(tf.square(x), 3 * cubic), 1), root);
  const steep = tf.mul(tf.mul(tf.mul(x, 0.5), tf.sub(1, tf.square(t))), inner);
  return tf.add(tf.mul(tf.add(t, 1), 0.5), steep);
}

function inside(tf: Tf, x: Value): Value {
  return tf.mul(tf.add(x, tf.mul(tf.mul(tf.square(x), x), cubic)), root);
}

function normalCdf(tf: Tf, x: Value): Value {
  return tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
}
