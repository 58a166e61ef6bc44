/** Ids of words seen before: a hash table over bytes, cleared when full, so memory stays bounded. */

const slotBits = 18;
const maxWords = 1 << 17;
const poolSize = 1 << 22;
/** Longer words are rare and not kept. */
export const longestCachedWord = 64;

export class WordCache {
  readonly #slots = new Int32Array(1 << slotBits);
  readonly #hashes = new Int32Array(maxWords);
  readonly #starts = new Int32Array(maxWords);
  readonly #lengths = new Uint8Array(maxWords);
  readonly #idStarts = new Int32Array(maxWords + 1);
  readonly #bytes = new Uint8Array(poolSize);
  readonly #ids = new Int32Array(poolSize);
  #words = 0;
  #byteCount = 0;

  /** FNV-1a over the word. */
  hash(bytes: Uint8Array, start: number, end: number): number {
    let hash = 0x811c9dc5 | 0;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
    return hash;
  }

  /** Writes the word's ids to `out` from `at` on and returns the place after them, or -1 when the word is new. */
  find(hash: number, bytes: Uint8Array, start: number, end: number, out: Int32Array, at: number): number {
    const length = end - start;
    let slot = (hash ^ (hash >>> slotBits)) & ((1 << slotBits) - 1);
    for (;;) {
      const word = this.#slots[slot] - 1;
      if (word < 0) return -1;
      if (this.#hashes[word] === hash && this.#lengths[word] === length) {
        const pool = this.#starts[word];
        let i = 0;
        while (i < length && this.#bytes[pool + i] === bytes[start + i]) i++;
        if (i === length) {
          const idEnd = this.#idStarts[word + 1];
          for (let j = this.#idStarts[word]; j < idEnd; j++) out[at++] = this.#ids[j];
          return at;
        }
      }
      slot = (slot + 1) & ((1 << slotBits) - 1);
    }
  }

  /** Keeps a new word with its ids `out[idStart, idEnd)`. */
  add(
    hash: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    out: Int32Array,
    idStart: number,
    idEnd: number,
  ): void {
    const length = end - start;
    if (this.#words === maxWords || this.#byteCount + length > poolSize) this.#clear();
    const word = this.#words++;
    this.#hashes[word] = hash;
    this.#starts[word] = this.#byteCount;
    this.#lengths[word] = length;
    for (let i = start; i < end; i++) this.#bytes[this.#byteCount++] = bytes[i];
    // A word has at most one id per byte, so the pool of ids cannot run over before that of bytes.
    let place = this.#idStarts[word];
    for (let i = idStart; i < idEnd; i++) this.#ids[place++] = out[i];
    this.#idStarts[word + 1] = place;
    let slot = (hash ^ (hash >>> slotBits)) & ((1 << slotBits) - 1);
    while (this.#slots[slot] !== 0) slot = (slot + 1) & ((1 << slotBits) - 1);
    this.#slots[slot] = word + 1;
  }

  #clear(): void {
    this.#slots.fill(0);
    this.#words = 0;
    this.#byteCount = 0;
  }
}
