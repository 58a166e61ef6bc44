/** metrics.jsonl: appended to by one writer, read by anybody. */
import { createReadStream } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { type MetricsLine, parseMetricsLine, pushMetricsLine } from '../../shared/metrics.ts';
import { withFileErrors } from '../files.ts';

export class MetricsFile {
  readonly path: string;
  #handle: FileHandle | null = null;
  /** Length up to which the file is known whole. */
  #length = 0;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Appends lines. A line that an earlier process tore off, or that a full disk cut, is cut away first.
   * @throws UserError 'disk-full'; nothing of `lines` counts as written then
   */
  async append(lines: readonly MetricsLine[]): Promise<void> {
    if (lines.length === 0) return;
    const bytes = Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await withFileErrors(
      this.path,
      async () => {
        const handle = await this.#open();
        let done = 0;
        try {
          while (done < bytes.length)
            done += (await handle.write(bytes, done, bytes.length - done, this.#length + done)).bytesWritten;
        } catch (error) {
          await handle.truncate(this.#length).catch(() => {});
          throw error;
        }
        this.#length += bytes.length;
      },
      bytes.length,
    );
  }

  async sync(): Promise<void> {
    if (this.#handle) await withFileErrors(this.path, () => this.#handle!.sync());
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = null;
  }

  async #open(): Promise<FileHandle> {
    if (this.#handle) return this.#handle;
    const handle = await open(this.path, 'a+').then(async (created) => {
      await created.close();
      return open(this.path, 'r+');
    });
    try {
      this.#length = await wholeLength(handle);
      await handle.truncate(this.#length);
    } catch (error) {
      await handle.close();
      throw error;
    }
    this.#handle = handle;
    return handle;
  }
}

/** Bytes up to and with the last newline. */
async function wholeLength(handle: FileHandle): Promise<number> {
  const { size } = await handle.stat();
  const block = Buffer.alloc(65_536);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - block.length);
    const { bytesRead } = await handle.read(block, 0, end - start, start);
    const at = block.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (at >= 0) return start + at + 1;
    end = start;
  }
  return 0;
}

/** Lines as readers see them: resumes applied, a torn or foreign line left out. A missing file has none. */
export async function readMetrics(path: string): Promise<MetricsLine[]> {
  const kept: MetricsLine[] = [];
  const stream = createReadStream(path, 'utf8');
  try {
    for await (const text of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      const line = parseMetricsLine(text);
      if (line) pushMetricsLine(kept, line);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  } finally {
    stream.destroy();
  }
  return kept;
}
