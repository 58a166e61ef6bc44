/** Character classes of GPT-2's pre-tokenizer pattern, over UTF-8 bytes. */
import { codePointAt, isAsciiSpace, sequenceLength } from '../utf8.ts';
import { unicodeRanges } from './unicode-ranges.ts';

export const letter = 1;
export const digit = 2;
export const space = 3;
export const other = 4;

/** Ranges of one class, ascending: first code point, last code point, class. */
const ranges: readonly (readonly [number, number, number])[] = (() => {
  const kinds: Readonly<Record<string, number>> = { L: letter, N: digit, S: space };
  let next = 0;
  return unicodeRanges
    .trim()
    .split(/\s+/)
    .map((entry) => {
      const [, gap, kind, more] = /^(\w+?)([LNS])(\w+)$/.exec(entry)!;
      const first = next + Number.parseInt(gap, 36);
      const last = first + Number.parseInt(more, 36);
      next = last + 1;
      return [first, last, kinds[kind]] as const;
    });
})();

/** Classes of code points, in pages of 256 that are filled on first use. */
const pages: (Uint8Array | undefined)[] = [];

function fillPage(page: number): Uint8Array {
  const classes = new Uint8Array(256).fill(other);
  const start = page * 256;
  for (const [first, last, kind] of ranges)
    if (last >= start && first < start + 256) classes.fill(kind, Math.max(first - start, 0), last - start + 1);
  pages[page] = classes;
  return classes;
}

export function classOf(codePoint: number): number {
  return (pages[codePoint >>> 8] ?? fillPage(codePoint >>> 8))[codePoint & 255];
}

/** By byte: the class of ASCII characters, 0 for the rest. */
export const asciiClasses = Uint8Array.from({ length: 256 }, (_, byte) => (byte < 0x80 ? classOf(byte) : 0));

/** Start of the valid character that ends right before `at`, or -1. */
function previousCharacter(bytes: Uint8Array, at: number): number {
  let start = at - 1;
  while (start > 0 && at - start < 4 && (bytes[start] & 0xc0) === 0x80) start--;
  return sequenceLength(bytes, start, at) === at - start ? start : -1;
}

/**
 * Where GPT-2's pattern `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
 * must split, whatever follows the window. Two kinds of places, the last one is taken:
 * before white space that follows something else (no alternative holds both, and none that ends there
 * looks ahead), and, only if there is none, between two different classes of which neither is white
 * space (the contractions are the only alternatives that hold both: not after an apostrophe).
 * Broken UTF-8 is repaired in the same way on both sides: a cut lies between two valid characters.
 */
export function lastGpt2Cut(window: Uint8Array): number {
  for (let at = window.length - 1; at > 0; at--) {
    if (!isAsciiSpace(window[at])) continue;
    const before = previousCharacter(window, at);
    if (before < 0) continue;
    if (classOf(codePointAt(window, before, at - before)) !== space) return at;
  }
  let next = 0;
  for (let at = window.length - 1; at > 0; at--) {
    if ((window[at] & 0xc0) === 0x80) continue;
    const length = sequenceLength(window, at, window.length);
    const before = previousCharacter(window, at);
    if (length === 0 || before < 0) continue;
    next = classOf(codePointAt(window, at, length));
    const previous = classOf(codePointAt(window, before, at - before));
    if (next !== previous && next !== space && previous !== space && window[at - 1] !== 0x27) return at;
  }
  return 0;
}
