/** Tensors by name, whatever file or files they lie in. */
import type { SafetensorsDType, TensorInfo } from '../safetensors-header.ts';

export interface TensorSource {
  /** File or folder, for messages. */
  readonly path: string;
  /** The files that it consists of. */
  readonly files: readonly string[];
  /** What is there; sizes are as stored. */
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Elements [start, start + count), little-endian, as stored. Throws RangeError past the tensor's end. */
  raw(name: string, start: number, count: number): Promise<Uint8Array>;
  /** The same into the first bytes of `target`; absent where the bytes do not lie in the file as they are. */
  readInto?(name: string, start: number, count: number, target: Uint8Array): Promise<void>;
  /** Where the same bytes lie one after the other; null, or absent, where they do not lie in a file as they are. */
  place?(name: string): Promise<TensorPlace | null>;
  /** The same of a float tensor, as float32, in memory of its own. */
  floats(name: string, start: number, count: number): Promise<Float32Array>;
  /** The file that a tensor lies in. */
  fileOf(name: string): string;
  close(): Promise<void>;
}

export interface TensorPlace {
  readonly file: string;
  /** Of the first byte. */
  readonly position: number;
}

export type SourceTensor = Omit<TensorInfo, 'position'>;

export const isFloat = (dtype: SafetensorsDType): boolean => ['F32', 'F16', 'BF16', 'F64'].includes(dtype);
