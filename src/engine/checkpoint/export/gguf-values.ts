/** The parts of a GGUF file (version 3, ggml's docs/gguf.md) as little-endian bytes: strings, key-value pairs, tensors. */

/** Types of values in key-value pairs. */
const types = { uint32: 4, float32: 6, bool: 7, string: 8, array: 9, int32: 5 } as const;
/** Numbers that ggml gives to the types of tensors. */
export const tensorTypes = { F32: 0, F16: 1, Q8_0: 8, BF16: 30 } as const;
export type TensorType = keyof typeof tensorTypes;

export type GgufValue =
  | { readonly uint32: number }
  | { readonly float32: number }
  | { readonly bool: boolean }
  | { readonly string: string }
  | { readonly strings: readonly string[] }
  | { readonly int32s: readonly number[] };

export interface GgufTensor {
  readonly name: string;
  /** Rows and columns; columns are contiguous. */
  readonly shape: readonly number[];
  readonly type: TensorType;
  /** From the beginning of the data. */
  readonly offset: number;
}

/** Data begins, and every tensor of it, at a multiple of this. */
export const alignment = 32;
export const aligned = (bytes: number): number => Math.ceil(bytes / alignment) * alignment;

/** Header, pairs and tensor list, padded to where the data begins. */
export function ggufHead(pairs: ReadonlyMap<string, GgufValue>, tensors: readonly GgufTensor[]): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(pairs.size)];
  for (const [key, value] of pairs) parts.push(text(key), ...encoded(value));
  for (const { name, shape, type, offset } of tensors) {
    // ggml counts dimensions from the contiguous one.
    parts.push(text(name), u32(shape.length), ...shape.toReversed().map(u64), u32(tensorTypes[type]), u64(offset));
  }
  const bytes = Buffer.concat(parts);
  return Buffer.concat([bytes, Buffer.alloc(aligned(bytes.length) - bytes.length)]);
}

function encoded(value: GgufValue): Uint8Array[] {
  if ('uint32' in value) return [u32(types.uint32), u32(value.uint32)];
  if ('float32' in value) return [u32(types.float32), new Uint8Array(Float32Array.of(value.float32).buffer)];
  if ('bool' in value) return [u32(types.bool), Uint8Array.of(value.bool ? 1 : 0)];
  if ('string' in value) return [u32(types.string), text(value.string)];
  if ('strings' in value)
    return [u32(types.array), u32(types.string), u64(value.strings.length), ...value.strings.map(text)];
  const numbers = Int32Array.from(value.int32s);
  return [u32(types.array), u32(types.int32), u64(numbers.length), new Uint8Array(numbers.buffer)];
}

const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
const u64 = (value: number): Uint8Array => new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
function text(value: string): Uint8Array {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}
