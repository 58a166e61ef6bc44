/**
 * A safetensors file that is written tensor by tensor and survives a kill. Beside it lies a journal: one line with the
 * job's key and, for each finished tensor, the SHA-256 of the file up to its end. Who comes again with the same key
 * reads what is there, compares it with the journal and goes on behind the last tensor that is as it was written.
 */
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { weightsFile } from '../checkpoint/model-folder.ts';
import { readLimited } from '../checkpoint/text.ts';
import { temporaryPath, withFileErrors } from '../files.ts';

const journalName = 'merge.journal';
/** A line of a thousand layers' tensors is 66 bytes. */
const journalLimit = 64 << 20;
const chunkBytes = 1 << 20;

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
  /** Of the file up to the end of the head and of each tensor that is finished. */
  readonly #marks: { position: number; sha256: string }[] = [];
  #hash: Hash = createHash('sha256');
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
    return this.bytes - (this.#marks.at(-1)?.position ?? 0);
  }

  /** Reads marks from the file; stops at the first that is not as the journal says. */
  async #verify(lines: readonly string[]): Promise<void> {
    const hash = createHash('sha256');
    const buffer = new Uint8Array(chunkBytes);
    let position = 0;
    for (const [i, line] of lines.entries()) {
      if (i > this.#sizes.length || !/^[0-9a-f]{64}$/.test(line)) return;
      const end = position + (i === 0 ? this.#head.length : this.#sizes[i - 1]);
      while (position < end) {
        const { bytesRead } = await this.#file.read(buffer, 0, Math.min(chunkBytes, end - position), position);
        if (bytesRead === 0) return;
        hash.update(buffer.subarray(0, bytesRead));
        position += bytesRead;
      }
      if (hash.copy().digest('hex') !== line) return;
      this.#marks.push({ position, sha256: line });
    }
  }

  /**
   * Goes on behind so many tensors, at most those that are finished.
   * @param count the same for outputs that are written side by side
   */
  async startAfter(count: number): Promise<void> {
    this.#marks.length = Math.min(this.#marks.length, count + 1);
    this.#hash = createHash('sha256');
    this.#position = 0;
    const lines = this.#marks.map(({ sha256 }) => `${sha256}\n`).join('');
    const told = (await readLimited(join(this.temporary, journalName), journalLimit)).split('\n')[0];
    await withFileErrors(this.target, async () => {
      await this.#journal.close();
      this.#journal = await open(join(this.temporary, journalName), 'w');
      await this.#journal.write(`${told}\n${lines}`);
      const end = this.#marks.at(-1)?.position ?? 0;
      await this.#file.truncate(end);
      const buffer = new Uint8Array(chunkBytes);
      while (this.#position < end) {
        const { bytesRead } = await this.#file.read(
          buffer,
          0,
          Math.min(chunkBytes, end - this.#position),
          this.#position,
        );
        if (bytesRead === 0) throw new Error(`${this.temporary} changed while it was read`);
        this.#hash.update(buffer.subarray(0, bytesRead));
        this.#position += bytesRead;
      }
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
        // The processor hashes while the disk's cache takes the bytes.
        this.#hash.update(bytes);
        done += (await writing).bytesWritten;
        while (done < bytes.length)
          done += (await this.#file.write(bytes, done, bytes.length - done, this.#position + done)).bytesWritten;
      },
      this.bytes,
    );
    this.#position += bytes.length;
  }

  /** Marks a tensor, or the head, as finished. */
  async endTensor(): Promise<void> {
    const end = this.#sizes.slice(0, this.#marks.length).reduce((a, b) => a + b, this.#head.length);
    if (this.#position !== end)
      throw new Error(
        `${this.target}: ${this.#position} bytes were written and not ${end}, tensor ${this.#marks.length}`,
      );
    const sha256 = this.#hash.copy().digest('hex');
    this.#marks.push({ position: end, sha256 });
    await withFileErrors(this.target, () => this.#journal.write(`${sha256}\n`), this.bytes);
  }

  /** The file is whole: it is synced, and the journal goes. */
  async end(): Promise<{ bytes: number; sha256: string }> {
    if (this.#marks.length !== this.#sizes.length + 1) throw new Error(`${this.target} lacks tensors`);
    await withFileErrors(this.target, () => this.#file.sync());
    await this.close();
    await rm(join(this.temporary, journalName));
    return { bytes: this.bytes, sha256: this.#marks.at(-1)!.sha256 };
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
