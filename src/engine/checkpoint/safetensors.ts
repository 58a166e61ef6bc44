/** Reading and writing safetensors files by range; nothing is ever held whole. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ensureSpace, writeThrough } from '../files.ts';
import { fromBfloat16, fromHalf } from './half.ts';
import type { TensorPlace, TensorSource } from './import/tensors.ts';
import {
  damaged,
  dtypeBytes,
  headerLimit,
  readFully,
  readHeader,
  type SafetensorsDType,
  type SafetensorsHeader,
  type TensorInfo,
} from './safetensors-header.ts';

export class SafetensorsReader implements SafetensorsHeader, TensorSource {
  readonly path: string;
  readonly files: readonly string[];
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly bytes: number;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle, header: SafetensorsHeader) {
    this.path = path;
    this.files = [path];
    this.#handle = handle;
    this.tensors = header.tensors;
    this.metadata = header.metadata;
    this.bytes = header.bytes;
  }

  /** @throws UserError 'file-damaged' naming the file and what is wrong with it */
  static async open(path: string): Promise<SafetensorsReader> {
    const handle = await open(path, 'r');
    try {
      return new SafetensorsReader(path, handle, await readHeader(handle, path));
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** @throws UserError 'file-damaged' when the file has no such tensor */
  info(name: string): TensorInfo {
    const info = this.tensors.get(name);
    if (!info) throw damaged(this.path, `it has no tensor "${name}"`);
    return info;
  }

  /** Elements [start, start + count) of a tensor as their stored bytes. Throws RangeError past its end. */
  async raw(name: string, start: number, count: number): Promise<Uint8Array> {
    const target = new Uint8Array(Math.max(0, count) * dtypeBytes[this.info(name).dtype]);
    await this.readInto(name, start, count, target);
    return target;
  }

  /** The same into the first bytes of `target`. */
  async readInto(name: string, start: number, count: number, target: Uint8Array): Promise<void> {
    const info = this.info(name);
    if (start < 0 || count < 0 || start + count > info.elements)
      throw new RangeError(`${name} has ${info.elements} elements, [${start}, ${start + count}) was asked for`);
    const size = dtypeBytes[info.dtype];
    await readFully(this.#handle, this.path, target.subarray(0, count * size), info.position + start * size);
  }

  async place(name: string): Promise<TensorPlace> {
    return { file: this.path, position: this.info(name).position };
  }

  /** Elements [start, start + count) of a float tensor, as float32. */
  async floats(name: string, start: number, count: number): Promise<Float32Array> {
    const { dtype } = this.info(name);
    const floats = toFloats(await this.raw(name, start, count), dtype);
    if (!floats) throw damaged(this.path, `tensor "${name}" holds ${dtype}, not floating-point numbers`);
    return floats;
  }

  fileOf(): string {
    return this.path;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** Little-endian bytes that start their buffer, as float32; null where the dtype holds no floating-point numbers. */
export function toFloats({ buffer }: Uint8Array, dtype: SafetensorsDType): Float32Array | null {
  if (dtype === 'F32') return new Float32Array(buffer);
  if (dtype === 'F16') return fromHalf(new Uint16Array(buffer));
  if (dtype === 'BF16') return fromBfloat16(new Uint16Array(buffer));
  if (dtype === 'F64') return Float32Array.from(new Float64Array(buffer));
  return null;
}

export interface TensorToWrite {
  readonly name: string;
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  /** Little-endian bytes, row-major, in order; together exactly the tensor. Each is written before the next is asked for. */
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface WrittenFile {
  readonly bytes: number;
  /** Of the whole file, in hexadecimal. */
  readonly sha256: string;
}

/**
 * How a file of these tensors begins, and the bytes of each: the length of the header, the header, spaces up to a
 * multiple of 8 as the format's own library writes them.
 */
export function safetensorsHead(
  tensors: readonly Pick<TensorToWrite, 'name' | 'dtype' | 'shape'>[],
  metadata: Readonly<Record<string, string>>,
): { head: Buffer; sizes: number[] } {
  const header = new Map<string, unknown>([['__metadata__', metadata]]);
  let offset = 0;
  const sizes = tensors.map(({ name, dtype, shape }) => {
    if (header.has(name)) throw new Error(`Two tensors are called ${name}`);
    const bytes = shape.reduce((a, b) => a * b, 1) * dtypeBytes[dtype];
    header.set(name, { dtype, shape, data_offsets: [offset, offset + bytes] });
    offset += bytes;
    return bytes;
  });
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const length = Math.ceil(json.length / 8) * 8;
  if (length > headerLimit) throw new Error(`The header would have ${length} bytes`);
  const head = Buffer.alloc(8 + length, ' ');
  head.writeBigUInt64LE(BigInt(length), 0);
  json.copy(head, 8);
  return { head, sizes };
}

/**
 * Writes tensors in the order given, through a temporary name and fsync.
 * @throws UserError 'disk-full' (before the first byte where the size shows it) or 'not-writable'
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
): Promise<WrittenFile> {
  const { head, sizes } = safetensorsHead(tensors, metadata);
  const total = sizes.reduce((a, b) => a + b, head.length);
  await ensureSpace(dirname(path), total);
  const hash = createHash('sha256');
  await writeThrough(
    path,
    async (handle) => {
      const put = async (bytes: Uint8Array) => {
        hash.update(bytes);
        let done = 0;
        while (done < bytes.length) done += (await handle.write(bytes, done)).bytesWritten;
      };
      await put(head);
      for (const [i, tensor] of tensors.entries()) {
        let written = 0;
        for await (const chunk of tensor.chunks) {
          written += chunk.length;
          if (written > sizes[i]) break;
          await put(chunk);
        }
        if (written !== sizes[i]) throw new Error(`${tensor.name} gave ${written} bytes instead of ${sizes[i]}`);
      }
    },
    total,
  );
  return { bytes: total, sha256: hash.digest('hex') };
}
