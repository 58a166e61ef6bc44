/** What operations compute on during one run of a program. */
import { sizeOf } from '../../program/shapes.ts';
import type { AnyOp, Op, OpKind, Scalars, Tensor } from '../../program/types.ts';
import type { Tf, Value } from './library.ts';
import { DropoutMasks } from './masks.ts';
import { FloatStore, type IntegerStore } from './store.ts';

/**
 * Computes one operation. Every value made on the way is disposed of when it returns (tf.tidy), what `put` was given
 * is kept. One that returns an iterable does so for itself, and lets the event loop turn at every step.
 */
export type Kernel<K extends OpKind> = (op: Op<K>, memory: Memory) => undefined | Iterable<void>;

export class Memory {
  readonly tf: Tf;
  readonly scalars: Scalars;
  readonly masks: DropoutMasks;
  readonly #stores: ReadonlyMap<string, FloatStore | IntegerStore>;
  readonly #activations = new Map<number, Value>();

  constructor(tf: Tf, scalars: Scalars, stores: ReadonlyMap<string, FloatStore | IntegerStore>) {
    this.tf = tf;
    this.scalars = scalars;
    this.masks = new DropoutMasks(tf, scalars);
    this.#stores = stores;
  }

  /** A tensor's value in its shape, or another of the same size. Not to be disposed of. */
  value(tensor: Tensor, shape: readonly number[] = tensor.shape): Value {
    const flat = tensor.store
      ? this.whole(tensor).piece(tensor.offset, tensor.offset + sizeOf(tensor.shape))
      : this.#activations.get(tensor.id);
    if (!flat) throw new Error(`"${tensor.name}" is read before anything wrote it`);
    return this.tf.reshape(flat, [...shape]);
  }

  /** Token ids. Throws Error naming one that is no row of a table of so many. */
  ids(op: AnyOp, tensor: Tensor, rows: number): Int32Array {
    const store = this.#stores.get(tensor.store!) as IntegerStore;
    const ids = store.data.subarray(tensor.offset, tensor.offset + sizeOf(tensor.shape));
    for (const id of ids) if (id < 0 || id >= rows) throw new Error(`${op.kind}: token ${id} is not in [0, ${rows})`);
    return ids;
  }

  /** The whole bound store of a tensor, which may be longer than the tensor. */
  whole(tensor: Tensor): FloatStore {
    const store = this.#stores.get(tensor.store!);
    if (!(store instanceof FloatStore)) throw new Error(`"${tensor.name}" is not bound to floats`);
    return store;
  }

  /** Writes an output the way the operation's mode says. The value has the output's size, in any shape. */
  put(op: AnyOp, output: string, value: Value): void {
    const tensor = (op.out as Record<string, Tensor>)[output];
    const mode = op.writes[output];
    const adds = mode === 'add' || (mode === 'first' && this.scalars.accumulate === 1);
    const sum = adds ? this.tf.add(this.value(tensor), this.tf.reshape(value, [...tensor.shape])) : value;
    if (tensor.store) {
      this.whole(tensor).replace(tensor.offset, tensor.offset + sizeOf(tensor.shape), sum);
      return;
    }
    const own = this.tf.keep(this.tf.reshape(sum, [...tensor.shape]));
    this.#activations.get(tensor.id)?.dispose();
    this.#activations.set(tensor.id, own);
  }

  /** Hands an activation over to the caller, who disposes of it. */
  take(tensor: Tensor): Value | undefined {
    const value = this.#activations.get(tensor.id);
    this.#activations.delete(tensor.id);
    return value;
  }

  /** Lets go of everything that was not taken. */
  dispose(): void {
    for (const value of this.#activations.values()) value.dispose();
    this.#activations.clear();
    this.masks.dispose();
  }
}
