/** Tokenizers as folders hold them: a dataset's, a run's checkpoint's, an exported model's. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { DatasetMeta } from '../../../shared/dataset.ts';
import { UserError } from '../../errors.ts';
import type { Tokenizer } from '../source.ts';
import { byteLevelBpe } from './byte-level-bpe.ts';
import { bytesTokenizer } from './bytes.ts';
import { charactersTokenizer } from './characters.ts';
import type { Encoder } from './encoder.ts';
import { gpt2Tokenizer } from './gpt2.ts';
import { byteLevelCharacters, endOfTextMark, tokenizerFile } from './hugging-face.ts';
import type { TokenizerJson } from './json-file.ts';
import { broken, largestFile, parseJson, readTokenizerJson } from './json-file.ts';

/**
 * The tokenizer of a folder, from its tokenizer.json, or from the vocab.json and merges.txt that GPT-2 and its kin have;
 * null when it holds none of them.
 * @throws UserError 'tokenizer-broken' (does not parse, ids that are no permutation) or
 *   'tokenizer-unsupported' (other than byte-level BPE, characters or bytes)
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer | null> {
  return loadEncoder(folder);
}

/** As `loadTokenizer`, with what preparation needs. */
export async function loadEncoder(folder: string): Promise<Encoder | null> {
  const path = join(folder, 'tokenizer.json');
  const text = await readIfThere(path);
  if (text !== null) return encoderOfText(path, text);
  const vocabPath = join(folder, 'vocab.json');
  const [vocab, merges] = await Promise.all([readIfThere(vocabPath), readIfThere(join(folder, 'merges.txt'))]);
  if (vocab === null || merges === null) return null;
  const parsed = z.record(z.string(), z.number().int().nonnegative()).safeParse(parseJson(vocabPath, vocab));
  if (!parsed.success) throw broken(vocabPath, 'it does not map tokens to ids');
  const lines = merges.split('\n').filter((line, i) => line !== '' && !(i === 0 && line.startsWith('#version')));
  const end = parsed.data[endOfTextMark];
  const specials: Record<string, number> = end === undefined ? {} : { [endOfTextMark]: end };
  return encoderOfText(
    vocabPath,
    tokenizerFile({ vocab: parsed.data, merges: lines, splitsWords: true, byteLevel: true, specials }),
  );
}

/** A file that the user names. @throws UserError 'tokenizer-missing', and as `loadEncoder` */
export async function encoderOfFile(path: string): Promise<Encoder> {
  const text = await readIfThere(path);
  if (text === null)
    throw new UserError(
      'tokenizer-missing',
      `There is no tokenizer at ${path}.`,
      'Name the tokenizer.json of a Hugging Face model.',
    );
  return encoderOfText(path, text);
}

/** The content of a tokenizer.json. @param path for messages. @throws UserError as `loadEncoder` */
export async function encoderOfText(path: string, text: string): Promise<Encoder> {
  const json = readTokenizerJson(path, text);
  return (await wellKnown(json)) ?? byteLevelBpe(path, text, json);
}

/** The tokenizer that Meander has itself, where the file is one of those. */
async function wellKnown({ tokens, merges, before, normalizer, added }: TokenizerJson): Promise<Encoder | null> {
  if (normalizer !== null) return null;
  if (merges.length === 0 && before === null) {
    const codePoints = tokens.map((token) => token.codePointAt(0) ?? -1);
    const single = tokens.every((token, id) => token === String.fromCodePoint(Math.max(codePoints[id], 0)));
    if (single && tokens.length > 0 && codePoints.every((value, id) => id === 0 || value > codePoints[id - 1]))
      return charactersTokenizer(codePoints);
  }
  if (before?.type !== 'ByteLevel' || before.add_prefix_space === true) return null;
  if (merges.length === 0 && same(tokens, byteLevelCharacters)) return bytesTokenizer();
  if (tokens.length !== 50257 || before.use_regex === false || !added.every((token) => token.id === 50256)) return null;
  const gpt2 = await gpt2Tokenizer();
  const own = gpt2.huggingFaceFiles();
  const ownTokens: string[] = [];
  for (const [token, id] of Object.entries(JSON.parse(own['vocab.json']) as Record<string, number>))
    ownTokens[id] = token;
  const lines = merges.map((merge) => merge.join(' ')).join('\n');
  return same(tokens, ownTokens) && `#version: 0.2\n${lines}\n` === own['merges.txt'] ? gpt2 : null;
}

/** A tokenizer that needs no text of its own. */
export async function builtInTokenizer(kind: DatasetMeta['tokenizer']['kind']): Promise<Encoder | null> {
  if (kind === 'gpt2') return gpt2Tokenizer();
  return kind === 'bytes' ? bytesTokenizer() : null;
}

const same = (a: readonly string[], b: readonly string[]) => a.length === b.length && a.every((x, i) => x === b[i]);

/** @throws UserError 'tokenizer-broken' for a file of a size that no tokenizer has */
async function readIfThere(path: string): Promise<string | null> {
  try {
    const { size } = await stat(path);
    if (size > largestFile) throw broken(path, `it has ${size} bytes, more than any tokenizer`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
