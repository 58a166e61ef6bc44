/** tokenizer.json as Hugging Face's `tokenizers` writes it: what of it is understood, and that it holds together. */
import { z } from 'zod';
import { UserError } from '../../errors.ts';

/** Larger files, or vocabularies, are none that a tokenizer has. The largest known is 260,000 ids in 35 MB. */
export const largestFile = 64 << 20;
const largestVocabulary = 1 << 20;
/** Longer tokens are none. */
const longestToken = 1 << 12;

const id = z.number().int().nonnegative().lt(largestVocabulary);
const addedToken = z.object({
  id,
  content: z.string().min(1).max(longestToken),
  single_word: z.boolean().default(false),
  lstrip: z.boolean().default(false),
  rstrip: z.boolean().default(false),
  normalized: z.boolean().default(true),
  special: z.boolean().default(false),
});
const step = z.looseObject({ type: z.string() });
const file = z.object({
  added_tokens: z.array(addedToken).max(largestVocabulary).default([]),
  normalizer: step.nullish(),
  pre_tokenizer: step.nullish(),
  decoder: step.nullish(),
  model: z.looseObject({ type: z.string().optional() }),
});
const model = z.object({
  dropout: z.number().nullish(),
  continuing_subword_prefix: z.string().nullish(),
  end_of_word_suffix: z.string().nullish(),
  byte_fallback: z.boolean().nullish(),
  ignore_merges: z.boolean().nullish(),
  vocab: z.record(z.string(), id),
  merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])).max(largestVocabulary),
});

export interface TokenizerJson {
  /** Of the model, and those added to it: each id from 0 up exactly once. */
  readonly tokens: readonly string[];
  readonly added: readonly z.infer<typeof addedToken>[];
  readonly vocab: Readonly<Record<string, number>>;
  readonly merges: readonly (readonly [string, string])[];
  readonly ignoreMerges: boolean;
  readonly normalizer: z.infer<typeof step> | null;
  readonly before: z.infer<typeof step> | null;
  readonly decoder: z.infer<typeof step> | null;
}

/**
 * @param path for messages
 * @throws UserError 'tokenizer-broken' for a file that is none, or contradicts itself; 'tokenizer-unsupported' for
 *   another model than byte-pair encoding, and for what its encoder cannot do
 */
export function readTokenizerJson(path: string, text: string): TokenizerJson {
  const json = check(path, file, parseJson(path, text));
  const { type = 'merges' in json.model ? 'BPE' : 'unnamed' } = json.model;
  if (type !== 'BPE') throw unsupported(path, `its model is ${type}, not byte-pair encoding`);
  const bpe = check(path, model, json.model, 'model');
  if (bpe.dropout) throw unsupported(path, `it drops merges at random (dropout ${bpe.dropout})`);
  if (bpe.byte_fallback) throw unsupported(path, 'it falls back to bytes (byte_fallback), as SentencePiece does');
  if (bpe.continuing_subword_prefix)
    throw unsupported(path, 'it marks the inside of words (continuing_subword_prefix)');
  if (bpe.end_of_word_suffix) throw unsupported(path, 'it marks the end of words (end_of_word_suffix)');
  const merges = bpe.merges.map((merge) => {
    const parts = typeof merge === 'string' ? merge.split(' ') : merge;
    if (parts.length !== 2 || parts[0] === '' || parts[1] === '')
      throw broken(path, `the merge ${shown(String(merge))} is no pair of tokens`);
    return [parts[0], parts[1]] as const;
  });
  return {
    tokens: tokensById(path, bpe.vocab, json.added_tokens),
    added: json.added_tokens,
    vocab: bpe.vocab,
    merges,
    ignoreMerges: bpe.ignore_merges === true,
    normalizer: json.normalizer ?? null,
    before: json.pre_tokenizer ?? null,
    decoder: json.decoder ?? null,
  };
}

function tokensById(
  path: string,
  vocab: Readonly<Record<string, number>>,
  added: readonly { id: number; content: string }[],
): string[] {
  const tokens: string[] = [];
  const put = (token: string, at: number) => {
    if (token.length > longestToken) throw broken(path, `a token is ${token.length} characters long`);
    if (tokens[at] !== undefined && tokens[at] !== token) throw broken(path, `two tokens have the id ${at}`);
    tokens[at] = token;
  };
  let count = 0;
  for (const [token, at] of Object.entries(vocab)) {
    if (tokens[at] !== undefined) throw broken(path, `two tokens have the id ${at}`);
    put(token, at);
    count++;
  }
  const own = new Map(Object.entries(vocab));
  for (const { content, id: at } of added) {
    const known = own.get(content);
    if (known !== undefined && known !== at)
      throw broken(path, `the added token ${shown(content)} has the ids ${known} and ${at}`);
    if (known === undefined) count++;
    own.set(content, at);
    put(content, at);
  }
  if (tokens.length !== count) throw broken(path, `the id ${tokens.length - 1} is past the size of its vocabulary`);
  return tokens;
}

/** A JSON text. @throws UserError 'tokenizer-broken' */
export function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw broken(path, (error as Error).message);
  }
}

function check<T extends z.ZodType>(path: string, schema: T, json: unknown, inside = ''): z.infer<T> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = [inside, ...issue.path].filter((part) => part !== '').join('.');
  throw broken(path, `${place === '' ? 'the file' : shown(place)}: ${issue.message}`);
}

/** Of a text from an untrusted file, as much as a message holds. */
export const shown = (text: string) => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

export const broken = (path: string, reason: string) =>
  new UserError(
    'tokenizer-broken',
    `${path} is not a whole tokenizer file: ${reason}.`,
    'Copy the file again from where the model or the dataset came from.',
  );
export const unsupported = (path: string, reason: string) =>
  new UserError(
    'tokenizer-unsupported',
    `${path} is a tokenizer that Meander cannot run: ${reason}.`,
    "Use byte-level BPE as GPT-2, GPT-4, Llama 3, Qwen or Pythia have it, or a dataset with GPT-2's tokenizer, characters or bytes.",
  );
