/** The arithmetic of merges on one piece of one tensor (formulas: merge-methods.ts), in float32 or float64. */
import { fromBfloat16, fromHalf } from '../checkpoint/half.ts';
import type { SafetensorsDType } from '../checkpoint/safetensors-header.ts';
import { allFinite, encode, type WeightDType } from '../checkpoint/vector.ts';
import type { Combination } from './merge-methods.ts';

export type Sum = Float32Array | Float64Array;

/** Stored little-endian bytes, which start their buffer, as numbers; float64 is kept where the sum can hold it. */
export function decode(bytes: Uint8Array, dtype: SafetensorsDType, count: number, wide: boolean): Sum {
  const { buffer } = bytes;
  if (dtype === 'F32') return new Float32Array(buffer, 0, count);
  if (dtype === 'F16') return fromHalf(new Uint16Array(buffer, 0, count));
  if (dtype === 'BF16') return fromBfloat16(new Uint16Array(buffer, 0, count));
  const doubles = new Float64Array(buffer, 0, count);
  return wide ? doubles : Float32Array.from(doubles);
}

/** Takes the next member, oldest first; `next` is left as it is, since another window may need it. */
export function addMember(sum: Sum, next: Sum, place: number, how: Exclude<Combination, { kind: 'slerp' }>): void {
  const { length } = next;
  if (how.kind === 'uniform') {
    if (place === 0) sum.set(next);
    else add(sum, next);
    return;
  }
  if (sum instanceof Float64Array) {
    const [keep, share] = how.kind === 'ema' ? [how.beta, 1 - how.beta] : [1, how.shares[place]];
    if (place === 0 && how.kind === 'ema') sum.set(next);
    else if (place === 0) for (let j = 0; j < length; j++) sum[j] = next[j] * share;
    else for (let j = 0; j < length; j++) sum[j] = sum[j] * keep + next[j] * share;
    return;
  }
  const { fround } = Math;
  if (how.kind === 'ema') {
    const [keep, share] = [fround(how.beta), fround(1 - how.beta)];
    if (place === 0) sum.set(next);
    else for (let j = 0; j < length; j++) sum[j] = fround(sum[j] * keep) + fround(next[j] * share);
    return;
  }
  const share = fround(how.shares[place]);
  if (place === 0) for (let j = 0; j < length; j++) sum[j] = next[j] * share;
  else for (let j = 0; j < length; j++) sum[j] += fround(next[j] * share);
}

function add(sum: Sum, next: Sum): void {
  // One call site for each pair of types keeps the loops fast.
  if (sum instanceof Float32Array && next instanceof Float32Array) addSingle(sum, next);
  else for (let j = 0; j < next.length; j++) sum[j] += next[j];
}
function addSingle(sum: Float32Array, next: Float32Array): void {
  for (let j = 0; j < next.length; j++) sum[j] += next[j];
}
function divideSingle(sum: Float32Array, n: number): void {
  for (let j = 0; j < sum.length; j++) sum[j] /= n;
}

/** Ends a sum of n members. */
export function finish(sum: Sum, how: Combination, n: number): void {
  if (how.kind !== 'uniform') return;
  if (sum instanceof Float32Array) divideSingle(sum, n);
  else for (let j = 0; j < sum.length; j++) sum[j] /= n;
}

/**
 * A finished sum as bytes, rounded once, to nearest with ties to even; null where it holds NaN or infinity or becomes
 * it. For float32 from float32 a view of the same memory.
 * @throws UserError 'out-of-range' on a weight that a half cannot hold
 */
export function written(sum: Sum, dtype: WeightDType, name: string): Uint8Array | null {
  const single = sum instanceof Float32Array ? sum : dtype === 'float32' ? Float32Array.from(sum) : toOdd(sum);
  return allFinite(single) ? encode(single, dtype, name) : null;
}

/**
 * float64 → float32 to odd: whatever is not exact gets the neighbour whose last bit is 1, so that rounding it again to a
 * shorter format gives what rounding once would have (Boldo and Melquiond, "Emulation of FMA and correctly rounded
 * sums", 2008).
 */
function toOdd(source: Float64Array): Float32Array {
  const target = Float32Array.from(source);
  const bits = new Int32Array(target.buffer);
  for (let i = 0; i < source.length; i++) {
    if (target[i] === source[i] || (bits[i] & 1) === 1 || !Number.isFinite(target[i])) continue;
    bits[i] += Math.abs(target[i]) > Math.abs(source[i]) ? -1 : 1;
  }
  return target;
}
