/** How often each word occurs: a hash table over bytes, of bounded size. */

export interface Word {
  readonly bytes: Uint8Array;
  readonly count: number;
}

export class WordCounts {
  readonly #most: number;
  #slots = new Int32Array(1 << 12);
  #hashes = new Int32Array(1 << 11);
  #counts = new Float64Array(1 << 11);
  #starts = new Int32Array((1 << 11) + 1);
  #pool = new Uint8Array(1 << 16);
  #words = 0;

  /**
   * @param most different words that are kept; when one more comes, those that were seen least often are forgotten,
   *   as many counts of them as it takes to halve the table
   */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#words;
  }

  /** Counts text[start, end), `times` times. */
  add(text: Uint8Array, start: number, end: number, times = 1): void {
    let hash = 0x811c9dc5 | 0;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ text[i], 0x01000193);
    const slot = this.#slot(hash, text, start, end);
    const word = this.#slots[slot] - 1;
    if (word >= 0) {
      this.#counts[word] += times;
      return;
    }
    if (this.#words === this.#most) {
      this.#forget();
      this.add(text, start, end, times);
      return;
    }
    if (this.#words === this.#counts.length) {
      this.#grow();
      this.add(text, start, end, times);
      return;
    }
    const from = this.#starts[this.#words];
    while (from + end - start > this.#pool.length)
      this.#pool = enlarged(this.#pool, new Uint8Array(2 * this.#pool.length));
    for (let i = start; i < end; i++) this.#pool[from + i - start] = text[i];
    this.#hashes[this.#words] = hash;
    this.#counts[this.#words] = times;
    this.#slots[slot] = ++this.#words;
    this.#starts[this.#words] = from + end - start;
  }

  /** In the order in which they came. The bytes are views. */
  *words(): Generator<Word> {
    for (let word = 0; word < this.#words; word++)
      yield { bytes: this.#pool.subarray(this.#starts[word], this.#starts[word + 1]), count: this.#counts[word] };
  }

  #slot(hash: number, text: Uint8Array, start: number, end: number): number {
    const mask = this.#slots.length - 1;
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const word = this.#slots[slot] - 1;
      if (word < 0) return slot;
      const from = this.#starts[word];
      if (this.#hashes[word] === hash && this.#starts[word + 1] - from === end - start) {
        let i = start;
        while (i < end && this.#pool[from + i - start] === text[i]) i++;
        if (i === end) return slot;
      }
      slot = (slot + 1) & mask;
    }
  }

  #grow(): void {
    const size = 2 * this.#counts.length;
    this.#hashes = enlarged(this.#hashes, new Int32Array(size));
    this.#counts = enlarged(this.#counts, new Float64Array(size));
    this.#starts = enlarged(this.#starts, new Int32Array(size + 1));
    this.#slots = new Int32Array(2 * size);
    for (let word = 0; word < this.#words; word++) this.#place(word);
  }

  #place(word: number): void {
    const mask = this.#slots.length - 1;
    const hash = this.#hashes[word];
    let slot = (hash ^ (hash >>> 15)) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = word + 1;
  }

  #forget(): void {
    const counts = this.#counts.slice(0, this.#words).sort();
    const least = counts[this.#words >> 1];
    let kept = 0;
    let place = 0;
    for (let word = 0; word < this.#words; word++) {
      if (this.#counts[word] <= least) continue;
      const [from, to] = [this.#starts[word], this.#starts[word + 1]];
      this.#pool.copyWithin(place, from, to);
      this.#hashes[kept] = this.#hashes[word];
      this.#counts[kept] = this.#counts[word];
      this.#starts[kept++] = place;
      place += to - from;
      this.#starts[kept] = place;
    }
    this.#words = kept;
    this.#slots.fill(0);
    for (let word = 0; word < kept; word++) this.#place(word);
  }
}

function enlarged<T extends Uint8Array | Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from as never);
  return to;
}
