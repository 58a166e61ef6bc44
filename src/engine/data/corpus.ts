/** The documents of a preparation: what the first pass learnt of them, and how they are read again. */
import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import { DocumentTable, leftOut } from './document-table.ts';
import { changed } from './readers/bytes.ts';
import type { FoundFile, Reader, ReadNotes, SourceDocument } from './readers/reader.ts';

export interface CorpusDocument {
  readonly document: SourceDocument;
  /** From 0, over all files, among all documents that readers gave. */
  readonly index: number;
  /** Line feeds that the text ends with, at most 2. */
  readonly newlines: number;
}

interface Part {
  readonly file: FoundFile;
  /** Index of its first document. */
  readonly first: number;
  /** Index after the last one that is kept. */
  end: number;
}

export class Corpus {
  readonly #parts: Part[] = [];
  readonly #table = new DocumentTable();
  readonly #fingerprint: { now: Hash; before: Hash };
  #kept = 0;
  #keptBefore = 0;

  /** @param way how they are prepared: part of the fingerprint */
  constructor(way: string) {
    const now = createHash('sha256').update(way);
    this.#fingerprint = { now, before: now.copy() };
  }

  /** Documents that are prepared, copies of earlier ones counted. */
  get kept(): number {
    return this.#kept;
  }

  /** Index of the next document. */
  get end(): number {
    return this.#table.count;
  }

  begin(file: FoundFile): void {
    this.#fingerprint.before = this.#fingerprint.now.copy();
    this.#keptBefore = this.#kept;
    this.#parts.push({ file, first: this.end, end: this.end });
  }

  /** The next document that the reader gave of the file that was begun; `hash` null to leave it out. */
  add(hash: Buffer | null, newlines: number): void {
    this.#table.add(hash, newlines);
    if (hash === null) return;
    const part = this.#parts[this.#parts.length - 1];
    part.end = this.end;
    this.#kept++;
    const { name, bytes } = part.file;
    this.#fingerprint.now.update(`\n${JSON.stringify([name, bytes, hash.toString('hex')])}`);
  }

  /** Forgets all documents of the file that was begun. */
  drop(): void {
    const part = this.#parts.pop();
    if (part === undefined) return;
    this.#table.truncate(part.first);
    this.#kept = this.#keptBefore;
    this.#fingerprint.now = this.#fingerprint.before;
    this.begin(part.file);
  }

  /** SHA-256, hex, over what decides the tokens: the way of preparing, and each document's file and text. */
  get fingerprint(): string {
    return this.#fingerprint.now.copy().digest('hex');
  }

  /** Whether it is prepared: neither left out nor a copy that was dropped. */
  isKept(index: number): boolean {
    return this.#table.ending(index) !== leftOut;
  }

  /** Where its text's hash lies among all, in [0, 1). */
  place(index: number): number {
    return this.#table.place(index);
  }

  /** The second 32 bits of its text's hash. */
  sampleKey(index: number): number {
    return this.#table.sampleKey(index);
  }

  /**
   * Documents whose text, exactly, is that of another one; with `drop` they are left out from now on. The first of
   * equal texts stays, and one that is held out (from `training` on) before one that is trained on.
   */
  copies(training: number, drop: boolean): number {
    const ranges = [
      [training, this.end],
      [0, training],
    ] as const;
    return this.#table.copies(ranges, drop);
  }

  close(): void {
    this.#table.close();
  }

  /**
   * Reads the documents again, from one on. `onBytes` gets the bytes of every file in the end, whether or not its
   * documents are read.
   * @throws UserError 'source-changed' where there are fewer than there were
   */
  async *documents(
    reader: Reader,
    from: number,
    hooks: { readonly signal: AbortSignal; readonly onBytes: (bytes: number) => void },
  ): AsyncGenerator<CorpusDocument> {
    for (const { file, first, end } of this.#parts) {
      const progress = new FileProgress(file, hooks.onBytes);
      if (end > Math.max(from, first)) {
        let index = first;
        for await (const document of reader.documents(file, progress.notes())) {
          const newlines = this.#table.ending(index);
          if (newlines !== leftOut && index >= from) yield { document, index, newlines };
          else hooks.signal.throwIfAborted();
          // What comes after the last one that is kept may be broken.
          if (++index === end) break;
        }
        if (index < end) throw changed(file, 'it holds fewer documents');
      }
      progress.finish();
    }
  }
}

/** Bytes of a file that were read: never more than it has, and all in the end. */
export class FileProgress {
  readonly #onBytes: (bytes: number) => void;
  #left: number;

  constructor(file: FoundFile, onBytes: (bytes: number) => void) {
    this.#left = file.bytes;
    this.#onBytes = onBytes;
  }

  add(bytes: number): void {
    const counted = Math.min(bytes, this.#left);
    this.#left -= counted;
    this.#onBytes(counted);
  }

  finish(): void {
    this.add(this.#left);
  }

  /** For a reader of which nothing else is to be known. */
  notes(): ReadNotes {
    return { onBytes: (bytes) => this.add(bytes), found() {}, leaveOut() {} };
  }
}
