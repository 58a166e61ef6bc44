/**
 * Tells whether bytes are still what was written: Σ w and Σ w·(2i + 1), both modulo 2³², over the little-endian words
 * w_i of 32 bits (the last one filled up with zeros). One changed word changes the first sum; words that changed places,
 * the second. Sums of parts add up, so that threads can work them out in any order (native/src/kernels/merge.cpp), and
 * unlike a cryptographic hash they cost nothing beside the writing. No guard against anyone who means to deceive.
 */
export class Checksum {
  #plain = 0;
  #weighted = 0;
  /** Whole words so far. */
  #words = 0;
  readonly #rest = new Uint8Array(4);
  #left = 0;

  update(bytes: Uint8Array): void {
    let at = 0;
    while (this.#left > 0 && at < bytes.length) this.#byte(bytes[at++]);
    const whole = (bytes.length - at) >>> 2;
    if (whole > 0) this.#take(wordsOf(bytes, at, whole));
    at += 4 * whole;
    while (at < bytes.length) this.#byte(bytes[at++]);
  }

  /** Takes bytes whose sums were worked out elsewhere, their first word having the number `words`. */
  join(bytes: number, plain: number, weighted: number): void {
    if (this.#left > 0) throw new Error('Sums join at whole words only');
    this.#plain = (this.#plain + plain) | 0;
    this.#weighted = (this.#weighted + weighted) | 0;
    this.#words += Math.ceil(bytes / 4);
  }

  get words(): number {
    return this.#words;
  }

  /** Both sums as 16 hexadecimal digits. */
  digest(): string {
    const end = new Checksum();
    end.join(4 * this.#words, this.#plain, this.#weighted);
    if (this.#left > 0) end.#take(Uint32Array.of(new DataView(this.#rest.buffer).getUint32(0, true)));
    return [end.#plain, end.#weighted].map((sum) => (sum >>> 0).toString(16).padStart(8, '0')).join('');
  }

  #byte(byte: number): void {
    this.#rest[this.#left++] = byte;
    if (this.#left < 4) return;
    this.#take(Uint32Array.of(new DataView(this.#rest.buffer).getUint32(0, true)));
    this.#rest.fill(0);
    this.#left = 0;
  }

  #take(words: Uint32Array): void {
    let [plain, weighted, factor] = [this.#plain, this.#weighted, 2 * this.#words + 1];
    for (let i = 0; i < words.length; i++) {
      plain = (plain + words[i]) | 0;
      weighted = (weighted + Math.imul(words[i], factor)) | 0;
      factor += 2;
    }
    this.#plain = plain;
    this.#weighted = weighted;
    this.#words += words.length;
  }
}

/** A view where the bytes are aligned, else a copy. */
function wordsOf(bytes: Uint8Array, at: number, count: number): Uint32Array {
  const start = bytes.byteOffset + at;
  return start % 4 === 0
    ? new Uint32Array(bytes.buffer, start, count)
    : new Uint32Array(bytes.slice(at, at + 4 * count).buffer);
}
