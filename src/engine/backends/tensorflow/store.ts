/**
 * Stores on TensorFlow. Its tensors never change, so a store of floats is a row of pieces that are replaced one by
 * one: cut where programs read and write, a training step copies no vector and every slice is free.
 */
import type { Data, Store } from '../backend.ts';
import type { Queue } from '../queue.ts';
import type { Tf, Value } from './library.ts';

const readLimit = 2_097_152;

/** Elements [start, end) of a store; null: all zero, no memory taken yet. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly value: Value | null;
}

abstract class QueuedStore<D extends 'f32' | 'i32'> implements Store<D> {
  abstract readonly dtype: D;
  readonly elements: number;
  readonly queue: Queue;
  #freed = false;

  constructor(elements: number, queue: Queue) {
    if (!Number.isSafeInteger(elements) || elements < 0) throw new RangeError(`a store of ${elements} elements`);
    this.elements = elements;
    this.queue = queue;
  }

  write(offset: number, data: Data<D>): void {
    this.usable();
    this.#check('write', offset, data.length);
    const copy = data.slice() as Data<D>;
    this.queue.push(() => {
      if (copy.length > 0) this.put(offset, copy);
      return undefined;
    });
  }

  async read(offset: number, count: number): Promise<Data<D>> {
    this.usable();
    this.#check('read', offset, count);
    if (count > readLimit) throw new RangeError(`a read of ${count} elements is over the limit of ${readLimit}`);
    return this.queue.read(() => this.get(offset, count));
  }

  /** In queue order, so that what was enqueued before may still use it. */
  free(): void {
    if (this.#freed) return;
    this.#freed = true;
    this.queue.push(() => {
      this.drop();
      return undefined;
    });
  }

  /** Throws Error once the store was freed. */
  usable(): void {
    if (this.#freed) throw new Error('a store was used after it was freed');
  }

  protected abstract put(offset: number, data: Data<D>): void;
  protected abstract get(offset: number, count: number): Data<D>;
  protected abstract drop(): void;

  #check(what: string, offset: number, count: number): void {
    if (offset >= 0 && Number.isInteger(offset) && Number.isInteger(count) && count >= 0)
      if (offset + count <= this.elements) return;
    throw new RangeError(`${what} of [${offset}, ${offset + count}) passes a store of ${this.elements} elements`);
  }
}

/** Tokens and targets: they stay with the processor, which checks them, and go over when an operation needs them. */
export class IntegerStore extends QueuedStore<'i32'> {
  readonly dtype = 'i32';
  /** Read in queue order only. */
  data: Int32Array;

  constructor(elements: number, queue: Queue) {
    super(elements, queue);
    this.data = new Int32Array(elements);
  }

  protected put(offset: number, data: Int32Array): void {
    this.data.set(data, offset);
  }

  protected get(offset: number, count: number): Int32Array {
    return this.data.slice(offset, offset + count);
  }

  protected drop(): void {
    this.data = new Int32Array(0);
  }
}

/** Methods beside those of `Store` act at once: call them from the queue. */
export class FloatStore extends QueuedStore<'f32'> {
  readonly dtype = 'f32';
  readonly #tf: Tf;
  /** Ascending, without gaps, over the whole store. */
  #pieces: Piece[];

  constructor(elements: number, queue: Queue, tf: Tf) {
    super(elements, queue);
    this.#tf = tf;
    this.#pieces = elements > 0 ? [{ start: 0, end: elements, value: null }] : [];
  }

  /** Where pieces begin, ascending, and the end of the last. */
  cuts(): number[] {
    return [...this.#pieces.map(({ start }) => start), this.elements];
  }

  /** Exactly the elements [start, end), flat. The store's own: not to be disposed of, and good until it is replaced. */
  piece(start: number, end: number): Value {
    const at = this.#isolate(start, end);
    const inside = this.#pieces.filter((piece) => piece.start >= start && piece.end <= end);
    const [first] = inside;
    if (inside.length === 1 && first.value) return first.value;
    const value = this.#tf.keep(this.#joined(inside));
    this.#swap(at, inside.length, [{ start, end, value }]);
    return value;
  }

  /** Replaces the elements [start, end) by those of a value of any shape, which stays the caller's. */
  replace(start: number, end: number, value: Value): void {
    if (start === end) return;
    const own = this.#tf.keep(this.#tf.reshape(value, [end - start]));
    const at = this.#isolate(start, end);
    let count = 0;
    while (at + count < this.#pieces.length && this.#pieces[at + count].end <= end) count++;
    this.#swap(at, count, [{ start, end, value: own }]);
  }

  protected put(offset: number, data: Float32Array): void {
    const value = this.#tf.tensor1d(data, 'float32');
    this.replace(offset, offset + data.length, value);
    value.dispose();
  }

  protected get(offset: number, count: number): Float32Array {
    const out = new Float32Array(count);
    for (const { start, end, value } of this.#pieces) {
      const [from, to] = [Math.max(start, offset), Math.min(end, offset + count)];
      if (!value || from >= to) continue;
      const part = to - from === end - start ? value : this.#tf.slice(value, [from - start], [to - from]);
      try {
        out.set(part.dataSync() as Float32Array, from - offset);
      } finally {
        if (part !== value) part.dispose();
      }
    }
    return out;
  }

  protected drop(): void {
    for (const { value } of this.#pieces) value?.dispose();
    this.#pieces = [];
  }

  /** Cuts at both ends; the index of the piece that then begins at `start`. */
  #isolate(start: number, end: number): number {
    this.#cut(end);
    return this.#cut(start);
  }

  #cut(at: number): number {
    const index = this.#pieces.findIndex((piece) => piece.end > at);
    if (index < 0) return this.#pieces.length;
    const { start, end, value } = this.#pieces[index];
    if (start === at) return index;
    const part = (from: number, to: number): Piece => ({
      start: from,
      end: to,
      value: value && this.#tf.keep(this.#tf.slice(value, [from - start], [to - from])),
    });
    this.#swap(index, 1, [part(start, at), part(at, end)]);
    return index + 1;
  }

  #joined(pieces: readonly Piece[]): Value {
    return this.#tf.tidy(() => {
      const values = pieces.map(({ start, end, value }) => value ?? this.#tf.zeros([end - start]));
      return values.length === 1 ? values[0] : this.#tf.concat(values);
    });
  }

  #swap(at: number, count: number, by: Piece[]): void {
    for (const { value } of this.#pieces.splice(at, count, ...by)) value?.dispose();
  }
}

/** A store of floats of this backend. Throws Error where it was freed or is another backend's. */
export function floatsOf(store: Store): FloatStore {
  if (!(store instanceof FloatStore)) throw new Error('a store of another backend was given to tensorflow');
  store.usable();
  return store;
}

/** The same of either type. */
export function storeOf(store: Store): FloatStore | IntegerStore {
  if (!(store instanceof IntegerStore)) return floatsOf(store);
  store.usable();
  return store;
}
