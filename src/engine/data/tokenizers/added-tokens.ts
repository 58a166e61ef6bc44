/**
 * Tokens that a text is searched for before its words are looked at, as Hugging Face's `tokenizers` does it: the
 * leftmost one, and of those that begin there the longest.
 */

export interface AddedToken {
  readonly id: number;
  readonly bytes: Uint8Array;
}

export class AddedTokens {
  /** By first byte, the longest first. */
  readonly #byFirst: AddedToken[][] = Array.from({ length: 256 }, () => []);
  readonly #all: readonly AddedToken[];

  /** @param tokens none of them empty */
  constructor(tokens: readonly AddedToken[]) {
    this.#all = tokens;
    for (const token of [...tokens].sort((a, b) => b.bytes.length - a.bytes.length))
      this.#byFirst[token.bytes[0]].push(token);
  }

  get none(): boolean {
    return this.#all.length === 0;
  }

  /** The first token in text[at, end), and where it begins; null where there is none. */
  find(text: Uint8Array, at: number, end: number): { readonly token: AddedToken; readonly start: number } | null {
    for (; at < end; at++)
      for (const token of this.#byFirst[text[at]])
        if (at + token.bytes.length <= end && matches(text, at, token.bytes, token.bytes.length))
          return { token, start: at };
    return null;
  }

  /** Whether one of them, as far as the window shows it, may lie across `at`. */
  mayCross(window: Uint8Array, at: number): boolean {
    return this.#all.some(({ bytes }) => {
      for (let before = Math.min(bytes.length - 1, at); before > 0; before--)
        if (matches(window, at - before, bytes, Math.min(bytes.length, window.length - at + before))) return true;
      return false;
    });
  }
}

function matches(text: Uint8Array, at: number, bytes: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (text[at + i] !== bytes[i]) return false;
  return true;
}
