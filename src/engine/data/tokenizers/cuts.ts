/** Where text may be cut so that a pattern splits the two parts as it splits the whole. */
import { sequenceLength } from '../utf8.ts';
import { classAt, other, space } from './gpt2-classes.ts';

/** Whether a pattern splits between two characters of different classes, `next` being the one at `at`. */
export type SplitsBetween = (previous: number, next: number, window: Uint8Array, at: number) => boolean;

/**
 * Whether `splits` holds between the characters before and from `at` on. Broken UTF-8 is repaired in the same way on
 * both sides: a cut lies between two valid characters.
 */
export function isCut(window: Uint8Array, at: number, splits: SplitsBetween): boolean {
  if ((window[at] & 0xc0) === 0x80) return false;
  const length = sequenceLength(window, at, window.length);
  const before = previousCharacter(window, at);
  if (length === 0 || before < 0) return false;
  const previous = classAt(window, before, at - before);
  const next = classAt(window, at, length);
  return previous !== next && previous !== space && splits(previous, next, window, at);
}

/** Start of the valid character that ends right before `at`, or -1. */
function previousCharacter(bytes: Uint8Array, at: number): number {
  let start = at - 1;
  while (start > 0 && at - start < 4 && (bytes[start] & 0xc0) === 0x80) start--;
  return sequenceLength(bytes, start, at) === at - start ? start : -1;
}

/** The last place of a window that `allowed` and `splits` agree on, or 0. */
export function lastCut(
  window: Uint8Array,
  splits: SplitsBetween,
  allowed: (window: Uint8Array, at: number) => boolean = () => true,
): number {
  for (let at = window.length - 1; at > 0; at--) if (isCut(window, at, splits) && allowed(window, at)) return at;
  return 0;
}

/**
 * GPT-2's pattern splits before white space that follows something else (no alternative holds both, and none that
 * ends there looks ahead), and between two classes of which neither is white space (the contractions are the only
 * alternatives that hold both: not after an apostrophe).
 */
export const gpt2Splits: SplitsBetween = (_, next, window, at) => next === space || window[at - 1] !== 0x27;

/**
 * GPT-4's pattern: no alternative goes on from a sign to white space that ends no line, nor from a letter or a digit to
 * anything of another class; and none that ends there looks further.
 */
export const gpt4Splits: SplitsBetween = (previous, next, window, at) =>
  previous !== other || (next === space && window[at] !== 0x0a && window[at] !== 0x0d);
