/**
 * Byte-pair encoding learnt from counted words (Sennrich et al. 2016): again and again the pair of neighbours that
 * occurs most often becomes a token. Of pairs that occur equally often, the one of the smaller left id comes first,
 * then of the smaller right id, as in `BpeTrainer` of Hugging Face's `tokenizers`. Pairs never reach across words.
 */
import type { Word } from './word-counts.ts';

/** A pair that occurs less often than this is no token. */
const leastCount = 2;
/** Ids are below this, so that two of them fit a float64 exactly. */
const idLimit = 2 ** 20;

interface Pair {
  readonly left: number;
  readonly right: number;
  count: number;
  /** Words that hold it, or did. */
  readonly words: number[];
}

/** A pair with the count that it had when it was queued. */
interface Queued {
  readonly pair: Pair;
  readonly count: number;
}

export interface LearntMerge {
  readonly left: number;
  readonly right: number;
  readonly merged: number;
}

/**
 * @param idOfByte ids of the 256 bytes
 * @param textOf what an id stands for, by id: gets the new tokens' texts at its end, up to `vocabSize` of them. Two
 *   merges whose texts are equal make one token
 * @param pause called between merges; may throw to end it
 */
export async function learnMerges(
  words: Iterable<Word>,
  idOfByte: Int32Array,
  textOf: string[],
  vocabSize: number,
  pause: () => Promise<void> | void = () => {},
): Promise<LearntMerge[]> {
  const pairs = new CountedPairs(words, idOfByte);
  const idOf = new Map(textOf.map((text, id) => [text, id]));
  const merges: LearntMerge[] = [];
  const known = new Set<number>();
  while (textOf.length < vocabSize) {
    const pair = pairs.mostFrequent();
    if (pair === null) break;
    const text = textOf[pair.left] + textOf[pair.right];
    let merged = idOf.get(text);
    if (merged === undefined) {
      merged = textOf.length;
      textOf.push(text);
      idOf.set(text, merged);
    }
    // A token that two merges make can bring a pair back that was merged before.
    const key = pair.left * idLimit + pair.right;
    if (!known.has(key)) merges.push({ left: pair.left, right: pair.right, merged });
    known.add(key);
    pairs.merge(pair, merged);
    if (merges.length % 64 === 0) await pause();
  }
  return merges;
}

class CountedPairs {
  /** Ids of all words, one after the other; a word may have shrunk. */
  readonly #ids: Int32Array;
  readonly #starts: Int32Array;
  readonly #lengths: Int32Array;
  readonly #counts: Float64Array;
  readonly #pairs = new Map<number, Pair>();
  readonly #heap: Queued[] = [];

  constructor(words: Iterable<Word>, idOfByte: Int32Array) {
    const all = [...words];
    this.#starts = new Int32Array(all.length);
    this.#lengths = new Int32Array(all.length);
    this.#counts = new Float64Array(all.length);
    this.#ids = new Int32Array(all.reduce((sum, word) => sum + word.bytes.length, 0));
    let place = 0;
    for (const [word, { bytes, count }] of all.entries()) {
      this.#starts[word] = place;
      this.#lengths[word] = bytes.length;
      this.#counts[word] = count;
      for (const byte of bytes) this.#ids[place++] = idOfByte[byte];
      for (let i = place - bytes.length; i + 1 < place; i++) this.#change(this.#ids[i], this.#ids[i + 1], word, count);
    }
    for (const pair of this.#pairs.values()) this.#push(pair);
  }

  /** Taken out of what is to come; null when none occurs often enough. */
  mostFrequent(): Pair | null {
    for (;;) {
      const top = this.#pop();
      if (top === null) return null;
      const { pair, count } = top;
      const key = pair.left * idLimit + pair.right;
      if (pair.count < leastCount || this.#pairs.get(key) !== pair) continue;
      if (pair.count !== count) this.#push(pair);
      else {
        this.#pairs.delete(key);
        return pair;
      }
    }
  }

  merge({ left, right, words }: Pair, merged: number): void {
    const touched = new Set<Pair>();
    let last = -1;
    for (const word of words) {
      // A word is there as often as it gained the pair, in a row.
      if (word === last) continue;
      last = word;
      this.#mergeWord(word, left, right, merged, touched);
    }
    for (const pair of touched) this.#push(pair);
  }

  #mergeWord(word: number, left: number, right: number, merged: number, touched: Set<Pair>): void {
    const ids = this.#ids;
    const start = this.#starts[word];
    const count = this.#counts[word];
    let length = this.#lengths[word];
    let out = start;
    for (let i = start; i < start + length; i++) {
      const found = i + 1 < start + length && ids[i] === left && ids[i + 1] === right;
      if (found) {
        if (out > start) {
          this.#change(ids[out - 1], left, word, -count);
          const before = this.#change(ids[out - 1], merged, word, count);
          if (before) touched.add(before);
        }
        if (i + 2 < start + length) {
          this.#change(right, ids[i + 2], word, -count);
          const after = this.#change(merged, ids[i + 2], word, count);
          if (after) touched.add(after);
        }
        i++;
      }
      ids[out++] = found ? merged : ids[i];
    }
    length = out - start;
    this.#lengths[word] = length;
  }

  /** Null for a pair that is gone. */
  #change(left: number, right: number, word: number, by: number): Pair | null {
    const key = left * idLimit + right;
    let pair = this.#pairs.get(key);
    if (pair === undefined) {
      if (by < 0) return null;
      pair = { left, right, count: 0, words: [] };
      this.#pairs.set(key, pair);
    }
    pair.count += by;
    if (by > 0 && pair.words.at(-1) !== word) pair.words.push(word);
    return pair;
  }

  #push(pair: Pair): void {
    const heap = this.#heap;
    const entry = { pair, count: pair.count };
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!comesFirst(entry, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): Queued | null {
    const heap = this.#heap;
    const top = heap[0];
    const moved = heap.pop();
    if (moved === undefined) return null;
    if (heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && comesFirst(heap[child + 1], heap[child])) child++;
      if (!comesFirst(heap[child], moved)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = moved;
    return top;
  }
}

function comesFirst(a: Queued, b: Queued): boolean {
  if (a.count !== b.count) return a.count > b.count;
  return a.pair.left !== b.pair.left ? a.pair.left < b.pair.left : a.pair.right < b.pair.right;
}
