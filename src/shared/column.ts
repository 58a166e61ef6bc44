/** Growing columns of numbers, and where a value lies in one. */

export type Numbers = Float64Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
/** How a column is kept: f32 for what was a float32 from the start, or is read to a few digits only. */
export type ColumnKind = 'f64' | 'f32';

const firstSize = 1024;
export const blockSize = 64;

/** Indices of the extremes of whole blocks; −1 where a block holds nothing finite. */
export interface Blocks {
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
  readonly count: number;
}

/** A growing column of numbers. */
export class Column {
  values: Numbers;
  length: number;
  /** How often values were taken back: who has worked with them starts anew. */
  cuts = 0;
  readonly #blocks = { low: new Int32Array(0), high: new Int32Array(0), count: 0 };

  /** Takes `values` over as they are; they are never written to past their length. */
  constructor(kind: ColumnKind, values?: Numbers) {
    this.values = values ?? numbers(kind, firstSize);
    this.length = values?.length ?? 0;
  }

  push(value: number): void {
    if (this.length === this.values.length) {
      const kind = this.values instanceof Float32Array ? 'f32' : 'f64';
      // By half, once it is large: a million steps that go on need not take room for two.
      const grown = numbers(kind, Math.max(firstSize, Math.ceil(this.length * (this.length < 100_000 ? 2 : 1.5))));
      grown.set(this.values);
      this.values = grown;
    }
    this.values[this.length++] = value;
  }

  /** Takes back what lies from `length` on. */
  cut(length: number): void {
    if (length >= this.length) return;
    this.length = length;
    this.cuts++;
    this.#blocks.count = Math.min(this.#blocks.count, Math.floor(length / blockSize));
  }

  /** Lowest and highest of every whole block of `blockSize` values, worked out once and kept. */
  blocks(): Blocks {
    const blocks = this.#blocks;
    const whole = Math.floor(this.length / blockSize);
    if (blocks.low.length < whole)
      for (const key of ['low', 'high'] as const) {
        const grown = new Int32Array(Math.ceil(this.values.length / blockSize));
        grown.set(blocks[key]);
        blocks[key] = grown;
      }
    for (; blocks.count < whole; blocks.count++) {
      const start = blocks.count * blockSize;
      const { low, high } = extremes(this.values, start, start + blockSize);
      blocks.low[blocks.count] = low;
      blocks.high[blocks.count] = high;
    }
    return blocks;
  }

  get last(): number | undefined {
    return this.length > 0 ? this.values[this.length - 1] : undefined;
  }

  /** The values so far, in memory of their own. */
  copy(): Numbers {
    return this.values.slice(0, this.length);
  }
}

export function numbers(kind: ColumnKind, length: number): Numbers {
  return kind === 'f32' ? new Float32Array(length) : new Float64Array(length);
}

/** Indices of the lowest and the highest of values[start … end), the first where several are; −1 where all are NaN. */
export function extremes(values: ArrayLike<number>, start: number, end: number): { low: number; high: number } {
  let low = -1;
  let high = -1;
  for (let i = start; i < end; i++) {
    const y = values[i];
    if (Number.isNaN(y)) continue;
    if (low < 0 || y < values[low]) low = i;
    if (high < 0 || y > values[high]) high = i;
  }
  return { low, high };
}

/** First index whose x is not below `value`; xs ascend. */
export function lowerBound(xs: ArrayLike<number>, length: number, value: number, from = 0): number {
  let low = from;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (xs[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
