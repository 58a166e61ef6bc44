/** GPT-2's vocabulary and merges, and byte-pair merging on ids. */

/** Pairs (left id, right id) → merged id, which is also the merge's rank: the lower, the earlier. */
export class Merges {
  readonly #keys = new Uint32Array(1 << 17).fill(0xffffffff);
  readonly #values = new Int32Array(1 << 17);

  #slot(key: number): number {
    let slot = Math.imul(key ^ (key >>> 15), 0x2c1b3c6d) >>> 15;
    while (this.#keys[slot] !== key && this.#keys[slot] !== 0xffffffff) slot = (slot + 1) & 0x1ffff;
    return slot;
  }

  /** The merged id, or -1. */
  get(left: number, right: number): number {
    const key = ((left << 16) | right) >>> 0;
    const slot = this.#slot(key);
    return this.#keys[slot] === key ? this.#values[slot] : -1;
  }

  set(left: number, right: number, merged: number): void {
    const key = ((left << 16) | right) >>> 0;
    const slot = this.#slot(key);
    this.#keys[slot] = key;
    this.#values[slot] = merged;
  }
}

/** Up to this many symbols the quadratic loop beats the heap. */
const shortWord = 96;
const ranks = new Int32Array(shortWord);

/**
 * Byte-pair encoding (Sennrich et al. 2016): merges the adjacent pair of the lowest rank, leftmost first,
 * until none is left. `ids[0, count)` are the symbols; they are replaced in place. Returns the new count.
 */
export function mergePairs(merges: Merges, ids: Int32Array, count: number): number {
  if (count > shortWord) return mergeLongWord(merges, ids, count);
  for (let i = 0; i + 1 < count; i++) ranks[i] = merges.get(ids[i], ids[i + 1]);
  while (count > 1) {
    let best = -1;
    let rank = 0x7fffffff;
    for (let i = 0; i + 1 < count; i++) {
      if (ranks[i] >= 0 && ranks[i] < rank) {
        rank = ranks[i];
        best = i;
      }
    }
    if (best < 0) break;
    ids[best] = rank;
    count--;
    for (let i = best + 1; i < count; i++) {
      ids[i] = ids[i + 1];
      ranks[i] = ranks[i + 1];
    }
    if (best > 0) ranks[best - 1] = merges.get(ids[best - 1], rank);
    if (best + 1 < count) ranks[best] = merges.get(rank, ids[best + 1]);
  }
  return count;
}

/** The same in O(n log n): a heap of (rank, position) over a linked list; stale entries are dropped when met. */
function mergeLongWord(merges: Merges, ids: Int32Array, count: number): number {
  const next = new Int32Array(count);
  const previous = new Int32Array(count);
  // Every merge takes one pair out and puts at most two in.
  const heap = new Float64Array(3 * count);
  let size = 0;

  const push = (position: number) => {
    const after = next[position];
    if (after >= count) return;
    const rank = merges.get(ids[position], ids[after]);
    if (rank < 0) return;
    const entry = rank * 2 ** 32 + position;
    let at = size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent] <= entry) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = entry;
  };
  const pop = () => {
    const top = heap[0];
    const entry = heap[--size];
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && heap[child + 1] < heap[child]) child++;
      if (heap[child] >= entry) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = entry;
    return top;
  };

  for (let i = 0; i < count; i++) {
    next[i] = i + 1;
    previous[i] = i - 1;
  }
  for (let i = 0; i < count; i++) push(i);
  while (size > 0) {
    const top = pop();
    const rank = Math.floor(top / 2 ** 32);
    const position = top - rank * 2 ** 32;
    const after = next[position];
    if (ids[position] < 0 || after >= count || merges.get(ids[position], ids[after]) !== rank) continue;
    ids[position] = rank;
    ids[after] = -1;
    next[position] = next[after];
    if (next[position] < count) previous[next[position]] = position;
    push(position);
    if (previous[position] >= 0) push(previous[position]);
  }
  let out = 0;
  for (let i = 0; i < count; i = next[i]) ids[out++] = ids[i];
  return out;
}

export interface Gpt2Vocabulary {
  /** Bytes of each id below 50,256. */
  readonly bytes: readonly Uint8Array[];
  readonly idOfByte: Int32Array;
  readonly merges: Merges;
  /** (left, right) of ids 256 and up, in rank order. */
  readonly pairs: readonly (readonly [number, number])[];
}

/**
 * Reads tiktoken's ranks: groups `! <first rank> <base64> <base64> …`. Ranks are ids, and ids past the 256
 * bytes are merges in order; the two halves of one are what its bytes become under the earlier merges.
 */
export function readRanks(text: string): Gpt2Vocabulary {
  const bytes: Uint8Array[] = [];
  for (const line of text.split('\n')) {
    const [mark, first, ...tokens] = line.split(' ');
    if (mark !== '!') continue;
    tokens.forEach((token, i) => {
      bytes[Number(first) + i] = Buffer.from(token, 'base64');
    });
  }
  const idOfByte = new Int32Array(256);
  for (let id = 0; id < 256; id++) idOfByte[bytes[id][0]] = id;
  const merges = new Merges();
  const pairs: [number, number][] = [];
  const symbols = new Int32Array(256);
  for (let id = 256; id < bytes.length; id++) {
    bytes[id].forEach((byte, i) => {
      symbols[i] = idOfByte[byte];
    });
    if (mergePairs(merges, symbols, bytes[id].length) !== 2)
      throw new Error(`rank ${id} is not the merge of two earlier tokens`);
    merges.set(symbols[0], symbols[1], id);
    pairs.push([symbols[0], symbols[1]]);
  }
  return { bytes, idOfByte, merges, pairs };
}
