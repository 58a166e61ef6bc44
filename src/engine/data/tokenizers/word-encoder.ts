/** Byte-level BPE of text: words by a scanner, a cache of words, and byte-pair merging. */
import type { Merges } from './byte-pair.ts';
import { mergePairs } from './byte-pair.ts';
import { longestCachedWord, WordCache } from './word-cache.ts';

/** End of the pre-token that starts at `at`; `text` is valid UTF-8 up to `end`. */
export type WordEnd = (text: Uint8Array, at: number, end: number) => number;

export interface WordModel {
  readonly wordEnd: WordEnd;
  readonly idOfByte: Int32Array;
  readonly merges: Merges;
  /** Words that are tokens as they are, whatever merges would make of them (`ignore_merges`): bytes as Latin-1 → id. */
  readonly whole: ReadonlyMap<string, number> | null;
}

export class WordEncoder {
  readonly #model: WordModel;
  readonly #cache = new WordCache();

  constructor(model: WordModel) {
    this.#model = model;
  }

  /** Writes the ids of text[at, end) to `ids` from `count` on, at most one a byte; returns the place after them. */
  encode(text: Uint8Array, at: number, end: number, ids: Int32Array, count: number): number {
    const cache = this.#cache;
    const { wordEnd, idOfByte, merges, whole } = this.#model;
    while (at < end) {
      const stop = wordEnd(text, at, end);
      const cached = stop - at <= longestCachedWord;
      const hash = cached ? cache.hash(text, at, stop) : 0;
      const found = cached ? cache.find(hash, text, at, stop, ids, count) : -1;
      if (found >= 0) count = found;
      else {
        const start = count;
        const known = whole?.get(Buffer.from(text.buffer, text.byteOffset + at, stop - at).toString('latin1'));
        if (known !== undefined) ids[count++] = known;
        else {
          const word = ids.subarray(count, count + stop - at);
          for (let i = at; i < stop; i++) word[i - at] = idOfByte[text[i]];
          count += mergePairs(merges, word, stop - at);
        }
        if (cached) cache.add(hash, text, at, stop, ids, start, count);
      }
      at = stop;
    }
    return count;
  }
}
