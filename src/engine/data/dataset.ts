/** Opens a dataset's folder: Meander's own, or token files of nanoGPT or llm.c as they are. */
import { createHash } from 'node:crypto';
import { open, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { DatasetMeta } from '../../shared/dataset.ts';
import { datasetMeta } from '../../shared/dataset.ts';
import { UserError } from '../errors.ts';
import { journalName } from './journal.ts';
import { ShardSource } from './shards.ts';
import type { Dataset, Tokenizer } from './source.ts';
import { commonHeader, inspectTokenFile, pairTokenFiles } from './token-files.ts';
import { builtInTokenizer, loadTokenizer } from './tokenizers/load.ts';
import type { TokenType } from './tokens.ts';
import { asTokens, tokenBytes } from './tokens.ts';

/**
 * A folder of token files is read once from end to end for its fingerprint and its largest id; its tokenizer is
 * that of a tokenizer.json beside it, else what llm.c's header says, else GPT-2's where the end-of-text id 50,256 is
 * the largest, else unknown.
 * @throws UserError 'dataset-missing', 'dataset-broken' (the file and what is wrong with it), 'tokenizer-broken'
 */
export async function openDataset(folder: string): Promise<Dataset> {
  const meta = (await readMeta(folder)) ?? (await describeTokenFiles(folder, basename(resolve(folder))));
  const tokenizer = await tokenizerOf(folder, meta);
  const train = new ShardSource(folder, meta.train.files, meta.dtype, meta.tokenizer.vocabSize);
  let val: ShardSource;
  try {
    val = new ShardSource(folder, meta.val.files, meta.dtype, meta.tokenizer.vocabSize);
  } catch (error) {
    train.close();
    throw error;
  }
  const close = () => {
    train.close();
    val.close();
  };
  return { folder, meta, train, val, tokenizer, close };
}

/**
 * Preparing found a dataset: fine when it is of the same sources and whole.
 * @throws UserError 'dataset-exists', 'dataset-broken'
 */
export async function acceptFinished(
  folder: string,
  meta: DatasetMeta,
  sourceFingerprint: string,
): Promise<DatasetMeta> {
  if (meta.sourceFingerprint !== sourceFingerprint)
    throw new UserError(
      'dataset-exists',
      `${folder} holds a dataset that was prepared from other sources or in another way.`,
      'Choose another name, or delete that dataset first.',
    );
  (await openDataset(folder)).close();
  await rm(join(folder, journalName), { force: true });
  return meta;
}

/** dataset.json, checked against itself; null when there is none. */
export async function readMeta(folder: string): Promise<DatasetMeta | null> {
  const path = join(folder, 'dataset.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw broken(path, (error as Error).message);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw broken(path, (error as Error).message);
  }
  const parsed = datasetMeta.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw broken(path, `${issue.path.join('.')}: ${issue.message}`);
  }
  for (const split of ['train', 'val'] as const) {
    const { tokens, files } = parsed.data[split];
    for (const { name } of files)
      if (!/^[^/\\:]+$/.test(name) || name.startsWith('.')) throw broken(path, `${split} names a file "${name}"`);
    const sum = files.reduce((total, file) => total + file.tokens, 0);
    if (sum !== tokens || files.some((file) => file.tokens < 0))
      throw broken(path, `its ${split} files hold ${sum} tokens together, not ${tokens}`);
  }
  return parsed.data;
}

async function tokenizerOf(folder: string, meta: DatasetMeta): Promise<Tokenizer | null> {
  const tokenizer = (await loadTokenizer(folder)) ?? (await builtInTokenizer(meta.tokenizer.kind));
  const { kind, vocabSize } = meta.tokenizer;
  if (tokenizer === null && (kind === 'characters' || kind === 'bpe'))
    throw broken(join(folder, 'tokenizer.json'), 'it is missing');
  if (tokenizer !== null && (tokenizer.kind !== kind || tokenizer.vocabSize !== vocabSize))
    throw broken(
      join(folder, 'tokenizer.json'),
      `it is ${tokenizer.kind} with ${tokenizer.vocabSize} ids, and dataset.json says ${kind} with ${vocabSize}`,
    );
  return tokenizer;
}

/** The description of a folder with token files. */
async function describeTokenFiles(folder: string, name: string): Promise<DatasetMeta> {
  const names = await readdir(folder).catch(() => []);
  const pair = pairTokenFiles(names, (file) => file) ?? { train: ['train.bin'], val: ['val.bin'] };
  const inspect = (files: string[]) => Promise.all(files.map((file) => inspectTokenFile(join(folder, file))));
  const [train, val] = [await inspect(pair.train), await inspect(pair.val)];
  const { dtype, meaning } = commonHeader([...train, ...val]);
  const files = (side: typeof train) =>
    side.map(({ path, tokens, offset }) => ({ name: basename(path), tokens, ...(offset > 0 ? { offset } : {}) }));
  const { fingerprint, largest } = await fingerprintTokens(folder, dtype, files(train), files(val));
  const tokenizer = await tokenizerByIds(folder, largest, meaning);
  return tokenFilesMeta(name, files(train), files(val), dtype, fingerprint, tokenizer);
}

/** dataset.json of token files. Documents and bytes of text are not known. */
export function tokenFilesMeta(
  name: string,
  train: DatasetMeta['train']['files'],
  val: DatasetMeta['val']['files'],
  dtype: TokenType,
  fingerprint: string,
  tokenizer: DatasetMeta['tokenizer'],
): DatasetMeta {
  const split = (files: typeof train) => ({
    tokens: files.reduce((sum, file) => sum + file.tokens, 0),
    documents: 0,
    bytes: 0,
    files,
  });
  return {
    schema: 1,
    name,
    tokenizer,
    dtype,
    fingerprint,
    sourceFingerprint: fingerprint,
    split: null,
    train: split(train),
    val: split(val),
    report: null,
    createdAt: new Date().toISOString(),
  };
}

/**
 * What ids mean: a tokenizer.json beside them says it, then their header; the largest id 50,256 says GPT-2.
 * @throws UserError 'dataset-broken' when they go past that tokenizer's vocabulary
 */
export async function tokenizerByIds(
  folder: string,
  largest: number,
  header: DatasetMeta['tokenizer'] | null,
): Promise<DatasetMeta['tokenizer']> {
  const beside = await loadTokenizer(folder);
  const known = beside ?? header ?? (largest === 50256 ? await builtInTokenizer('gpt2') : null);
  if (known === null) return { kind: 'unknown', vocabSize: largest + 1, endOfText: null };
  if (largest >= known.vocabSize)
    throw broken(folder, `its tokens go up to the id ${largest}, past the ${known.vocabSize} ids of its tokenizer`);
  return { kind: known.kind, vocabSize: known.vocabSize, endOfText: known.endOfText };
}

/** The token files read from end to end. @throws UserError 'dataset-broken' for a file of another length */
export async function fingerprintTokens(
  folder: string,
  dtype: TokenType,
  train: DatasetMeta['train']['files'],
  val: DatasetMeta['val']['files'],
  signal?: AbortSignal,
): Promise<{ fingerprint: string; largest: number }> {
  const reading = new TokenFingerprint(dtype);
  for (const [split, files] of [
    ['train', train],
    ['val', val],
  ] as const) {
    reading.begin(
      split,
      files.reduce((sum, file) => sum + file.tokens, 0),
    );
    for (const file of files)
      for await (const chunk of tokenChunks(
        join(folder, file.name),
        file.tokens * tokenBytes(dtype),
        signal,
        file.offset,
      ))
        reading.add(chunk);
  }
  return reading.finish();
}

/**
 * SHA-256 over the token files' contents, with type and number of tokens of each split in front: the same
 * however a stream is cut into shards. Notes the largest id in passing.
 */
export class TokenFingerprint {
  readonly #hash = createHash('sha256');
  readonly #dtype: TokenType;
  #largest = 0;

  constructor(dtype: TokenType) {
    this.#dtype = dtype;
  }

  begin(split: 'train' | 'val', tokens: number): void {
    this.#hash.update(`${split} ${this.#dtype} ${tokens}\n`);
  }

  /** Whole tokens, from the start of an ArrayBuffer. */
  add(chunk: Uint8Array<ArrayBuffer>): void {
    this.#hash.update(chunk);
    const tokens = asTokens(chunk.buffer, chunk.length / tokenBytes(this.#dtype), this.#dtype);
    for (let i = 0; i < tokens.length; i++) if (tokens[i] > this.#largest) this.#largest = tokens[i];
  }

  finish(): { fingerprint: string; largest: number } {
    return { fingerprint: this.#hash.digest('hex'), largest: this.#largest };
  }
}

/** `bytes` of a file that ends with them, in chunks of 1 MiB; the view is overwritten by the next. @throws UserError 'dataset-broken' */
export async function* tokenChunks(
  path: string,
  bytes: number,
  signal?: AbortSignal,
  offset = 0,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const handle = await open(path, 'r').catch((error: Error) => {
    throw broken(path, error.message);
  });
  try {
    const { size } = await handle.stat();
    if (size !== offset + bytes) throw broken(path, `it has ${size} bytes, not ${offset + bytes}`);
    const buffer = new ArrayBuffer(1 << 20);
    for (let position = 0; position < bytes; ) {
      signal?.throwIfAborted();
      const chunk = new Uint8Array(buffer, 0, Math.min(buffer.byteLength, bytes - position));
      for (let done = 0; done < chunk.length; ) {
        const { bytesRead } = await handle.read(chunk, done, chunk.length - done, offset + position + done);
        if (bytesRead === 0) throw broken(path, 'it became shorter while it was read');
        done += bytesRead;
      }
      position += chunk.length;
      yield chunk;
    }
  } finally {
    await handle.close();
  }
}

const broken = (path: string, reason: string) =>
  new UserError('dataset-broken', `${path} is broken: ${reason}.`, 'Prepare the dataset again, or copy it again.');
