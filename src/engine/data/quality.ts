/** What a document's text is like, in one pass and whatever its language: what the filters ask for. */
import type { DocumentFilters } from '../../shared/dataset.ts';
import { asciiClasses, classOf, digit, letter, space } from './tokenizers/gpt2-classes.ts';
import { codePointAt, sequenceLength } from './utf8.ts';

/** Different lines of one document that are remembered; a line that comes after them counts as new. */
const linesRemembered = 1 << 17;
const lineFeed = 0x0a;

/** Marks (vowel signs, accents of their own) are no letters in Unicode, but belong to words. */
const mark = /^\p{M}$/u;
const isMark = new Map<number, boolean>();

export type FilterReason = keyof DocumentFilters;

/** The filters that ask for something, as text is looked at for nobody's sake. */
export const anyFilter = (filters: DocumentFilters) => Object.values(filters).some((value) => value !== null);

export class Quality {
  /** Code points. */
  characters = 0;
  #visible = 0;
  #wordly = 0;
  #lines = 0;
  #repeated = 0;
  #isBlank = true;
  #hash = 0x811c9dc5;
  #more = 0;
  readonly #seen = new Set<number>();

  /** The next part of the text: valid UTF-8, whole characters. */
  add(text: Uint8Array): void {
    for (let at = 0; at < text.length; ) {
      const byte = text[at];
      this.characters++;
      if (byte === lineFeed) {
        this.#endLine();
        at++;
        continue;
      }
      let length = 1;
      let kind = asciiClasses[byte];
      if (byte < 0x80) this.#mix(byte);
      else {
        length = sequenceLength(text, at, text.length);
        const codePoint = codePointAt(text, at, length);
        kind = wordly(codePoint) ? letter : classOf(codePoint);
        this.#mix(codePoint);
      }
      if (kind !== space) {
        this.#isBlank = false;
        this.#visible++;
        if (kind === letter || kind === digit) this.#wordly++;
      }
      at += length;
    }
  }

  /** The first filter that the text does not pass; null when it passes all. Call it once, at the end. */
  refusedBy(filters: DocumentFilters): FilterReason | null {
    this.#endLine();
    const { minCharacters, maxCharacters, minLetters, maxRepeatedLines } = filters;
    if (minCharacters !== null && this.characters < minCharacters) return 'minCharacters';
    if (maxCharacters !== null && this.characters > maxCharacters) return 'maxCharacters';
    if (minLetters !== null && this.#wordly < minLetters * this.#visible) return 'minLetters';
    if (maxRepeatedLines !== null && this.#repeated > maxRepeatedLines * this.#lines) return 'maxRepeatedLines';
    return null;
  }

  #mix(value: number): void {
    this.#hash = Math.imul(this.#hash ^ value, 0x01000193);
    this.#more = Math.imul(this.#more + value, 0x5bd1e995) ^ (this.#more >>> 15);
  }

  #endLine(): void {
    if (!this.#isBlank) {
      this.#lines++;
      // 53 bits of two hashes.
      const line = (this.#hash >>> 0) * 2 ** 21 + (this.#more >>> 11);
      if (this.#seen.has(line)) this.#repeated++;
      else if (this.#seen.size < linesRemembered) this.#seen.add(line);
    }
    this.#isBlank = true;
    this.#hash = 0x811c9dc5;
    this.#more = 0;
  }
}

function wordly(codePoint: number): boolean {
  const kind = classOf(codePoint);
  if (kind === letter || kind === digit || kind === space) return kind !== space;
  let found = isMark.get(codePoint);
  if (found === undefined) {
    found = mark.test(String.fromCodePoint(codePoint));
    isMark.set(codePoint, found);
  }
  return found;
}
