/**
 * The reference backend: plain TypeScript, float64 inside. It defines what operations mean, judges the
 * other backends in tests, and trains where no other backend works.
 */
import { cpus } from 'node:os';
import { planArena, stepsOf } from '../../program/plan.ts';
import { sizeOf } from '../../program/shapes.ts';
import type { DType, Program, Scalars, Tensor } from '../../program/types.ts';

import type { Backend, BackendInfo, BackendOptions, Data, Executable, Store } from '../backend.ts';
import { boundStore, boundTensors } from '../bindings.ts';
import { Queue } from '../queue.ts';
import { completeScalars } from '../scalars.ts';
import { execute } from './interpreter.ts';

import { memoryOf, type View } from './memory.ts';
import { vectorOps } from './vectors.ts';

const readLimit = 2_097_152;
const doubleBytes = Float64Array.BYTES_PER_ELEMENT;

/**
 * @param mixed rounds operands of linear layers, attention and the classifier to bfloat16, as families of mixed precision do: to
 * judge those in tests. Never used to train.
 */
export async function openReference({ mixed = false }: BackendOptions & { mixed?: boolean } = {}): Promise<Backend> {
  return new ReferenceBackend(mixed);
}

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);
/** The nearest bfloat16, by way of float32; ties go to even. */
function bfloat16(value: number): number {
  single[0] = value;
  if (Number.isFinite(value)) singleBits[0] = (singleBits[0] + 0x7fff + ((singleBits[0] >>> 16) & 1)) & 0xffff0000;
  return single[0];
}

class ReferenceBackend implements Backend {
  readonly info: BackendInfo = {
    name: 'reference',
    device: cpus()[0]?.model.trim() ?? 'unknown processor',
    family: 'TypeScript float64',
    threads: 1,
    numerics: { backend: 'reference', precision: 'float64', version: 2 },
  };
  readonly #mixed: boolean;
  readonly #queue = new Queue();
  readonly vectors = vectorOps(this.#queue, dataOf<'f32'>);
  /** Activations of whichever program runs; programs of one backend never run at the same time. */
  #arena = new Float64Array(0);

  constructor(mixed: boolean) {
    this.#mixed = mixed;
  }

  store<D extends DType>(dtype: D, elements: number): Store<D> {
    return new MemoryStore(dtype, elements, this.#queue);
  }

  compile(program: Program): Executable {
    const arena = (elements: number) => {
      if (this.#arena.length < elements) this.#arena = new Float64Array(elements);
      return this.#arena;
    };
    return new Interpreted(program, this.#queue, arena, this.#mixed);
  }

  drain(): Promise<void> {
    return this.#queue.drain();
  }

  async close(): Promise<void> {
    await this.#queue.drain();
    this.#arena = new Float64Array(0);
  }
}

class MemoryStore<D extends DType> implements Store<D> {
  readonly dtype: D;
  readonly elements: number;
  readonly #queue: Queue;
  data: Data<D> | null;

  constructor(dtype: D, elements: number, queue: Queue) {
    this.dtype = dtype;
    this.elements = elements;
    this.#queue = queue;
    try {
      this.data = (dtype === 'i32' ? new Int32Array(elements) : new Float32Array(elements)) as Data<D>;
    } catch (error) {
      throw new Error(`no memory for a store of ${elements} elements (${4 * elements} bytes)`, { cause: error });
    }
  }

  write(offset: number, data: Data<D>): void {
    const target = dataOf(this);
    this.#check('write', offset, data.length);
    const copy = data.slice();
    this.#queue.push(() => {
      target.set(copy, offset);
      return undefined;
    });
  }

  async read(offset: number, count: number): Promise<Data<D>> {
    const source = dataOf(this);
    this.#check('read', offset, count);
    if (count > readLimit) throw new RangeError(`a read of ${count} elements is over the limit of ${readLimit}`);
    return this.#queue.read(() => source.slice(offset, offset + count) as Data<D>);
  }

  free(): void {
    this.data = null;
  }

  #check(what: string, offset: number, count: number): void {
    if (offset >= 0 && Number.isInteger(offset) && offset + count <= this.elements) return;
    throw new RangeError(`${what} of [${offset}, ${offset + count}) passes a store of ${this.elements} elements`);
  }
}

/** A store's elements. Throws Error where it was freed or belongs to another backend. */
function dataOf<D extends DType>(store: Store<D>): Data<D> {
  if (!(store instanceof MemoryStore)) throw new Error('a store of another backend was given to reference');
  if (!store.data) throw new Error('a store was used after it was freed');
  return store.data as Data<D>;
}

class Interpreted implements Executable {
  readonly program: Program;
  readonly arenaBytes: number;
  readonly #queue: Queue;
  readonly #arena: (elements: number) => Float64Array;
  readonly #mixed: boolean;
  readonly #offsets: ReadonlyMap<number, number>;
  /** Results outlive the run, so they lie outside the arena. */
  readonly #results: ReadonlyMap<number, Float64Array>;
  /** Tensors that callers bind. */
  readonly #bound: readonly Tensor[];

  constructor(program: Program, queue: Queue, arena: (elements: number) => Float64Array, mixed: boolean) {
    this.program = program;
    this.#mixed = mixed;
    this.#queue = queue;
    this.#arena = arena;
    this.#results = new Map(program.results.map((t) => [t.id, new Float64Array(sizeOf(t.shape))]));
    const plan = planArena(stepsOf(program), (t) => (this.#results.has(t.id) ? 0 : doubleBytes * sizeOf(t.shape)));
    this.#offsets = plan.offsets;
    this.arenaBytes = plan.bytes;
    this.#bound = boundTensors(program);
    arena(plan.bytes / doubleBytes);
  }

  run(bindings: Readonly<Record<string, Store>>, scalars: Partial<Scalars>): void {
    const stores = new Map<string, View>();
    const complete = completeScalars(scalars);
    for (const tensor of this.#bound)
      stores.set(tensor.store!, dataOf(boundStore(this.program, tensor, bindings, complete.ringSlot)));
    const arena = this.#arena(this.arenaBytes / doubleBytes);
    const view = (tensor: Tensor): View => {
      const size = sizeOf(tensor.shape);
      const store = tensor.store === null ? undefined : stores.get(tensor.store);
      if (store) return store.subarray(tensor.offset, tensor.offset + size);
      const at = this.#offsets.get(tensor.id)! / doubleBytes;
      return this.#results.get(tensor.id) ?? arena.subarray(at, at + size);
    };
    const memory = memoryOf(view, (tensor) => stores.get(tensor.store!)!, this.#mixed ? bfloat16 : undefined);
    for (const op of this.program.ops) this.#queue.push(() => execute(op, memory, complete));
  }

  async result(name: string): Promise<Float32Array> {
    const tensor = this.program.results.find((t) => t.name === name);
    if (!tensor) throw new Error(`program ${this.program.name} has no result "${name}"`);
    return this.#queue.read(() => new Float32Array(this.#results.get(tensor.id)!));
  }

  free(): void {}
}
