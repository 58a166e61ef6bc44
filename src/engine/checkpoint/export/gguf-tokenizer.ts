/** A tokenizer as llama.cpp's "gpt2" kind knows it: byte-level symbols, merges by rank, and an end of text. */
import type { Tokenizer } from '../../data/source.ts';
import { byteLevelCharacters } from '../../data/tokenizers/hugging-face.ts';
import { UserError } from '../../errors.ts';
import type { GgufValue } from './gguf-values.ts';

/** llama.cpp's kinds of tokens. */
const normal = 1;
const control = 3;
const unused = 5;

/**
 * Pairs of a GGUF file. llama.cpp stops at an end of text and takes token 11 for one where none is named, so a
 * tokenizer without one lends its NUL, or its last symbol, which is then said in the file's description.
 * @param vocabSize rows of the embedding as stored; ids past the tokenizer's are marked unused
 * @throws UserError 'no-tokenizer'; 'layout-unsupported' for a tokenizer that llama.cpp would run in another way
 */
export function ggufTokenizer(tokenizer: Tokenizer | null, vocabSize: number): Map<string, GgufValue> {
  if (!tokenizer)
    throw new UserError(
      'no-tokenizer',
      'The dataset of this run has no tokenizer, and a GGUF file cannot be without one.',
      'Export it as a Hugging Face folder.',
    );
  const { symbols, merges, controls, pre } = describedBy(tokenizer);
  const { endOfText } = tokenizer;
  const tokens = Array.from({ length: vocabSize }, (_, id) => symbols[id] ?? `[unused${id}]`);
  const kinds = tokens.map((_, id) =>
    id >= symbols.length ? unused : id === endOfText || controls.has(id) ? control : normal,
  );
  const end = endOfText ?? standInEnd(tokenizer);
  return new Map<string, GgufValue>([
    ['tokenizer.ggml.model', { string: 'gpt2' }],
    ['tokenizer.ggml.pre', { string: pre }],
    ['tokenizer.ggml.tokens', { strings: tokens }],
    ['tokenizer.ggml.token_type', { int32s: kinds }],
    ['tokenizer.ggml.merges', { strings: merges }],
    ['tokenizer.ggml.bos_token_id', { uint32: end }],
    ['tokenizer.ggml.eos_token_id', { uint32: end }],
    ['tokenizer.ggml.add_bos_token', { bool: false }],
    ['tokenizer.ggml.add_space_prefix', { bool: false }],
  ]);
}

/** The id that stands for an end of text where the tokenizer has none. */
export function standInEnd(tokenizer: Tokenizer): number {
  for (let id = 0; id < tokenizer.vocabSize; id++) {
    const bytes = tokenizer.bytes(id);
    if (bytes.length === 1 && bytes[0] === 0) return id;
  }
  return tokenizer.vocabSize - 1;
}

interface Described {
  readonly symbols: string[];
  readonly merges: string[];
  /** Special tokens. */
  readonly controls: ReadonlySet<number>;
  /** How llama.cpp splits text into words. */
  readonly pre: string;
}

interface TokenizerFile {
  readonly added_tokens: readonly { id: number; content: string; special?: boolean }[];
  readonly normalizer?: { type: string; normalizers?: unknown[] } | null;
  readonly model: {
    vocab: Record<string, number>;
    merges: (string | [string, string])[];
    ignore_merges?: boolean;
  };
}

function describedBy(tokenizer: Tokenizer): Described {
  if (tokenizer.kind === 'characters') return describedCharacters(tokenizer);
  const {
    model,
    added_tokens: added,
    normalizer,
  } = JSON.parse(tokenizer.huggingFaceFiles()['tokenizer.json']) as TokenizerFile;
  const pre = tokenizer.splitting ?? 'gpt-2';
  if (added.some((token) => token.special !== true))
    throw unsupported('it searches text for added tokens that are not special');
  // llama.cpp takes whole words for Llama 3 alone. It never composes characters; Qwen's own GGUF files live with that.
  if ((model.ignore_merges ?? false) !== (pre === 'llama-bpe'))
    throw unsupported(
      `ignore_merges is ${model.ignore_merges ?? false}, and llama.cpp's "${pre}" has it the other way`,
    );
  if (normalizer && pre !== 'qwen2') throw unsupported(`it normalizes text by ${normalizer.type}`);
  const symbols: string[] = [];
  for (const [symbol, id] of Object.entries(model.vocab)) symbols[id] = symbol;
  for (const { content, id } of added) symbols[id] = content;
  const merges = model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' ')));
  return { symbols, merges, controls: new Set(added.map((token) => token.id)), pre };
}

const unsupported = (reason: string) =>
  new UserError(
    'layout-unsupported',
    `llama.cpp would not split text as the tokenizer of this model does: ${reason}.`,
    'Export it as a Hugging Face folder.',
  );

function describedCharacters(tokenizer: Tokenizer): Described {
  const merges: string[] = [];
  const symbols = Array.from({ length: tokenizer.vocabSize }, (_, id) => {
    const bytes = Array.from(tokenizer.bytes(id), (byte) => byteLevelCharacters[byte]);
    // A character of several bytes is put together from its first ones; what begins alike is merged alike.
    for (let n = 1; n < bytes.length; n++) {
      const merge = `${bytes.slice(0, n).join('')} ${bytes[n]}`;
      if (!merges.includes(merge)) merges.push(merge);
    }
    return bytes.join('');
  });
  return { symbols, merges, controls: new Set(), pre: 'gpt-2' };
}
