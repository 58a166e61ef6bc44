/** An order of the numbers below n that needs no memory: any place of it can be asked for alone. */
import { threefry2x32 } from './random.ts';

const rounds = 8;
const words = new Uint32Array(2);

/**
 * The number at `index` in a pseudo-random permutation of 0 … count − 1 that the key decides. A Feistel network over
 * the next power of four (Luby and Rackoff 1988), its round function a word of Threefry; numbers past the end go
 * through it again until they are below `count` (cycle walking, Black and Rogaway 2002), fewer than four times on
 * average. `count` is at most 2^52.
 */
export function permuted(index: number, count: number, key0: number, key1: number): number {
  if (count < 2) return 0;
  let half = 1;
  while (4 ** half < count) half++;
  const size = 2 ** half;
  let value = index;
  do {
    let left = Math.floor(value / size);
    let right = value % size;
    for (let round = 0; round < rounds; round++) {
      const mixed = threefry2x32(key0, key1, right, round, words)[0] >>> (32 - half);
      const next = (left ^ mixed) >>> 0;
      left = right;
      right = next;
    }
    value = left * size + right;
  } while (value >= count);
  return value;
}
