/** Where a word stands in a log: plain text, whatever its case. */

/** A log of megabytes may hold a letter a million times; more marks than this help nobody. */
export const matchLimit = 10_000;

export interface Matches {
  /** Where each begins; the first `matchLimit`. */
  readonly starts: readonly number[];
  /** How many there are in all. */
  readonly count: number;
}

export function findMatches(text: string, wanted: string): Matches {
  const needle = wanted.toLowerCase();
  const starts: number[] = [];
  let count = 0;
  if (needle === '') return { starts, count };
  const lower = text.toLowerCase();
  // Where a letter changes its length with its case, places in the two texts are not the same.
  const hay = lower.length === text.length ? lower : text;
  for (let at = hay.indexOf(needle); at !== -1; at = hay.indexOf(needle, at + needle.length)) {
    if (count < matchLimit) starts.push(at);
    count++;
  }
  return { starts, count };
}

/** The text cut at what is marked: every second piece, from the second on, is a match. */
export function piecesOf(text: string, { starts }: Matches, length: number): string[] {
  const pieces: string[] = [];
  let at = 0;
  for (const start of starts) {
    pieces.push(text.slice(at, start), text.slice(start, start + length));
    at = start + length;
  }
  pieces.push(text.slice(at));
  return pieces;
}
