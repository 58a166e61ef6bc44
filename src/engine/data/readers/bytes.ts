/** A stream of bytes that is pulled: looked into, read by count, skipped. */
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { UserError } from '../../errors.ts';
import type { FoundFile } from './reader.ts';

const none = new Uint8Array(0);
const readAtOnce = 1 << 18;

export class Bytes {
  readonly #source: AsyncIterator<Uint8Array>;
  #held: Uint8Array = none;
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** The next bytes, as many as come at once; null at the end. */
  async next(): Promise<Uint8Array | null> {
    if (this.#held.length > 0) {
      const held = this.#held;
      this.#held = none;
      return held;
    }
    while (!this.#ended) {
      const { done, value } = await this.#source.next();
      if (done) this.#ended = true;
      else if (value.length > 0) return value;
    }
    return null;
  }

  /** Gives back the end of what was taken. */
  unread(rest: Uint8Array): void {
    if (rest.length > 0) this.#held = this.#held.length === 0 ? rest : Buffer.concat([rest, this.#held]);
  }

  /** The next `count` bytes, fewer only at the end, without taking them. For small counts. */
  async peek(count: number): Promise<Uint8Array> {
    if (this.#held.length < count) this.unread(await this.read(count));
    return this.#held.subarray(0, count);
  }

  /** Takes the next `count` bytes, fewer only at the end. */
  async read(count: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (let left = count; left > 0; ) {
      const part = await this.next();
      if (part === null) break;
      const taken = part.subarray(0, left);
      this.unread(part.subarray(taken.length));
      parts.push(taken);
      left -= taken.length;
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  /** Passes over `count` bytes; returns how many there were. */
  async skip(count: number): Promise<number> {
    let left = count;
    while (left > 0) {
      const part = await this.next();
      if (part === null) break;
      const taken = Math.min(part.length, left);
      this.unread(part.subarray(taken));
      left -= taken;
    }
    return count - left;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (let part = await this.next(); part !== null; part = await this.next()) yield part;
  }

  async close(): Promise<void> {
    this.#ended = true;
    await this.#source.return?.();
  }
}

/** The file as it was found. @throws UserError 'source-changed' */
export async function openFound(file: FoundFile): Promise<FileHandle> {
  const handle = await open(file.path, 'r').catch((error: Error) => {
    throw changed(file, `it cannot be opened any more (${error.message})`, error);
  });
  const { size, mtimeMs } = await handle.stat();
  if (size === file.bytes && mtimeMs === file.modifiedMs) return handle;
  await handle.close();
  throw changed(file, 'it was written to');
}

/** Fills `target` from the file's `position` on. @throws UserError 'source-changed' */
export async function fill(handle: FileHandle, target: Uint8Array, position: number, file: FoundFile): Promise<void> {
  for (let done = 0; done < target.length; ) {
    const { bytesRead } = await handle.read(target, done, target.length - done, position + done);
    if (bytesRead === 0) throw changed(file, 'it became shorter');
    done += bytesRead;
  }
}

/** A whole file from its start. */
export async function* fileBytes(file: FoundFile, onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const handle = await openFound(file);
  try {
    for (let at = 0; at < file.bytes; ) {
      const part = Buffer.allocUnsafe(Math.min(readAtOnce, file.bytes - at));
      await fill(handle, part, at, file);
      at += part.length;
      onBytes(part.length);
      yield part;
    }
  } finally {
    await handle.close();
  }
}

export const changed = (file: FoundFile, reason: string, cause?: Error) =>
  new UserError(
    'source-changed',
    `${file.path} changed while it was read: ${reason}.`,
    'Prepare again when nothing writes to the sources.',
    { cause },
  );

export const broken = (reason: string, cause?: unknown) =>
  new UserError('source-broken', reason, 'Get the file again, or leave it out.', { cause });
