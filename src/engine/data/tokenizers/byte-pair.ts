/** Byte-pair merging on ids. */

/** Pairs (left id, right id) → rank of the merge (the lower, the earlier) and the id that comes out. */
export class Merges {
  readonly #mask: number;
  readonly #shift: number;
  /** Left and right id of a slot, side by side; -1 where it is free. */
  readonly #keys: Int32Array;
  readonly #values: Int32Array;
  readonly #merged: Int32Array;

  /** @param count merges at most; ranks are below `ranks` */
  constructor(count: number, ranks = count) {
    const bits = Math.max(4, Math.ceil(Math.log2(count + 1)) + 1);
    this.#mask = 2 ** bits - 1;
    this.#shift = 32 - bits;
    this.#keys = new Int32Array(2 * 2 ** bits).fill(-1);
    this.#values = new Int32Array(2 ** bits);
    this.#merged = new Int32Array(ranks);
  }

  #slot(left: number, right: number): number {
    const keys = this.#keys;
    let slot = Math.imul(Math.imul(left, 0x9e3779b1) ^ right, 0x2c1b3c6d) >>> this.#shift;
    while (keys[2 * slot] >= 0 && (keys[2 * slot] !== left || keys[2 * slot + 1] !== right))
      slot = (slot + 1) & this.#mask;
    return slot;
  }

  /** The merge's rank, or -1. */
  get(left: number, right: number): number {
    const slot = this.#slot(left, right);
    return this.#keys[2 * slot] < 0 ? -1 : this.#values[slot];
  }

  /** The id that the merge of a rank makes. */
  merged(rank: number): number {
    return this.#merged[rank];
  }

  set(left: number, right: number, rank: number, merged: number): void {
    const slot = this.#slot(left, right);
    this.#keys[2 * slot] = left;
    this.#keys[2 * slot + 1] = right;
    this.#values[slot] = rank;
    this.#merged[rank] = merged;
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
    const merged = merges.merged(rank);
    ids[best] = merged;
    count--;
    for (let i = best + 1; i < count; i++) {
      ids[i] = ids[i + 1];
      ranks[i] = ranks[i + 1];
    }
    if (best > 0) ranks[best - 1] = merges.get(ids[best - 1], merged);
    if (best + 1 < count) ranks[best] = merges.get(merged, ids[best + 1]);
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
    ids[position] = merges.merged(rank);
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
