/**
 * Reads the fixtures of bench/goldens. It has a safetensors reader of its own on purpose: what is
 * judged here must not stand between the judge and the evidence.
 */
import { readFileSync } from 'node:fs';

const folder = new URL('../../../bench/goldens/fixtures/', import.meta.url);

export function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
}

/** One tensor: float32, or int32 where the fixture holds tokens. */
export interface Golden {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** All tensors of a fixture by name. */
export function readTensors(name: string): Map<string, Golden> {
  const file = readFileSync(new URL(`${name}.safetensors`, folder));
  const headerBytes = Number(file.readBigUInt64LE(0));
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> = JSON.parse(
    file.toString('utf8', 8, 8 + headerBytes),
  );
  const tensors = new Map<string, Golden>();
  for (const [tensor, { dtype, shape, data_offsets }] of Object.entries(header)) {
    if (tensor === '__metadata__') continue;
    // A copy, because a view has to start at a multiple of four.
    const bytes = Uint8Array.from(file.subarray(8 + headerBytes + data_offsets[0], 8 + headerBytes + data_offsets[1]));
    tensors.set(tensor, {
      shape,
      data: dtype === 'I32' ? new Int32Array(bytes.buffer) : new Float32Array(bytes.buffer),
    });
  }
  return tensors;
}

/** Tensors whose names start with `prefix/`, the prefix taken off. */
export function group(tensors: Map<string, Golden>, prefix: string): Map<string, Golden> {
  const start = `${prefix}/`;
  return new Map(
    [...tensors].filter(([name]) => name.startsWith(start)).map(([name, tensor]) => [name.slice(start.length), tensor]),
  );
}

/** ‖a − b‖₂ / ‖b‖₂, or ‖a‖₂ where b is zero. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`lengths ${a.length} and ${b.length} differ`);
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i] - b[i]) ** 2;
    norm += b[i] ** 2;
  }
  return Math.sqrt(difference) / (norm > 0 ? Math.sqrt(norm) : 1);
}

/** The bit patterns of float32 values. */
export function bits(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}
