/** How long documents are: a count by powers of two, and the ends of the list by name. */
import type { DocumentLengths } from '../../shared/dataset.ts';

type Entry = DocumentLengths['shortest'][number];

const listed = 10;

export class Lengths {
  readonly #shortest: Entry[] = [];
  readonly #longest: Entry[] = [];
  readonly #histogram: number[] = [];
  #bytes = 0;

  /** A document of `bytes` of text, at least one; `name` is asked for only where it is kept. */
  add(bytes: number, name: () => string): void {
    const power = Math.floor(Math.log2(bytes));
    while (this.#histogram.length <= power) this.#histogram.push(0);
    this.#histogram[power]++;
    this.#bytes += bytes;
    const isShort = this.#shortest.length < listed || bytes < this.#shortest[listed - 1].bytes;
    const isLong = this.#longest.length < listed || bytes > this.#longest[listed - 1].bytes;
    if (!isShort && !isLong) return;
    const entry = { name: name(), bytes };
    if (isShort) insert(this.#shortest, entry, (a, b) => a.bytes - b.bytes);
    if (isLong) insert(this.#longest, entry, (a, b) => b.bytes - a.bytes);
  }

  /** Takes over what another one counted of later documents. */
  merge(other: Lengths): void {
    this.#bytes += other.#bytes;
    for (const [power, count] of other.#histogram.entries()) {
      while (this.#histogram.length <= power) this.#histogram.push(0);
      this.#histogram[power] += count;
    }
    for (const entry of other.#shortest) insert(this.#shortest, entry, (a, b) => a.bytes - b.bytes);
    for (const entry of other.#longest) insert(this.#longest, entry, (a, b) => b.bytes - a.bytes);
  }

  /** Of all documents together. */
  get bytes(): number {
    return this.#bytes;
  }

  get result(): DocumentLengths {
    return { shortest: this.#shortest, longest: this.#longest, histogram: this.#histogram };
  }
}

/** In order, after its equals; what no longer fits falls off the end. */
function insert(entries: Entry[], entry: Entry, order: (a: Entry, b: Entry) => number): void {
  const at = entries.findIndex((other) => order(entry, other) < 0);
  entries.splice(at < 0 ? entries.length : at, 0, entry);
  if (entries.length > listed) entries.pop();
}
