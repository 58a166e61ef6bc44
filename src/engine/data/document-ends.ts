/**
 * Where training documents end in their stream of tokens: a file of 8 bytes a document, for what is decided when
 * all of them are written. It is scratch, removed in the end.
 */
import type { FileHandle } from 'node:fs/promises';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';

export const endsName = 'document-ends.scratch';
const buffered = 1 << 13;

export interface DocumentEnd {
  /** Tokens of the stream up to and with its last one. */
  readonly end: number;
  /** Line feeds that it ends with, at most 2. */
  readonly newlines: number;
}

export class DocumentEnds {
  readonly #handle: FileHandle;
  /** As they lie in the file: 4 · end + newlines. */
  readonly #buffer = new Float64Array(buffered);
  /** Documents that are in the file, and those in the buffer. */
  #written: number;
  #waiting = 0;
  #read = { from: 0, count: 0, values: new Float64Array(0) };

  private constructor(handle: FileHandle, count: number) {
    this.#handle = handle;
    this.#written = count;
  }

  /** Goes on after `count` documents; null when the file holds fewer. */
  static async open(folder: string, count: number): Promise<DocumentEnds | null> {
    const path = join(folder, endsName);
    const handle = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return open(path, 'wx+');
      throw error;
    });
    const { size } = await handle.stat();
    if (size < 8 * count) {
      await handle.close();
      return null;
    }
    await handle.truncate(8 * count);
    return new DocumentEnds(handle, count);
  }

  get count(): number {
    return this.#written + this.#waiting;
  }

  async add({ end, newlines }: DocumentEnd): Promise<void> {
    this.#buffer[this.#waiting++] = 4 * end + newlines;
    if (this.#waiting === buffered) await this.#flush();
  }

  /** Makes all that were added durable. */
  async sync(): Promise<void> {
    await this.#flush();
    await this.#handle.sync();
  }

  /** Of a document that was added and flushed. */
  async at(index: number): Promise<DocumentEnd> {
    if (index < this.#read.from || index >= this.#read.from + this.#read.count) await this.#load(index);
    const value = this.#read.values[index - this.#read.from];
    return { end: Math.floor(value / 4), newlines: value % 4 };
  }

  /** Documents that end at or before a token. */
  async endingBy(token: number): Promise<number> {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((await this.at(middle)).end <= token) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  async #load(index: number): Promise<void> {
    const count = Math.min(32, this.#written - index);
    if (count < 1) throw new RangeError(`document ${index} of ${this.#written}`);
    const values = new Float64Array(count);
    const { bytesRead } = await this.#handle.read(new Uint8Array(values.buffer), 0, 8 * count, 8 * index);
    if (bytesRead < 8 * count) throw new Error(`${endsName} became shorter while it was read`);
    this.#read = { from: index, count, values };
  }

  async #flush(): Promise<void> {
    const bytes = new Uint8Array(this.#buffer.buffer, 0, 8 * this.#waiting);
    for (let done = 0; done < bytes.length; )
      done += (await this.#handle.write(bytes, done, bytes.length - done, 8 * this.#written + done)).bytesWritten;
    this.#written += this.#waiting;
    this.#waiting = 0;
  }
}

export const removeEnds = (folder: string) => rm(join(folder, endsName), { force: true });
