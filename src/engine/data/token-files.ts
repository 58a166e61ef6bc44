/**
 * Token files that others made: nanoGPT's `train.bin` and `val.bin` (uint16, no header), and llm.c's shards: a header
 * of 256 int32 (magic, version, number of tokens, zeros), then the tokens.
 */
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { DatasetMeta } from '../../shared/dataset.ts';
import { tokenFileName } from '../../shared/dataset.ts';
import { UserError } from '../errors.ts';
import type { TokenType } from './tokens.ts';
import { tokenBytes, tokenFileProblem } from './tokens.ts';

export interface TokenFile {
  readonly path: string;
  /** Bytes before the first token. */
  readonly offset: number;
  readonly tokens: number;
  readonly dtype: TokenType;
  /** What the header says of the ids, if there is one. */
  readonly meaning: DatasetMeta['tokenizer'] | null;
}

/** llm.c's dev/data/data_common.py. */
const headerBytes = 1024;
const headers: ReadonlyMap<number, Pick<TokenFile, 'dtype' | 'meaning'> & { readonly version: number }> = new Map([
  [20240520, { version: 1, dtype: 'uint16', meaning: { kind: 'gpt2', vocabSize: 50257, endOfText: 50256 } }],
  // Which of Llama 3's ids mean what, only its own tokenizer.json says.
  [20240801, { version: 7, dtype: 'uint32', meaning: { kind: 'unknown', vocabSize: 128_256, endOfText: null } }],
]);
const otherFiles: ReadonlyMap<number, string> = new Map([
  [20240522, "llm.c's questions for evaluation, not text"],
  [20240326, "llm.c's weights of a model, not text"],
]);

/** Names of token files, by side and in order, of the first set that has both sides; null where there is none. */
export function pairTokenFiles<T>(files: readonly T[], pathOf: (file: T) => string): { train: T[]; val: T[] } | null {
  const sets = new Map<string, { train: T[]; val: T[] }>();
  for (const file of files) {
    const path = pathOf(file);
    const found = tokenFileName.exec(basename(path));
    if (found?.groups === undefined) continue;
    const { before, side, number } = found.groups;
    // A shard and a file without a number are of different sets, as are those of other names or folders.
    const set = `${path.slice(0, path.length - basename(path).length)}\n${before}\n${before === '' && !number}`;
    const sides = sets.get(set) ?? { train: [], val: [] };
    sets.set(set, sides);
    sides[side as 'train' | 'val'].push(file);
  }
  const order = (a: T, b: T) => (pathOf(a) < pathOf(b) ? -1 : 1);
  for (const { train, val } of sets.values())
    if (train.length > 0 && val.length > 0) return { train: train.sort(order), val: val.sort(order) };
  return null;
}

/** What is wrong with a token file, without its name. */
class Damaged extends Error {}

/** @throws UserError 'dataset-missing', 'dataset-broken' naming the file and what is wrong with it */
export async function inspectTokenFile(path: string): Promise<TokenFile> {
  try {
    return await inspect(path);
  } catch (error) {
    throw error instanceof Damaged ? broken(path, error.message) : error;
  }
}

/** What is wrong with a token file, for those who name it themselves; null where nothing is. */
export async function tokenFileDamage(path: string): Promise<string | null> {
  try {
    await inspect(path);
    return null;
  } catch (error) {
    if (error instanceof Damaged || error instanceof UserError) return error.message;
    throw error;
  }
}

async function inspect(path: string): Promise<TokenFile> {
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw new Damaged(error.message);
    throw new UserError(
      'dataset-missing',
      `There is no dataset: neither dataset.json nor ${path} is there.`,
      'Choose the folder of a prepared dataset, or one with train.bin and val.bin.',
    );
  });
  try {
    const { size } = await handle.stat();
    const head = new Int32Array(3);
    const { bytesRead } = await handle.read(new Uint8Array(head.buffer), 0, 12, 0);
    const other = otherFiles.get(head[0]);
    if (other !== undefined) throw new Damaged(`it is ${other}`);
    const header = headers.get(head[0]);
    if (header === undefined) return plainFile(path, size);
    const [magic, version, tokens] = head;
    if (bytesRead < 12 || size < headerBytes)
      throw new Damaged(`its header has ${headerBytes} bytes, and the file ${size}`);
    if (version !== header.version)
      throw new Damaged(`its header (${magic}) has the version ${version}, not ${header.version}`);
    const bytes = headerBytes + tokens * tokenBytes(header.dtype);
    if (tokens <= 0) throw new Damaged(`its header says that it holds ${tokens} tokens`);
    if (size !== bytes)
      throw new Damaged(`its header says ${tokens} tokens of ${header.dtype}, ${bytes} bytes, and it has ${size}`);
    return { path, offset: headerBytes, tokens, dtype: header.dtype, meaning: header.meaning };
  } finally {
    await handle.close();
  }
}

function plainFile(path: string, size: number): TokenFile {
  if (!/^(train|val)\.bin$/.test(basename(path)))
    throw new Damaged("it does not begin with llm.c's header (20240520 for GPT-2's ids, 20240801 for Llama 3's)");
  const problem = tokenFileProblem(size);
  if (problem !== null) throw new Damaged(problem);
  return { path, offset: 0, tokens: size / 2, dtype: 'uint16', meaning: null };
}

/** What all files of a dataset have in common. @throws UserError 'dataset-broken' naming one that differs */
export function commonHeader(files: readonly TokenFile[]): Pick<TokenFile, 'dtype' | 'meaning'> {
  const [first] = files;
  const other = files.find((file) => file.offset !== first.offset || file.dtype !== first.dtype);
  if (other !== undefined) throw broken(other.path, `it is of another kind than ${first.path}`);
  return first;
}

const broken = (path: string, reason: string) =>
  new UserError('dataset-broken', `${path} is broken: ${reason}.`, 'Copy the file again, or make it again.');
