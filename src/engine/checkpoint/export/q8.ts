/**
 * Q8_0, ggml's 8-bit blocks: for 32 weights a float16 scale d = max|x|/127 and 32 integers round(x · (1/d)), in the
 * float32 arithmetic of its reference, halves rounded away from zero.
 */
import { toHalf } from '../half.ts';

export const blockElements = 32;
export const blockBytes = 34;

/** @param data a multiple of 32 finite elements */
export function toQ8(data: Float32Array): Uint8Array {
  const { fround } = Math;
  const target = new Uint8Array((data.length / blockElements) * blockBytes);
  const view = new DataView(target.buffer);
  const scale = new Float32Array(1);
  const half = new Uint16Array(1);
  for (let block = 0, at = 0; block < data.length; block += blockElements, at += blockBytes) {
    let largest = 0;
    for (let i = 0; i < blockElements; i++) largest = Math.max(largest, Math.abs(data[block + i]));
    scale[0] = largest / 127;
    const inverse = scale[0] === 0 ? 0 : fround(1 / scale[0]);
    view.setUint16(at, toHalf(scale, half)[0], true);
    for (let i = 0; i < blockElements; i++) {
      const x = fround(data[block + i] * inverse);
      view.setInt8(at + 2 + i, Math.sign(x) * Math.floor(Math.abs(x) + 0.5));
    }
  }
  return target;
}
