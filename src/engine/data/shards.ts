/** Token files in shards: a writer that can go on after a kill, and a reader by range. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetMeta } from '../../shared/dataset.ts';
import { UserError } from '../errors.ts';
import { syncFolder } from '../files.ts';
import type { TokenSource } from './source.ts';
import type { TokenType } from './tokens.ts';
import { asTokens, tokenBytes } from './tokens.ts';

/** Tokens that a writer buffers. */
const buffered = 1 << 19;

export interface ShardLayout {
  readonly folder: string;
  readonly dtype: TokenType;
  /** Tokens of a full shard; every shard but the last is full. */
  readonly shardTokens: number;
  readonly nameOf: (index: number) => string;
  /** Whether a file belongs to this stream. */
  readonly owns: (name: string) => boolean;
}

/** `train-00000.bin`, `train-00001.bin`, … */
export function trainLayout(folder: string, dtype: TokenType, shardTokens: number): ShardLayout {
  const nameOf = (index: number) => `train-${String(index).padStart(5, '0')}.bin`;
  return { folder, dtype, shardTokens, nameOf, owns: (name) => /^train-\d{5,}\.bin$/.test(name) };
}

/** Training documents in the order of the sources, before they are shuffled. */
export function orderedLayout(folder: string, dtype: TokenType, shardTokens: number): ShardLayout {
  const nameOf = (index: number) => `ordered-${String(index).padStart(5, '0')}.scratch`;
  return { folder, dtype, shardTokens, nameOf, owns: (name) => /^ordered-\d{5,}\.scratch$/.test(name) };
}

/** `val.bin`, one file. */
export function valLayout(folder: string, dtype: TokenType): ShardLayout {
  return { folder, dtype, shardTokens: Number.MAX_SAFE_INTEGER, nameOf: () => 'val.bin', owns: (n) => n === 'val.bin' };
}

/** Files of a stream of `tokens`, in order. */
export function shardFiles(layout: ShardLayout, tokens: number): { name: string; tokens: number }[] {
  const files: { name: string; tokens: number }[] = [];
  for (let start = 0; start < tokens; start += layout.shardTokens)
    files.push({ name: layout.nameOf(files.length), tokens: Math.min(layout.shardTokens, tokens - start) });
  return files;
}

/** Cuts a stream to its first `tokens`, torn rests removed. False when the files hold fewer. */
export async function truncateShards(layout: ShardLayout, tokens: number): Promise<boolean> {
  const files = shardFiles(layout, tokens);
  for (const file of files) {
    const path = join(layout.folder, file.name);
    const wanted = file.tokens * tokenBytes(layout.dtype);
    const size = (await stat(path).catch(() => null))?.size ?? -1;
    if (size < wanted) return false;
    if (size === wanted) continue;
    const handle = await open(path, 'r+');
    try {
      await handle.truncate(wanted);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
  const kept = new Set(files.map((file) => file.name));
  for (const name of await readdir(layout.folder))
    if (layout.owns(name) && !kept.has(name)) await rm(join(layout.folder, name), { force: true });
  return true;
}

/** Appends tokens to shards. Nothing counts as written before `sync` has returned. */
export class ShardWriter {
  readonly #layout: ShardLayout;
  readonly #buffer: Uint16Array | Uint32Array;
  /** Tokens that went to files, and those that wait in the buffer. */
  #written: number;
  #waiting = 0;
  #handle: FileHandle | null = null;
  #shard = -1;

  private constructor(layout: ShardLayout, tokens: number) {
    this.#layout = layout;
    this.#written = tokens;
    this.#buffer = asTokens(new ArrayBuffer(buffered * tokenBytes(layout.dtype)), buffered, layout.dtype);
  }

  /** Goes on after `tokens` whole tokens; null when the files hold fewer. */
  static async open(layout: ShardLayout, tokens: number): Promise<ShardWriter | null> {
    return (await truncateShards(layout, tokens)) ? new ShardWriter(layout, tokens) : null;
  }

  get tokens(): number {
    return this.#written + this.#waiting;
  }

  async write(ids: Int32Array): Promise<void> {
    for (let at = 0; at < ids.length; ) {
      const count = Math.min(ids.length - at, buffered - this.#waiting);
      this.#buffer.set(ids.subarray(at, at + count), this.#waiting);
      this.#waiting += count;
      at += count;
      if (this.#waiting === buffered) await this.#flush();
    }
  }

  /** Makes everything written so far durable. */
  async sync(): Promise<void> {
    await this.#flush();
    await this.#handle?.sync();
    await syncFolder(this.#layout.folder);
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = null;
    this.#shard = -1;
  }

  async #flush(): Promise<void> {
    const { shardTokens } = this.#layout;
    const size = tokenBytes(this.#layout.dtype);
    for (let at = 0; at < this.#waiting; ) {
      const shard = Math.floor((this.#written + at) / shardTokens);
      const place = this.#written + at - shard * shardTokens;
      const count = Math.min(this.#waiting - at, shardTokens - place);
      const handle = await this.#open(shard);
      const bytes = new Uint8Array(this.#buffer.buffer, at * size, count * size);
      for (let done = 0; done < bytes.length; )
        done += (await handle.write(bytes, done, bytes.length - done, place * size + done)).bytesWritten;
      at += count;
    }
    this.#written += this.#waiting;
    this.#waiting = 0;
  }

  async #open(shard: number): Promise<FileHandle> {
    if (this.#handle !== null && this.#shard === shard) return this.#handle;
    await this.#handle?.sync();
    await this.#handle?.close();
    this.#handle = null;
    const path = join(this.#layout.folder, this.#layout.nameOf(shard));
    this.#handle = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return open(path, 'wx+');
      throw error;
    });
    this.#shard = shard;
    return this.#handle;
  }
}

/** Reads a split across its files with positioned reads; the system's page cache is the cache. */
export class ShardSource implements TokenSource {
  readonly count: number;
  readonly #dtype: TokenType;
  readonly #vocabSize: number;
  readonly #files: { path: string; start: number; tokens: number; offset: number; descriptor: number }[] = [];
  #scratch = new ArrayBuffer(1 << 16);

  /**
   * Opens the files and checks their lengths.
   * @param vocabSize ids from here up are refused when read; Infinity where it is not known yet
   * @throws UserError 'dataset-broken' naming the file that is missing, short or long
   */
  constructor(folder: string, files: DatasetMeta['train']['files'], dtype: TokenType, vocabSize: number) {
    this.#dtype = dtype;
    this.#vocabSize = vocabSize;
    let start = 0;
    try {
      for (const { name, tokens, offset = 0 } of files) {
        const path = join(folder, name);
        const descriptor = openFile(path);
        this.#files.push({ path, start, tokens, offset, descriptor });
        const { size } = fstatSync(descriptor);
        const wanted = offset + tokens * tokenBytes(dtype);
        if (size !== wanted)
          throw broken(`${path} has ${size} bytes where ${tokens} tokens of ${dtype} take ${wanted}.`);
        start += tokens;
      }
    } catch (error) {
      this.close();
      throw error;
    }
    this.count = start;
  }

  /**
   * @throws RangeError past the end
   * @throws UserError 'dataset-broken' for an id outside the vocabulary, or a file cut short meanwhile
   */
  read(start: number, target: Int32Array): void {
    if (!Number.isInteger(start) || start < 0 || start + target.length > this.count)
      throw new RangeError(`tokens [${start}, ${start + target.length}) of ${this.count}`);
    let file = this.#fileAt(start);
    for (let done = 0; done < target.length; file++) {
      const { start: first, tokens } = this.#files[file];
      const place = start + done - first;
      const count = Math.min(target.length - done, tokens - place);
      this.#readFile(file, place, target.subarray(done, done + count));
      done += count;
    }
  }

  close(): void {
    for (const file of this.#files.splice(0)) closeSync(file.descriptor);
  }

  /** Index of the file that holds a token. */
  #fileAt(token: number): number {
    let low = 0;
    let high = this.#files.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#files[middle].start <= token) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #readFile(file: number, place: number, target: Int32Array): void {
    const { path, offset, descriptor } = this.#files[file];
    const size = tokenBytes(this.#dtype);
    const length = target.length * size;
    if (this.#scratch.byteLength < length) this.#scratch = new ArrayBuffer(length);
    const bytes = new Uint8Array(this.#scratch, 0, length);
    for (let done = 0; done < length; ) {
      const read = readSync(descriptor, bytes, done, length - done, offset + place * size + done);
      if (read === 0) throw broken(`${path} was cut short while it was in use.`);
      done += read;
    }
    const tokens = asTokens(this.#scratch, target.length, this.#dtype);
    // An id past the vocabulary would read outside the embedding.
    if (holdsIdFrom(this.#vocabSize, tokens)) {
      const at = tokens.findIndex((id) => id >= this.#vocabSize);
      throw broken(`${path} holds the id ${tokens[at]} at token ${place + at}; its vocabulary has ${this.#vocabSize}.`);
    }
    // Widened by the engine's own loop, many times faster than one written here.
    target.set(tokens);
  }
}

/**
 * Whether one of the ids is at least `limit`. Of 16 bits each, two are looked at in one word: the upper bit of
 * (low 15 bits of an id) + 2^15 − (low 15 bits of the limit) says whether these are at least the limit's.
 */
function holdsIdFrom(limit: number, ids: Uint16Array | Uint32Array): boolean {
  if (ids instanceof Uint32Array) return ids.some((id) => id >= limit);
  if (limit > 0xffff) return false;
  const pairs = new Int32Array(ids.buffer, 0, ids.length >> 1);
  const found = (limit & 0x8000) === 0 ? anyInPairs(pairs, limit) : anyInUpperPairs(pairs, limit & 0x7fff);
  return found || ((ids.length & 1) === 1 && ids[ids.length - 1] >= limit);
}

/** For limits below 2^15: an id past them has its upper bit set, or enough below it. */
function anyInPairs(pairs: Int32Array, limit: number): boolean {
  const add = Math.imul(0x8000 - limit, 0x10001);
  let any = 0;
  for (let i = 0; i < pairs.length; i++) any |= pairs[i] | ((pairs[i] & 0x7fff7fff) + add);
  return (any & 0x80008000) !== 0;
}

/** For limits from 2^15 on: an id past them has both. */
function anyInUpperPairs(pairs: Int32Array, low: number): boolean {
  const add = Math.imul(0x8000 - low, 0x10001);
  let any = 0;
  for (let i = 0; i < pairs.length; i++) any |= pairs[i] & ((pairs[i] & 0x7fff7fff) + add);
  return (any & 0x80008000) !== 0;
}

function openFile(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw broken(`${path} cannot be opened: ${(error as Error).message}.`, error);
  }
}

const broken = (message: string, cause?: unknown) =>
  new UserError('dataset-broken', message, 'Prepare the dataset again, or copy its files again.', { cause });
