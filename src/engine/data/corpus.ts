/** The documents of a preparation, a few bytes each: what the first pass learnt of them, and how they are read again. */
import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import { changed } from './readers/bytes.ts';
import type { FoundFile, Reader, ReadNotes, SourceDocument } from './readers/reader.ts';

export interface CorpusDocument {
  readonly document: SourceDocument;
  /** From 0, over all files, documents that were left out not counted. */
  readonly index: number;
  /** Line feeds that the text ends with, at most 2. */
  readonly newlines: number;
}

interface Part {
  readonly file: FoundFile;
  /** Of its first document, among all that readers gave. */
  readonly firstGiven: number;
  /** Of its first document, among those that are kept. */
  readonly firstKept: number;
  /** The sources' fingerprint before it. */
  readonly fingerprint: Hash;
}

const leftOut = 3;

export class Corpus {
  readonly #parts: Part[] = [];
  /** Of each document that a reader gave: the line feeds at its end, or `leftOut`. */
  #given = new Uint8Array(1024);
  #givenCount = 0;
  /** Of each document that is kept: the first 64 bits of its text's SHA-256. */
  #hashes = new BigUint64Array(1024);
  #keptCount = 0;
  #fingerprint: Hash;

  /** @param way how they are prepared: part of the fingerprint */
  constructor(way: string) {
    this.#fingerprint = createHash('sha256').update(way);
  }

  get count(): number {
    return this.#keptCount;
  }

  begin(file: FoundFile): void {
    const fingerprint = this.#fingerprint.copy();
    this.#parts.push({ file, firstGiven: this.#givenCount, firstKept: this.#keptCount, fingerprint });
  }

  /** The next document that the reader gave of the file that was begun; `hash` null to leave it out. */
  add(hash: Buffer | null, newlines: number): void {
    if (this.#givenCount === this.#given.length) this.#given = grown(this.#given, new Uint8Array(2 * this.#givenCount));
    this.#given[this.#givenCount++] = hash === null ? leftOut : newlines;
    if (hash === null) return;
    if (this.#keptCount === this.#hashes.length)
      this.#hashes = grown(this.#hashes, new BigUint64Array(2 * this.#keptCount));
    this.#hashes[this.#keptCount++] = hash.readBigUInt64BE(0);
    const { name, bytes } = this.#parts[this.#parts.length - 1].file;
    this.#fingerprint.update(`\n${JSON.stringify([name, bytes, hash.toString('hex')])}`);
  }

  /** Forgets all documents of the file that was begun. */
  drop(): void {
    const part = this.#parts.pop();
    if (part === undefined) return;
    this.#givenCount = part.firstGiven;
    this.#keptCount = part.firstKept;
    this.#fingerprint = part.fingerprint;
    this.begin(part.file);
  }

  /** The first 64 bits of each document's hash; read only. */
  get hashes(): BigUint64Array {
    return this.#hashes.subarray(0, this.#keptCount);
  }

  /** SHA-256, hex, over what decides the tokens: the way of preparing, and each document's file and text. */
  get fingerprint(): string {
    return this.#fingerprint.copy().digest('hex');
  }

  /** Documents whose text is that of an earlier one, by 64 bits of their hashes. */
  duplicates(): number {
    const sorted = this.hashes.slice().sort();
    let count = 0;
    for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) count++;
    return count;
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
    for (const [i, { file, firstGiven, firstKept }] of this.#parts.entries()) {
      const next = this.#parts[i + 1] ?? { firstGiven: this.#givenCount, firstKept: this.#keptCount };
      const progress = new FileProgress(file, hooks.onBytes);
      if (next.firstKept > Math.max(from, firstKept)) {
        let given = firstGiven;
        let kept = firstKept;
        for await (const document of reader.documents(file, progress.notes())) {
          const newlines = this.#given[given++];
          if (newlines !== leftOut && kept++ >= from) yield { document, index: kept - 1, newlines };
          else hooks.signal.throwIfAborted();
          // What comes after the last one that is kept may be broken.
          if (kept === next.firstKept) break;
        }
        if (kept < next.firstKept) throw changed(file, 'it holds fewer documents');
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

function grown<T extends Uint8Array | BigUint64Array>(from: T, to: T): T {
  to.set(from as never);
  return to;
}
