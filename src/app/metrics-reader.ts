/** Reads a growing metrics.jsonl: what was read once is not read again. */
import { open } from 'node:fs/promises';
import { type MetricsLine, parseMetricsLine, pushMetricsLine } from '../shared/metrics.ts';

const chunkBytes = 4 * 1024 * 1024;

export class MetricsReader {
  readonly #path: string;
  #lines: MetricsLine[] = [];
  #offset = 0;
  #inode = 0;
  #reading: Promise<MetricsLine[]> | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** Lines as readers see them: resumes applied, torn and foreign lines left out. Not to be changed by the caller. */
  read(): Promise<readonly MetricsLine[]> {
    this.#reading ??= this.#readOn().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #readOn(): Promise<MetricsLine[]> {
    const file = await open(this.#path, 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (file === null) return this.#restart();
    try {
      const { size, ino } = await file.stat();
      if (size < this.#offset || ino !== this.#inode) this.#restart();
      this.#inode = ino;
      let pending = Buffer.alloc(0);
      let position = this.#offset;
      while (position < size) {
        const chunk = Buffer.alloc(Math.min(chunkBytes, size - position));
        const { bytesRead } = await file.read(chunk, 0, chunk.length, position);
        if (bytesRead === 0) break;
        position += bytesRead;
        pending = this.#take(Buffer.concat([pending, chunk.subarray(0, bytesRead)]));
      }
      // A line without its end is read again next time: it may be torn, or on its way.
      this.#offset = position - pending.length;
      return this.#lines;
    } finally {
      await file.close();
    }
  }

  #take(bytes: Buffer): Buffer<ArrayBuffer> {
    const end = bytes.lastIndexOf(10) + 1;
    for (const text of bytes.toString('utf8', 0, end).split('\n')) {
      const line = text === '' ? null : parseMetricsLine(text);
      if (line) pushMetricsLine(this.#lines, line);
    }
    return Buffer.from(bytes.subarray(end));
  }

  #restart(): MetricsLine[] {
    this.#lines = [];
    this.#offset = 0;
    return this.#lines;
  }
}
