/**
 * The one source of random numbers: Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011; Random123). A number is a pure function of
 * (seed, stream, step, micro-batch, element), so nothing has to be stored to draw it again.
 */

/** Streams keep purposes apart; dropout site i draws from `dropoutStream(i)`. */
export const Streams = {
  init: 1,
  batch: 2,
  evaluation: 3,
  sampling: 4,
  probe: 5,
  split: 6,
  epoch: 7,
  shuffle: 8,
  mix: 9,
} as const;

const firstDropoutStream = 1000;
export function dropoutStream(site: number): number {
  return firstDropoutStream + site;
}

const parity = 0x1bd11bda;

/**
 * One block: key (k0, k1), counter (c0, c1), all read as unsigned 32-bit.
 * Writes the two words into `out` and returns it.
 */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number, out = new Uint32Array(2)): Uint32Array {
  const k2 = parity ^ k0 ^ k1;
  let x = (c0 + k0) | 0;
  let y = (c1 + k1) | 0;
  for (let injection = 1; injection <= 5; injection++) {
    if (injection & 1) {
      x = (x + y) | 0;
      y = ((y << 13) | (y >>> 19)) ^ x;
      x = (x + y) | 0;
      y = ((y << 15) | (y >>> 17)) ^ x;
      x = (x + y) | 0;
      y = ((y << 26) | (y >>> 6)) ^ x;
      x = (x + y) | 0;
      y = ((y << 6) | (y >>> 26)) ^ x;
    } else {
      x = (x + y) | 0;
      y = ((y << 17) | (y >>> 15)) ^ x;
      x = (x + y) | 0;
      y = ((y << 29) | (y >>> 3)) ^ x;
      x = (x + y) | 0;
      y = ((y << 16) | (y >>> 16)) ^ x;
      x = (x + y) | 0;
      y = ((y << 24) | (y >>> 8)) ^ x;
    }
    const a = injection % 3;
    x = (x + (a === 0 ? k0 : a === 1 ? k1 : k2)) | 0;
    y = (y + (a === 0 ? k1 : a === 1 ? k2 : k0) + injection) | 0;
  }
  out[0] = x;
  out[1] = y;
  return out;
}

/** Uniform in [0, 1) from a word's upper 24 bits: exact in float32. */
export function uniform(word: number): number {
  return (word >>> 8) * 2 ** -24;
}

/** Dropout keeps an element iff its word is at least this. */
export function dropoutThreshold(rate: number): number {
  return Math.floor(rate * 2 ** 32);
}

/** The numbers at one (seed, stream, step, micro-batch). Elements are unsigned 32-bit. */
export class Random {
  readonly #key: Uint32Array;
  readonly #words = new Uint32Array(2);
  #block = -1;

  constructor(seed: number, stream: number, step: number, microBatch: number) {
    this.#key = threefry2x32(seed, stream, step, microBatch);
  }

  /** Unsigned 32-bit word of an element. */
  word(element: number): number {
    const block = element >>> 1;
    if (block !== this.#block) {
      threefry2x32(this.#key[0], this.#key[1], block, 0, this.#words);
      this.#block = block;
    }
    return this.#words[element & 1];
  }

  uniform(element: number): number {
    return uniform(this.word(element));
  }

  /** Standard normal from words 2e and 2e + 1 (Box–Muller, cosine branch, in float64). */
  normal(element: number): number {
    const radius = Math.sqrt(-2 * Math.log((this.word(2 * element) + 1) * 2 ** -32));
    return radius * Math.cos(2 * Math.PI * this.word(2 * element + 1) * 2 ** -32);
  }
}
