/** From the form's fields to the tokenizer that is asked for. */
import { type TokenizerChoice, tokenizerChoice, tokenizerKinds } from '../../../../shared/dataset.ts';

export const choosableTokenizers = [...tokenizerKinds, 'trained', 'huggingface'] as const;
export type TokenizerKind = (typeof choosableTokenizers)[number];

export interface TokenizerSettings {
  /** Of a tokenizer.json. */
  readonly path: string;
  /** Of one that is trained; NaN for what is no number. */
  readonly vocabSize: number;
}

const isAbsolute = (path: string) => /^(\/|[A-Za-z]:[\\/]|\\\\)/.test(path);

/** The string that says what is wrong, or null. */
export function tokenizerError(
  kind: TokenizerKind,
  { path, vocabSize }: TokenizerSettings,
): 'vocabSizeBad' | 'tokenizerPathBad' | null {
  if (kind === 'trained') return tokenizerChoice.safeParse({ kind, vocabSize }).success ? null : 'vocabSizeBad';
  return kind === 'huggingface' && !isAbsolute(path.trim()) ? 'tokenizerPathBad' : null;
}

/** For settings without an error. */
export function tokenizerOf(kind: TokenizerKind, { path, vocabSize }: TokenizerSettings): TokenizerChoice {
  if (kind === 'trained') return tokenizerChoice.parse({ kind, vocabSize });
  return kind === 'huggingface' ? { kind, path: path.trim() } : kind;
}
