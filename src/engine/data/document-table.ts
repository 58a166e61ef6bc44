/**
 * What the first pass learnt of each document: 16 bytes, of which 126 bits are of its text's SHA-256. The first
 * million stay in memory, what comes after them in a temporary file, so memory does not grow with the sources.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const words = 4;

export interface TableLimits {
  /** Documents of a block. */
  readonly block: number;
  /** Blocks that stay in memory. */
  readonly held: number;
  /** Documents that are compared at a time when copies are looked for. */
  readonly compared: number;
}
export const tableLimits: TableLimits = { block: 1 << 16, held: 16, compared: 1 << 20 };

/** In place of the line feeds at a document's end: it is not prepared. */
export const leftOut = 3;

export class DocumentTable {
  readonly #limits: TableLimits;
  readonly #held: Uint32Array[] = [];
  /** The block that is being filled, or that was read last, past those that are held. */
  #last: Uint32Array;
  #lastBlock = -1;
  #isStored = true;
  #count = 0;
  #file: { descriptor: number; remove: () => void } | null = null;
  #dropped: Uint8Array | null = null;

  constructor(limits: TableLimits = tableLimits) {
    this.#limits = limits;
    this.#last = new Uint32Array(words * limits.block);
  }

  /** Documents that readers gave, whether they are prepared or not. */
  get count(): number {
    return this.#count;
  }

  /** @param hash SHA-256; null for a document that is not prepared. @param newlines at its end, at most 2 */
  add(hash: Buffer | null, newlines: number): void {
    const block = Math.floor(this.#count / this.#limits.block);
    const records = this.#block(block);
    const at = words * (this.#count % this.#limits.block);
    for (let word = 0; word < words; word++) records[at + word] = hash === null ? 0 : hash.readUInt32BE(4 * word);
    records[at + words - 1] = (records[at + words - 1] & ~3) | (hash === null ? leftOut : newlines);
    this.#count++;
    if (block >= this.#limits.held) this.#isStored = false;
  }

  /** Forgets all but the first `count`. */
  truncate(count: number): void {
    this.#count = count;
  }

  /** Line feeds that the document ends with, or `leftOut`, also where it is a copy that was dropped. */
  ending(index: number): number {
    if (this.isDropped(index)) return leftOut;
    return this.#block(Math.floor(index / this.#limits.block))[words * (index % this.#limits.block) + words - 1] & 3;
  }

  isDropped(index: number): boolean {
    return this.#dropped !== null && (this.#dropped[index >>> 3] & (1 << (index & 7))) !== 0;
  }

  /** The first 53 bits of the hash as a fraction in [0, 1): its place, whatever else is in the corpus. */
  place(index: number): number {
    const records = this.#block(Math.floor(index / this.#limits.block));
    const at = words * (index % this.#limits.block);
    return (records[at] * 2 ** 21 + (records[at + 1] >>> 11)) * 2 ** -53;
  }

  /** The second 32 bits of the hash. */
  sampleKey(index: number): number {
    return this.#block(Math.floor(index / this.#limits.block))[words * (index % this.#limits.block) + 1];
  }

  /**
   * Finds documents whose text is that of one before them, in the order of the given ranges; with `drop` they are
   * left out from now on. Hashes are compared a share at a time, by where they lie among all, so what is held does
   * not grow with the documents.
   * @returns how many there are
   */
  copies(ranges: readonly (readonly [from: number, to: number])[], drop: boolean): number {
    const shares = Math.max(1, Math.ceil(this.#count / this.#limits.compared));
    const slots = 2 ** Math.ceil(Math.log2(Math.max(64, (4 * this.#count) / shares)));
    const table = new Uint32Array(words * slots);
    const dropped = drop ? new Uint8Array(Math.ceil(this.#count / 8)) : null;
    let copies = 0;
    for (let share = 0; share < shares; share++) {
      table.fill(0);
      for (const [from, to] of ranges)
        for (let index = from; index < to; index++) {
          const records = this.#block(Math.floor(index / this.#limits.block));
          const at = words * (index % this.#limits.block);
          const marked = records[at + 3];
          if ((marked & 3) === leftOut || Math.floor((records[at] * shares) / 2 ** 32) !== share) continue;
          // Zero marks a free slot; the lowest bits are no part of the hash.
          const last = (marked | 3) >>> 0;
          let slot = records[at + 1] & (slots - 1);
          while (table[words * slot + 3] !== 0 && !same(table, words * slot, records, at, last))
            slot = (slot + 1) & (slots - 1);
          if (table[words * slot + 3] === 0) {
            table.set(records.subarray(at, at + 3), words * slot);
            table[words * slot + 3] = last;
            continue;
          }
          copies++;
          if (dropped !== null) dropped[index >>> 3] |= 1 << (index & 7);
        }
    }
    this.#dropped = dropped;
    return copies;
  }

  close(): void {
    if (this.#file === null) return;
    closeSync(this.#file.descriptor);
    this.#file.remove();
    this.#file = null;
  }

  #block(block: number): Uint32Array {
    const { held, block: size } = this.#limits;
    if (block < held) {
      while (this.#held.length <= block) this.#held.push(new Uint32Array(words * size));
      return this.#held[block];
    }
    if (block !== this.#lastBlock) {
      if (!this.#isStored) this.#store();
      this.#lastBlock = block;
      const bytes = new Uint8Array(this.#last.buffer);
      const from = bytes.length * (block - held);
      for (let done = 0; this.#file !== null && done < bytes.length; ) {
        const read = readSync(this.#file.descriptor, bytes, done, bytes.length - done, from + done);
        if (read === 0) break;
        done += read;
      }
    }
    return this.#last;
  }

  #store(): void {
    this.#file ??= temporaryFile();
    const bytes = new Uint8Array(this.#last.buffer);
    const from = bytes.length * (this.#lastBlock - this.#limits.held);
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.#file.descriptor, bytes, done, bytes.length - done, from + done);
    this.#isStored = true;
  }
}

function same(table: Uint32Array, slot: number, records: Uint32Array, at: number, last: number): boolean {
  return (
    table[slot] === records[at] &&
    table[slot + 1] === records[at + 1] &&
    table[slot + 2] === records[at + 2] &&
    table[slot + 3] === last
  );
}

function temporaryFile() {
  const folder = mkdtempSync(join(tmpdir(), 'meander-documents-'));
  const descriptor = openSync(join(folder, 'table'), 'wx+', 0o600);
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // Where an open file may be removed, it is gone even after a crash.
  try {
    remove();
  } catch {}
  return { descriptor, remove };
}
