/** The parameter vector by range: between stores, files and converters, at most 8 MiB at a time. */
import type { Floats } from '../backends/backend.ts';
import { UserError } from '../errors.ts';
import type { ParameterTable } from '../program/types.ts';
import { toBfloat16, toHalf } from './half.ts';
import type { SafetensorsDType } from './safetensors-header.ts';

/** Elements [offset, offset + count) of a parameter vector, or of one with its layout; count at most `pieceElements`. */
export type WeightReader = (offset: number, count: number) => Promise<Float32Array>;
export type WeightWriter = (offset: number, data: Float32Array) => void;

/** 8 MiB of float32. */
export const pieceElements = 2_097_152;

export type WeightDType = 'float32' | 'float16' | 'bfloat16';
export const safetensorsDType: Readonly<Record<WeightDType, SafetensorsDType>> = {
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
};

export const storeReader =
  (store: Floats): WeightReader =>
  (offset, count) =>
    store.read(offset, count);

/** [start, end) in pieces of at most 8 MiB. */
export function* pieces(start: number, end: number): Generator<{ offset: number; count: number }> {
  for (let offset = start; offset < end; offset += pieceElements)
    yield { offset, count: Math.min(pieceElements, end - offset) };
}

/** Copies a whole vector, piece by piece. */
export async function copyVector(read: WeightReader, write: WeightWriter, elements: number): Promise<void> {
  for (const { offset, count } of pieces(0, elements)) write(offset, await read(offset, count));
}

/** Whether every element is finite; x · 0 is NaN exactly where x is not. */
export function allFinite(data: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i] * 0;
  return sum === 0;
}

/**
 * Elements [offset, offset + count) as little-endian bytes of a dtype. The reader is asked for the next piece while
 * the one before is being written.
 * @param name of the tensor, for messages
 * @throws UserError 'not-finite' on NaN and infinity, 'out-of-range' on a weight that the dtype cannot hold
 */
export async function* encodedPieces(
  read: WeightReader,
  offset: number,
  count: number,
  dtype: WeightDType,
  name: string,
): AsyncGenerator<Uint8Array> {
  const ranges = [...pieces(offset, offset + count)];
  const ask = (i: number) => {
    if (i >= ranges.length) return null;
    const promise = read(ranges[i].offset, ranges[i].count);
    // A failure surfaces when the piece is awaited, not as an unhandled rejection before.
    promise.catch(() => {});
    return promise;
  };
  let ahead = ask(0);
  for (let i = 0; ahead; i++) {
    const data = await ahead;
    ahead = ask(i + 1);
    if (!allFinite(data)) throw notFinite(name);
    yield encode(data, dtype, name);
  }
}

/** Finite weights as little-endian bytes of a dtype, piece by piece. @throws UserError 'out-of-range' */
export async function* encodedFloats(
  floats: AsyncIterable<Float32Array>,
  dtype: WeightDType,
  name: string,
): AsyncGenerator<Uint8Array> {
  for await (const data of floats) yield encode(data, dtype, name);
}

export function notFinite(name: string): UserError {
  return new UserError(
    'not-finite',
    `${name} holds NaN or infinity, so it was not saved; everything saved before is intact.`,
    'Start a new run with a lower peak learning rate or a longer warm-up; it may begin at the model of a checkpoint.',
  );
}

/** float32 as little-endian bytes of a dtype; for float32 a view of the same memory. @throws UserError "out-of-range" */
export function encode(data: Float32Array, dtype: WeightDType, name: string): Uint8Array {
  if (dtype === 'float32') return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const bits = dtype === 'float16' ? toHalf(data) : toBfloat16(data);
  const infinity = dtype === 'float16' ? 0x7c00 : 0x7f80;
  if (bits.some((b) => (b & 0x7fff) === infinity))
    throw new UserError(
      'out-of-range',
      `${name} holds a weight too large for ${dtype}.`,
      dtype === 'float16' ? 'Export as bfloat16 or float32.' : 'Export as float32.',
    );
  return new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength);
}

/** Zero bytes in pieces, for tensors that a format needs and the model does not have. */
export function* zeroPieces(bytes: number): Generator<Uint8Array> {
  for (let left = bytes; left > 0; left -= pieceElements * 4) yield new Uint8Array(Math.min(left, pieceElements * 4));
}

/**
 * A vector reader over stored tensors. A tensor may be stored with fewer rows than the table's (padded vocabulary
 * rows are cut off when saved): the rest, like the padding between tensors, reads as zero.
 * @param stored elements stored of the entry, 0 for none
 */
export function tableReader(
  table: ParameterTable,
  stored: (name: string) => number,
  floats: (name: string, start: number, count: number) => Promise<Float32Array>,
): WeightReader {
  return async (offset, count) => {
    const target = new Float32Array(count);
    for (let i = entryAt(table, offset); i < table.entries.length; i++) {
      const entry = table.entries[i];
      if (entry.offset >= offset + count) break;
      const from = Math.max(offset, entry.offset);
      const to = Math.min(offset + count, entry.offset + stored(entry.name));
      if (to > from) target.set(await floats(entry.name, from - entry.offset, to - from), from - offset);
    }
    return target;
  };
}

/** Index of the last entry that starts at or before `offset`. */
function entryAt(table: ParameterTable, offset: number): number {
  let low = 0;
  let high = table.entries.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (table.entries[middle].offset <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
