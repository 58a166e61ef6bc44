/** Stores in the card's memory. Tokens and targets are kept on the processor too, which checks them before a run. */
import type { DType } from '../../program/types.ts';
import type { Data, Floats, Store } from '../backend.ts';
import { usage } from './dawn.ts';
import type { Device } from './device.ts';

const readLimit = 2_097_152;

export class GpuStore<D extends DType = DType> implements Store<D> {
  readonly dtype: D;
  readonly elements: number;
  readonly buffer: GPUBuffer;
  /** Tells stores apart where bind groups are looked up. */
  readonly id: number;
  /** What an i32 store holds, as of the latest write. */
  readonly mirror: Int32Array | null;
  readonly #device: Device;
  #freed = false;
  static #ids = 0;

  constructor(device: Device, dtype: D, elements: number) {
    if (!Number.isSafeInteger(elements) || elements < 0) throw new RangeError(`a store of ${elements} elements`);
    this.dtype = dtype;
    this.elements = elements;
    this.#device = device;
    this.id = GpuStore.#ids++;
    this.mirror = dtype === 'i32' ? new Int32Array(elements) : null;
    this.buffer = device.buffer(4 * elements, usage.storage | usage.copySource | usage.copyTarget);
  }

  write(offset: number, data: Data<D>): void {
    this.usable();
    this.#check('write', offset, data.length);
    if (data.length === 0) return;
    this.mirror?.set(data as Int32Array, offset);
    this.#device.usable();
    this.#device.queue.writeBuffer(this.buffer, 4 * offset, data as Float32Array<ArrayBuffer>);
  }

  async read(offset: number, count: number): Promise<Data<D>> {
    this.usable();
    this.#check('read', offset, count);
    if (count > readLimit) throw new RangeError(`a read of ${count} elements is over the limit of ${readLimit}`);
    const bytes = count === 0 ? new ArrayBuffer(0) : await this.#device.read(this.buffer, 4 * offset, 4 * count);
    return (this.dtype === 'i32' ? new Int32Array(bytes) : new Float32Array(bytes)) as Data<D>;
  }

  free(): void {
    if (this.#freed) return;
    this.#freed = true;
    this.buffer.destroy();
  }

  /** Throws Error once the store was freed. */
  usable(): void {
    if (this.#freed) throw new Error('a store was used after it was freed');
  }

  #check(what: string, offset: number, count: number): void {
    if (offset >= 0 && Number.isInteger(offset) && Number.isInteger(count) && count >= 0)
      if (offset + count <= this.elements) return;
    throw new RangeError(`${what} of [${offset}, ${offset + count}) passes a store of ${this.elements} elements`);
  }
}

/** A store of this backend. Throws Error where it was freed or is another backend's. */
export function gpuStore(store: Store | Floats): GpuStore {
  if (!(store instanceof GpuStore)) throw new Error('a store of another backend was given to webgpu');
  store.usable();
  return store;
}
