/** Character classes of GPT-2's pre-tokenizer pattern, over UTF-8 bytes. */
import { codePointAt, sequenceLength } from '../utf8.ts';
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

/** Length of the valid character at `at`. */
export const lengthAt = (text: Uint8Array, at: number, end: number) =>
  text[at] < 0x80 ? 1 : sequenceLength(text, at, end);

/** Class of the valid character of `length` bytes at `at`. */
export const classAt = (text: Uint8Array, at: number, length: number) =>
  asciiClasses[text[at]] || classOf(codePointAt(text, at, length));
