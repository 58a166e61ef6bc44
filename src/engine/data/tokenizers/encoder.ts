import type { Tokenizer } from '../source.ts';

/** What preparation needs of a tokenizer beyond the public interface: bytes in, and where text may be cut. */
export interface Encoder extends Tokenizer {
  /** Ids of valid UTF-8. The array is a view that the next call overwrites. */
  encodeBytes(text: Uint8Array): Int32Array;
  /**
   * Where a window of a longer text (perhaps with broken UTF-8) may be cut so that the ids of the two
   * parts, one after the other, are the ids of the whole. 0 when no such place is in the window.
   */
  safeCut(window: Uint8Array): number;
  /** Bytes of the text behind ids that `encodeBytes` gave: sum over `bytes(id)`. */
  textBytes(ids: Int32Array): number;
  /** Marks the border of two documents: an id after each, or null for an empty line between them. */
  readonly border: 'end-of-text' | 'empty-line';
}

/** Sum of byte lengths by a table, one entry per id. */
export function sumLengths(lengths: Uint8Array | Int32Array, ids: Int32Array): number {
  let sum = 0;
  for (let i = 0; i < ids.length; i++) sum += lengths[ids[i]];
  return sum;
}

/** Decodes through the bytes of each id; ids outside the vocabulary are left out. */
export function decodeBytes(tokenizer: Pick<Tokenizer, 'bytes' | 'vocabSize'>, ids: ArrayLike<number>): string {
  const parts: Uint8Array[] = [];
  for (let i = 0; i < ids.length; i++) parts.push(tokenizer.bytes(ids[i]));
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.concat(parts));
}

/** A valid-UTF-8 copy of a string; lone surrogates become U+FFFD. */
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Scratch that grows to what is asked for and is used again. */
export class Scratch {
  #ids = new Int32Array(1 << 16);
  atLeast(count: number): Int32Array {
    if (this.#ids.length < count) this.#ids = new Int32Array(Math.max(count, this.#ids.length * 2));
    return this.#ids;
  }
}

const empty = new Uint8Array(0);
export const noBytes = empty;
