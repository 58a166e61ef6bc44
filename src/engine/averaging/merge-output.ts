/**
 * A safetensors file that is written tensor by tensor and survives a kill. Beside it lies a journal: one line with the
 * job's key and, for the head and each finished tensor, its checksum. Who comes again with the same key reads what is
 * there, compares it with the journal and goes on behind the last tensor that is as it was written.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { weightsFile } from '../checkpoint/model-folder.ts';
import { readLimited } from '../checkpoint/text.ts';
import { temporaryPath, withFileErrors } from '../files.ts';
import { Checksum } from './checksum.ts';

const journalName = 'merge.journal';
const journalLimit = 64 << 20;
const chunkBytes = 1 << 20;

/** A head or a tensor in the file. */
export interface MergeMark {
  /** Behind its last byte. */
  readonly end: number;
  readonly checksum: string;
}

export class MergeOutput {
  /** Where it goes in the end. */
  readonly target: string;
  /** Where it lies until then. */
  readonly temporary: string;
  /** Of the whole file. */
  readonly bytes: number;
  readonly #head: Uint8Array;
  readonly #sizes: readonly number[];
  #file!: FileHandle;
  #journal!: FileHandle;
  /** Of the head and of each tensor that is finished. */
  readonly #marks: MergeMark[] = [];
  /** Of the tensor that is being written. */
  #checksum = new Checksum();
  #position = 0;

  private constructor(target: string, head: Uint8Array, sizes: readonly number[]) {
    this.target = resolve(target);
    this.temporary = temporaryPath(this.target);
    this.#head = head;
    this.#sizes = sizes;
    this.bytes = sizes.reduce((a, b) => a + b, head.length);
  }

  /**
   * @param key of the job: what went in, and how; without whitespace
   * @throws UserError 'not-writable', 'disk-full'
   */
  static async open(target: string, head: Uint8Array, sizes: readonly number[], key: string): Promise<MergeOutput> {
    const output = new MergeOutput(target, head, sizes);
    const { temporary } = output;
    await withFileErrors(output.target, async () => {
      const told = await readLimited(join(temporary, journalName), journalLimit).catch(() => '');
      const [first, ...lines] = told.split('\n');
      if (first !== key) await rm(temporary, { recursive: true, force: true });
      await mkdir(temporary, { recursive: true });
      output.#journal = await open(join(temporary, journalName), first === key ? 'r+' : 'w+');
      output.#file = await open(join(temporary, weightsFile), first === key ? 'a+' : 'w+');
      if (first === key) await output.#verify(lines);
      else await output.#journal.write(`${key}\n`);
      // Opened to append, a file would take every write at its end.
      await output.#file.close();
      output.#file = await open(join(temporary, weightsFile), 'r+');
    });
    return output;
  }

  /** Tensors that were there already. */
  get finished(): number {
    return Math.max(0, this.#marks.length - 1);
  }

  /** Bytes that the disk must still take. */
  get missing(): number {
    return this.bytes - (this.#marks.at(-1)?.end ?? 0);
  }

  /** The file that is written. */
  get file(): string {
    return join(this.temporary, weightsFile);
  }

  /** Where the next byte goes. */
  get position(): number {
    return this.#position;
  }

  /** Reads marks from the file; stops at the first that is not as the journal says. */
  async #verify(lines: readonly string[]): Promise<void> {
    let start = 0;
    for (const [i, line] of lines.entries()) {
      if (i > this.#sizes.length || !/^[0-9a-f]{16}$/.test(line)) return;
      const end = start + (i === 0 ? this.#head.length : this.#sizes[i - 1]);
      if ((await readBack(this.#file, start, end)) !== line) return;
      this.#marks.push({ end, checksum: line });
      start = end;
    }
  }

  /**
   * Goes on behind so many tensors, at most those that are finished.
   * @param count the same for outputs that are written side by side
   */
  async startAfter(count: number): Promise<void> {
    this.#marks.length = Math.min(this.#marks.length, count + 1);
    this.#checksum = new Checksum();
    this.#position = this.#marks.at(-1)?.end ?? 0;
    const lines = this.#marks.map(({ checksum }) => `${checksum}\n`).join('');
    const told = (await readLimited(join(this.temporary, journalName), journalLimit)).split('\n')[0];
    await withFileErrors(this.target, async () => {
      await this.#journal.close();
      this.#journal = await open(join(this.temporary, journalName), 'w');
      await this.#journal.write(`${told}\n${lines}`);
      await this.#file.truncate(this.#position);
    });
    if (this.#marks.length > 0) return;
    await this.write(this.#head);
    await this.endTensor();
  }

  /** The next bytes; they may be overwritten once the promise is kept. */
  async write(bytes: Uint8Array): Promise<void> {
    await withFileErrors(
      this.target,
      async () => {
        let done = 0;
        const writing = this.#file.write(bytes, 0, bytes.length, this.#position);
        this.#checksum.update(bytes);
        done += (await writing).bytesWritten;
        while (done < bytes.length)
          done += (await this.#file.write(bytes, done, bytes.length - done, this.#position + done)).bytesWritten;
      },
      this.bytes,
    );
    this.#position += bytes.length;
  }

  /**
   * Goes on behind bytes that the native kernels wrote at `position`.
   * @param sums of those bytes, as `Checksum.join` takes them
   */
  wrote(bytes: number, sums: readonly [plain: number, weighted: number]): void {
    this.#checksum.join(bytes, ...sums);
    this.#position += bytes;
  }

  /** Words of the tensor that is being written, so far. */
  get words(): number {
    return this.#checksum.words;
  }

  /** Marks a tensor, or the head, as finished. */
  async endTensor(): Promise<void> {
    const end = this.#sizes.slice(0, this.#marks.length).reduce((a, b) => a + b, this.#head.length);
    if (this.#position !== end)
      throw new Error(
        `${this.target}: ${this.#position} bytes were written and not ${end}, tensor ${this.#marks.length}`,
      );
    const checksum = this.#checksum.digest();
    this.#checksum = new Checksum();
    this.#marks.push({ end, checksum });
    await withFileErrors(this.target, () => this.#journal.write(`${checksum}\n`), this.bytes);
  }

  /** The file is whole: it is synced, and the journal goes. */
  async end(): Promise<{ bytes: number; marks: readonly MergeMark[] }> {
    if (this.#marks.length !== this.#sizes.length + 1) throw new Error(`${this.target} lacks tensors`);
    await withFileErrors(this.target, () => this.#file.sync());
    await this.close();
    await rm(join(this.temporary, journalName));
    return { bytes: this.bytes, marks: this.#marks };
  }

  async close(): Promise<void> {
    await this.#file?.close().catch(() => {});
    await this.#journal?.close().catch(() => {});
  }

  /** Leaves nothing behind. */
  async drop(): Promise<void> {
    await this.close();
    await rm(this.temporary, { recursive: true, force: true }).catch(() => {});
  }
}

/** The checksum of bytes [start, end) as they lie in a file, whatever `also` does with them; null where it is shorter. */
async function readBack(
  file: FileHandle,
  start: number,
  end: number,
  also: (bytes: Uint8Array) => void = () => {},
): Promise<string | null> {
  const checksum = new Checksum();
  const buffer = new Uint8Array(Math.min(chunkBytes, end - start));
  for (let position = start; position < end; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - position), position);
    if (bytesRead === 0) return null;
    const bytes = buffer.subarray(0, bytesRead);
    checksum.update(bytes);
    also(bytes);
    position += bytesRead;
  }
  return checksum.digest();
}

/** The SHA-256 of a finished merge as it lies on disk; null where that is not what was written. */
export async function rereadMerge(target: string, marks: readonly MergeMark[]): Promise<string | null> {
  const hash = createHash('sha256');
  const file = await open(join(target, weightsFile), 'r');
  try {
    let start = 0;
    for (const { end, checksum } of marks) {
      if ((await readBack(file, start, end, (bytes) => hash.update(bytes))) !== checksum) return null;
      start = end;
    }
    return (await file.stat()).size === start ? hash.digest('hex') : null;
  } finally {
    await file.close();
  }
}
