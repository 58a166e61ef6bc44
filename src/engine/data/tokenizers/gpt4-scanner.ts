/**
 * The pre-tokenizer pattern of GPT-4 (cl100k) and what follows it, by hand, over UTF-8 bytes:
 * `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
 * with `\p{N}{1,3}` in GPT-4 and Llama 3, and `\p{N}` in Qwen.
 */
import { classAt, digit, lengthAt, letter, other, space } from './gpt2-classes.ts';
import type { WordEnd } from './word-encoder.ts';

const apostrophe = 0x27;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;

const isLineEnd = (byte: number) => byte === lineFeed || byte === carriageReturn;

/** End of the run of one class that goes on at `at`. */
function runEnd(text: Uint8Array, at: number, end: number, kind: number): number {
  while (at < end) {
    const length = lengthAt(text, at, end);
    if (classAt(text, at, length) !== kind) break;
    at += length;
  }
  return at;
}

/** End of the contraction in any case that starts at `at`, or `at`. ſ (U+017F) is an s in another case. */
function contractionEnd(text: Uint8Array, at: number, end: number): number {
  const lower = (place: number) => (place < end ? text[place] | 0x20 : 0);
  const first = lower(at + 1);
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return at + 2;
  if (at + 2 < end && text[at + 1] === 0xc5 && text[at + 2] === 0xbf) return at + 3;
  const second = lower(at + 2);
  if ((first === 0x72 || first === 0x76) && second === 0x65) return at + 3;
  return first === 0x6c && second === 0x6c ? at + 3 : at;
}

/** White space up to the last line end in it; else all of it at the end of the text; else all but its last character. */
function spaceEnd(text: Uint8Array, at: number, end: number): number {
  let afterLine = -1;
  let last = at;
  let place = at;
  while (place < end) {
    const length = lengthAt(text, place, end);
    if (classAt(text, place, length) !== space) break;
    if (isLineEnd(text[place])) afterLine = place + 1;
    last = place;
    place += length;
  }
  if (afterLine >= 0) return afterLine;
  return place < end && last > at ? last : place;
}

/** @param digits how many at most stand together in a word */
export function gpt4WordEnd(digits: number): WordEnd {
  return (text, at, end) => {
    if (text[at] === apostrophe) {
      const contraction = contractionEnd(text, at, end);
      if (contraction > at) return contraction;
    }
    const length = lengthAt(text, at, end);
    const kind = classAt(text, at, length);
    const next = at + length;
    if (kind === letter) return runEnd(text, next, end, letter);
    if (kind === digit) {
      let place = next;
      for (let count = 1; count < digits && place < end; count++) {
        const step = lengthAt(text, place, end);
        if (classAt(text, place, step) !== digit) break;
        place += step;
      }
      return place;
    }
    const following = next < end ? classAt(text, next, lengthAt(text, next, end)) : 0;
    if (following === letter && !isLineEnd(text[at])) return runEnd(text, next, end, letter);
    if (kind === other || (text[at] === 0x20 && following === other)) {
      let place = runEnd(text, next, end, other);
      while (place < end && isLineEnd(text[place])) place++;
      return place;
    }
    return spaceEnd(text, at, end);
  };
}
