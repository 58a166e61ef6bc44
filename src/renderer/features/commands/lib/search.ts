/** Finding a command by what is typed: letters in order are enough, whole words and their beginnings come first. */

const plain = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

/** How well one word fits a text; null when its letters do not stand there in this order. */
function wordScore(word: string, text: string): number | null {
  const at = text.indexOf(word);
  if (at >= 0) {
    const begins = at === 0 || /[^\p{L}\d]/u.test(text[at - 1] ?? '');
    return 1000 + (begins ? 500 : 0) - at;
  }
  let place = -1;
  let score = 0;
  for (const letter of word) {
    const next = text.indexOf(letter, place + 1);
    if (next < 0) return null;
    const begins = next === 0 || /[^\p{L}\d]/u.test(text[next - 1] ?? '');
    score += next === place + 1 ? 10 : begins ? 8 : -Math.min(5, next - place);
    place = next;
  }
  return score;
}

/** How well a query fits a text, higher is better; null when a word of it does not. An empty query fits all alike. */
export function score(query: string, text: string): number | null {
  const inText = plain(text);
  let sum = 0;
  for (const word of plain(query).split(/\s+/).filter(Boolean)) {
    const found = wordScore(word, inText);
    if (found === null) return null;
    sum += found;
  }
  // Of two that fit alike, the shorter one is meant.
  return sum - inText.length / 100;
}

export interface Searchable {
  readonly id: string;
  readonly label: string;
  /** More words to find it by. */
  readonly keywords?: string;
}

/** What fits the query, best first; with no query all, the recently used first. `recent`: ids, newest first. */
export function find<T extends Searchable>(commands: readonly T[], query: string, recent: readonly string[]): T[] {
  const place = (id: string): number => {
    const at = recent.indexOf(id);
    return at < 0 ? recent.length : at;
  };
  if (query.trim() === '') return commands.toSorted((a, b) => place(a.id) - place(b.id));
  return commands
    .flatMap((command) => {
      const direct = score(query, command.label);
      // Found by its other words alone, it comes after what is called so.
      const other = command.keywords ? score(query, `${command.label} ${command.keywords}`) : null;
      const best = Math.max(direct ?? Number.NEGATIVE_INFINITY, (other ?? Number.NEGATIVE_INFINITY) - 200);
      return best === Number.NEGATIVE_INFINITY ? [] : [{ command, best }];
    })
    .toSorted((a, b) => b.best - a.best || place(a.command.id) - place(b.command.id))
    .map(({ command }) => command);
}

/** The recently used ones after this one was used. */
export const used = (id: string, recent: readonly string[]): string[] =>
  [id, ...recent.filter((other) => other !== id)].slice(0, 8);
