/** Tokenizers as folders hold them: a dataset's, a run's checkpoint's, an exported model's. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { DatasetMeta } from '../../../shared/dataset.ts';
import { UserError } from '../../errors.ts';
import type { Tokenizer } from '../source.ts';
import { bytesTokenizer } from './bytes.ts';
import { charactersTokenizer } from './characters.ts';
import type { Encoder } from './encoder.ts';
import { gpt2Tokenizer } from './gpt2.ts';
import { byteLevelCharacters } from './hugging-face.ts';

const tokenizerJson = z.object({
  normalizer: z.null().optional(),
  pre_tokenizer: z.object({ type: z.string() }).nullable().optional(),
  model: z.object({
    type: z.literal('BPE'),
    vocab: z.record(z.string(), z.number().int().nonnegative()),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
  }),
});

/**
 * The tokenizer of a folder, from its tokenizer.json, or from GPT-2's vocab.json and merges.txt;
 * null when it holds none of them.
 * @throws UserError 'tokenizer-broken' (does not parse, ids that are no permutation) or
 *   'tokenizer-unsupported' (a tokenizer other than GPT-2's, characters or bytes)
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer | null> {
  return loadEncoder(folder);
}

/** As `loadTokenizer`, with what preparation needs. */
export async function loadEncoder(folder: string): Promise<Encoder | null> {
  const path = join(folder, 'tokenizer.json');
  const text = await readIfThere(path);
  if (text !== null) {
    const parsed = tokenizerJson.safeParse(parse(path, text));
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw unsupported(path, `${issue.path.join('.')}: ${issue.message}`);
    }
    const { model, pre_tokenizer: before } = parsed.data;
    const merges = model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' ')));
    return recognise(path, model.vocab, merges, before?.type ?? null);
  }
  const vocabPath = join(folder, 'vocab.json');
  const [vocab, merges] = await Promise.all([readIfThere(vocabPath), readIfThere(join(folder, 'merges.txt'))]);
  if (vocab === null || merges === null) return null;
  const parsed = z.record(z.string(), z.number().int().nonnegative()).safeParse(parse(vocabPath, vocab));
  if (!parsed.success) throw broken(vocabPath, 'it does not map tokens to ids');
  const lines = merges.split('\n').filter((line, i) => line !== '' && !(i === 0 && line.startsWith('#version')));
  return recognise(vocabPath, parsed.data, lines, 'ByteLevel');
}

async function recognise(
  path: string,
  vocab: Readonly<Record<string, number>>,
  merges: readonly string[],
  before: string | null,
): Promise<Encoder> {
  const tokens: string[] = [];
  const entries = Object.entries(vocab);
  for (const [token, id] of entries) {
    if (tokens[id] !== undefined) throw broken(path, `two tokens have the id ${id}`);
    if (id >= entries.length) throw broken(path, `the id ${id} is past the size of its vocabulary`);
    tokens[id] = token;
  }
  if (merges.length === 0 && before === null) {
    const codePoints = tokens.map((token) => token.codePointAt(0) ?? -1);
    const single = tokens.every((token, id) => token === String.fromCodePoint(Math.max(codePoints[id], 0)));
    if (single && tokens.length > 0 && codePoints.every((value, id) => id === 0 || value > codePoints[id - 1]))
      return charactersTokenizer(codePoints);
  }
  if (before === 'ByteLevel' && merges.length === 0 && same(tokens, byteLevelCharacters)) return bytesTokenizer();
  if (before === 'ByteLevel' && tokens.length === 50257) {
    const gpt2 = await gpt2Tokenizer();
    const own = gpt2.huggingFaceFiles();
    const ownTokens: string[] = [];
    for (const [token, id] of Object.entries(JSON.parse(own['vocab.json']) as Record<string, number>))
      ownTokens[id] = token;
    if (same(tokens, ownTokens) && `#version: 0.2\n${merges.join('\n')}\n` === own['merges.txt']) return gpt2;
  }
  throw unsupported(path, `${tokens.length} tokens and ${merges.length} merges of its own`);
}

/** A tokenizer that needs no text of its own. */
export async function builtInTokenizer(kind: DatasetMeta['tokenizer']['kind']): Promise<Encoder | null> {
  if (kind === 'gpt2') return gpt2Tokenizer();
  return kind === 'bytes' ? bytesTokenizer() : null;
}

const same = (a: readonly string[], b: readonly string[]) => a.length === b.length && a.every((x, i) => x === b[i]);

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw broken(path, (error as Error).message);
  }
}

const broken = (path: string, reason: string) =>
  new UserError(
    'tokenizer-broken',
    `${path} is not a whole tokenizer file: ${reason}.`,
    'Copy the file again from where the model or the dataset came from.',
  );
const unsupported = (path: string, reason: string) =>
  new UserError(
    'tokenizer-unsupported',
    `${path} is not GPT-2's tokenizer, nor one of characters or bytes (${reason}).`,
    "Use a dataset with GPT-2's tokenizer, characters or bytes.",
  );
