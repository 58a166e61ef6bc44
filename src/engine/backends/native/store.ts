/** Stores whose memory the addon owns. */
import type { DType } from '../../program/types.ts';
import type { Data, Store } from '../backend.ts';
import type { Addon, EngineHandle, StoreHandle } from './addon.ts';

/** Most elements that one read may take: 8 MiB. */
const readLimit = 2_097_152;
const elementBytes = 4;

export class NativeStore<D extends DType> implements Store<D> {
  readonly dtype: D;
  readonly elements: number;
  readonly #addon: Addon;
  readonly #engine: EngineHandle;
  #handle: StoreHandle | null;

  constructor(addon: Addon, engine: EngineHandle, dtype: D, elements: number) {
    if (!Number.isSafeInteger(elements) || elements < 0) throw new RangeError(`a store of ${elements} elements`);
    this.dtype = dtype;
    this.elements = elements;
    this.#addon = addon;
    this.#engine = engine;
    try {
      this.#handle = addon.store(engine, elements * elementBytes);
    } catch (error) {
      throw new Error(`no memory for a store of ${elements} elements: ${(error as Error).message}`, { cause: error });
    }
  }

  /** The addon's handle. Throws Error once the store was freed. */
  handle(): StoreHandle {
    if (!this.#handle) throw new Error('a store was used after it was freed');
    return this.#handle;
  }

  write(offset: number, data: Data<D>): void {
    this.#check('write', offset, data.length);
    this.#addon.write(this.#engine, this.handle(), offset * elementBytes, data);
  }

  async read(offset: number, count: number): Promise<Data<D>> {
    const handle = this.handle();
    this.#check('read', offset, count);
    if (count > readLimit) throw new RangeError(`a read of ${count} elements is over the limit of ${readLimit}`);
    const bytes = await this.#addon.read(this.#engine, handle, offset * elementBytes, count * elementBytes);
    return (this.dtype === 'i32' ? new Int32Array(bytes) : new Float32Array(bytes)) as Data<D>;
  }

  free(): void {
    if (this.#handle) this.#addon.free(this.#handle);
    this.#handle = null;
  }

  #check(what: string, offset: number, count: number): void {
    if (offset >= 0 && Number.isInteger(offset) && Number.isInteger(count) && count >= 0)
      if (offset + count <= this.elements) return;
    throw new RangeError(`${what} of [${offset}, ${offset + count}) passes a store of ${this.elements} elements`);
  }
}

/** The addon's handle of a store of any backend. Throws Error where it is another backend's. */
export function handleOf(store: Store): StoreHandle {
  if (!(store instanceof NativeStore)) throw new Error('a store of another backend was given to native');
  return store.handle();
}
