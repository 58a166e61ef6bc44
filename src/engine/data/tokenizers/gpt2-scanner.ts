/**
 * GPT-2's pre-tokenizer pattern by hand, over UTF-8 bytes:
 * `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
 */
import { codePointAt, sequenceLength } from '../utf8.ts';
import { asciiClasses, classOf, space } from './gpt2-classes.ts';

const apostrophe = 0x27;
/** End of the contraction ('s 't 're 've 'm 'll 'd) that starts at `at`, or `at`. */
function contractionEnd(text: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return at;
  const first = text[at + 1];
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return at + 2;
  if (at + 2 >= end) return at;
  const second = text[at + 2];
  if ((first === 0x72 || first === 0x76) && second === 0x65) return at + 3;
  return first === 0x6c && second === 0x6c ? at + 3 : at;
}

/** End of the pre-token that starts at `at`. `text` is valid UTF-8 up to `end`. */
export function gpt2WordEnd(text: Uint8Array, at: number, end: number): number {
  if (text[at] === apostrophe) {
    const contraction = contractionEnd(text, at, end);
    if (contraction > at) return contraction;
  }
  let place = at;
  // ` ?` in front of a run; a space before white space or the end belongs to \s+.
  if (text[at] === 0x20 && at + 1 < end) place = at + 1;
  let length = text[place] < 0x80 ? 1 : sequenceLength(text, place, end);
  const kind = asciiClasses[text[place]] || classOf(codePointAt(text, place, length));
  if (kind === space && place > at) {
    place = at;
    length = 1;
  }
  let last = place;
  place += length;
  while (place < end) {
    const byte = text[place];
    if (byte < 0x80) {
      if (asciiClasses[byte] !== kind) break;
      last = place++;
    } else {
      length = sequenceLength(text, place, end);
      if (classOf(codePointAt(text, place, length)) !== kind) break;
      last = place;
      place += length;
    }
  }
  // \s+(?!\S) leaves the last white space to what follows, unless it is the only one.
  if (kind === space && place < end && last > at) return last;
  return place;
}
