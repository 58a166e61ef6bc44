/**
 * Dropout masks. TensorFlow.js has neither exclusive or nor shifts, so the generator runs on the processor and the
 * mask goes over as one byte per element, once for forward and backward of a run.
 */

import { sizeOf } from '../../program/shapes.ts';
import type { AnyOp, Scalars } from '../../program/types.ts';
import { dropoutThreshold, Random } from '../../random.ts';
import type { Tf, Value } from './library.ts';

/** Elements between two chances for the event loop. */
const stretch = 1 << 16;

interface Site {
  readonly rate: number;
  readonly stream: number;
  readonly elements: number;
}

/** What an operation drops; null where it drops nothing. */
export function dropoutSite(op: AnyOp): Site | null {
  switch (op.kind) {
    case 'dropout':
      return site(op.attrs.rate, op.attrs.stream, sizeOf(op.in.x.shape));
    case 'dropoutBackward':
      return site(op.attrs.rate, op.attrs.stream, sizeOf(op.in.dy.shape));
    case 'attention':
    case 'attentionBackward': {
      const [batch, time] = op.in.qkv.shape;
      return site(op.attrs.dropout, op.attrs.stream, batch * op.attrs.heads * time * time);
    }
    default:
      return null;
  }
}

function site(rate: number, stream: number, elements: number): Site | null {
  return rate === 0 ? null : { rate, stream, elements };
}

/** By operation, the sites whose mask nothing after it needs. */
export function lastSites(ops: readonly AnyOp[]): ReadonlyMap<AnyOp, Site> {
  const last = new Map<string, AnyOp>();
  for (const op of ops) {
    const found = dropoutSite(op);
    if (found) last.set(keyOf(found), op);
  }
  return new Map([...last.values()].map((op) => [op, dropoutSite(op)!]));
}

const keyOf = ({ rate, stream, elements }: Site) => `${stream} ${rate} ${elements}`;

/** The masks of one run. */
export class DropoutMasks {
  readonly #tf: Tf;
  readonly #scalars: Scalars;
  readonly #made = new Map<string, Value>();

  constructor(tf: Tf, scalars: Scalars) {
    this.#tf = tf;
    this.#scalars = scalars;
  }

  /** Makes the mask that an operation needs, where it is not there from the forward pass. */
  *prepare(op: AnyOp): Generator<void> {
    const found = dropoutSite(op);
    if (!found || this.#made.has(keyOf(found))) return;
    const { seed, step, microBatch } = this.#scalars;
    const random = new Random(seed, found.stream, step, microBatch);
    const threshold = dropoutThreshold(found.rate);
    const kept = new Uint8Array(found.elements);
    for (let e = 0; e < kept.length; e++) {
      kept[e] = random.word(e) >= threshold ? 1 : 0;
      if (e % stretch === stretch - 1) yield;
    }
    this.#made.set(keyOf(found), this.#tf.tensor1d(kept, 'bool'));
  }

  /** What to multiply [first, first + shape's size) of an operation's elements by: 0 or 1/(1 − rate). Call inside a tidy. */
  factors(op: AnyOp, shape: readonly number[], first = 0): Value {
    const found = dropoutSite(op)!;
    const mask = this.#made.get(keyOf(found))!;
    const count = sizeOf(shape);
    const part = count === found.elements ? mask : this.#tf.slice(mask, [first], [count]);
    return this.#tf.mul(this.#tf.reshape(this.#tf.cast(part, 'float32'), [...shape]), 1 / (1 - found.rate));
  }

  release(gone: Site): void {
    this.#made.get(keyOf(gone))?.dispose();
    this.#made.delete(keyOf(gone));
  }

  dispose(): void {
    for (const mask of this.#made.values()) mask.dispose();
    this.#made.clear();
  }
}
