/** Which dataset of a mix each row of a run is drawn from: shares that are exact, in an order that needs no memory. */
import { createHash } from 'node:crypto';
import { Streams, threefry2x32 } from '../random.ts';

const whole = 2 ** 32;

export interface MixedRow {
  /** Place of the dataset in the mix. */
  readonly member: number;
  /** Rows of that dataset before this one. */
  readonly place: number;
}

/**
 * Row g has the key reverse(g mod 2^32) xor s, where reverse turns the 32 bits round (the van der Corput sequence in
 * base 2, shifted), and comes from the first dataset whose end lies above its key. The ends are the running sums of
 * the weights over their whole, times 2^32 and rounded, so of any 2^32 rows in a row each dataset gets the same
 * number, and of any 2^k that begin at a multiple of 2^k its share to within one row. s is drawn from the seed and
 * all fingerprints.
 */
export class MixOrder {
  readonly #ends: readonly number[];
  readonly #shift: number;

  /** `fingerprints` and `weights`: of the datasets, in their order. */
  constructor(weights: readonly number[], seed: number, fingerprints: readonly string[]) {
    const sums: number[] = [];
    for (const weight of weights) sums.push((sums.at(-1) ?? 0) + weight);
    const sum = sums[sums.length - 1];
    this.#ends = sums.map((end) => Math.round((end / sum) * whole));
    const digest = createHash('sha256').update(fingerprints.join('\n')).digest();
    this.#shift = threefry2x32(seed, Streams.mix, digest.readUInt32LE(0), digest.readUInt32LE(4))[0];
  }

  /** Where row `row` of the run comes from. */
  at(row: number): MixedRow {
    const member = this.member(row);
    const round = Math.floor(row / whole);
    const low = row - round * whole;
    const [from, to] = [member === 0 ? 0 : this.#ends[member - 1], this.#ends[member]];
    return { member, place: round * (to - from) + this.#below(low, to) - this.#below(low, from) };
  }

  /** As `at`, for who need not know its place. */
  member(row: number): number {
    const key = (reversed(row % whole) ^ this.#shift) >>> 0;
    return this.#ends.findIndex((end) => key < end);
  }

  /** How many of the rows 0 … low − 1 have a key below `end`. */
  #below(low: number, end: number): number {
    let count = 0;
    if (end === 0) return 0;
    for (let bit = 0; bit < 32 && low >= 2 ** bit; bit++) {
      if (((low >>> bit) & 1) === 0) continue;
      // Rows that agree with `low` above this bit, have a 0 where it has a 1, and anything below: their keys are
      // evenly spaced, one in every stretch.
      const first = ((low >>> bit) ^ 1) * 2 ** bit;
      const stretch = 2 ** (32 - bit);
      const rest = ((reversed(first) ^ this.#shift) >>> 0) % stretch;
      count += Math.min(Math.max(Math.ceil((end - rest) / stretch), 0), 2 ** bit);
    }
    return count;
  }
}

/** The 32 bits of a number from the last to the first. */
function reversed(value: number): number {
  let x = value | 0;
  x = ((x >>> 1) & 0x55555555) | ((x & 0x55555555) << 1);
  x = ((x >>> 2) & 0x33333333) | ((x & 0x33333333) << 2);
  x = ((x >>> 4) & 0x0f0f0f0f) | ((x & 0x0f0f0f0f) << 4);
  x = ((x >>> 8) & 0x00ff00ff) | ((x & 0x00ff00ff) << 8);
  return ((x >>> 16) | (x << 16)) >>> 0;
}
