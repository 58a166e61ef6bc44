/** The second pass of a preparation: documents to token files, with a journal of how far it is. */
import { join } from 'node:path';
import { writeThrough } from '../files.ts';
import type { Corpus } from './corpus.ts';
import { boundaryText } from './document-border.ts';
import { DocumentEnds } from './document-ends.ts';
import type { Encoded } from './encode-batch.ts';
import { documentEnd } from './encode-batch.ts';
import type { EncodePool } from './encode-pool.ts';
import type { Journal } from './journal.ts';
import { writeJournal } from './journal.ts';
import type { Reader } from './readers/reader.ts';
import type { ShardLayout } from './shards.ts';
import { ShardSource, ShardWriter, shardFiles, truncateShards } from './shards.ts';
import type { Encoder } from './tokenizers/encoder.ts';
import { tokenBytes } from './tokens.ts';
import { repairUtf8 } from './utf8.ts';

export interface WriteJob {
  readonly folder: string;
  readonly corpus: Corpus;
  readonly reader: Reader;
  readonly sideOf: (index: number) => 'train' | 'val';
  readonly encoder: Encoder;
  readonly pool: EncodePool;
  readonly layouts: { readonly train: ShardLayout; readonly val: ShardLayout };
  /** Notes where training documents end. */
  readonly keepsEnds: boolean;
  /** Bytes of text between two entries of the journal. */
  readonly journalBytes: number;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

/** Bytes of text that a task holds, about: a chunk is not divided. */
const taskBytes = 1 << 18;
const taskPieces = 1 << 13;

/**
 * Goes on from `journal` (phase 'text') and changes it in place. What ends up in the files depends on the
 * documents alone, not on where it was interrupted nor on the number of threads: chunks are a function of content
 * and place, each is encoded alone, and they are written in the order in which they were read.
 * Returns false when the files hold less than the journal says.
 */
export async function writeDocuments(job: WriteJob, journal: Journal): Promise<boolean> {
  const train = await ShardWriter.open(job.layouts.train, journal.train.tokens);
  const val = await ShardWriter.open(job.layouts.val, journal.val.tokens);
  const ends = job.keepsEnds ? await DocumentEnds.open(job.folder, journal.train.documents) : null;
  try {
    if (train === null || val === null || (job.keepsEnds && ends === null)) return false;
    await new Writing(job, journal, { train, val }, ends).run();
    return true;
  } finally {
    await train?.close();
    await val?.close();
    await ends?.close();
  }
}

/** What a piece of a task is, for when it comes back: `position` 0 is a border before the document. */
interface Piece {
  readonly side: 'train' | 'val';
  readonly index: number;
  readonly position: number;
  /** Of a document's end: the line feeds there; null for text. */
  readonly newlines: number | null;
}

const isBorder = ({ position, newlines }: Piece) => position === 0 && newlines === null;

class Writing {
  readonly #job: WriteJob;
  readonly #journal: Journal;
  readonly #writers: Record<'train' | 'val', ShardWriter>;
  readonly #ends: DocumentEnds | null;
  /** Tasks that are being encoded, oldest first. */
  readonly #underWay: { pieces: Piece[]; encoded: Promise<Encoded> }[] = [];
  readonly #taskBytes: number;
  /** Buffers of tasks that are written, for the next ones. */
  readonly #spare: { readonly texts: Uint8Array<ArrayBuffer>[]; readonly ids: ArrayBuffer[] } = { texts: [], ids: [] };
  #pieces: Piece[] = [];
  #lengths: number[] = [];
  #text: Uint8Array<ArrayBuffer>;
  #filled = 0;
  /** Bytes of text since the last entry of the journal. */
  #unsaved = 0;

  constructor(
    job: WriteJob,
    journal: Journal,
    writers: Record<'train' | 'val', ShardWriter>,
    ends: DocumentEnds | null,
  ) {
    this.#job = job;
    this.#journal = journal;
    this.#writers = writers;
    this.#ends = ends;
    this.#taskBytes = Math.min(taskBytes, job.journalBytes);
    this.#text = new Uint8Array(this.#taskBytes);
  }

  async run(): Promise<void> {
    const { corpus, reader, encoder, sideOf } = this.#job;
    const { document: first, position: resumed, train, val } = this.#journal;
    // How the streams will stand when all that was read is written.
    const ahead = { train: { ...train }, val: { ...val } };
    try {
      for await (const { document, index, newlines } of corpus.documents(reader, first, this.#job)) {
        const side = sideOf(index);
        const state = ahead[side];
        const from = index === first ? resumed : 0;
        if (from === 0 && encoder.border === 'empty-line' && state.documents > 0)
          await this.#add(boundaryText(state.newlines), { side, index, position: 0, newlines: null });
        for await (const chunk of document.chunks(encoder.safeCut, from)) {
          await this.#add(repairUtf8(chunk.bytes).bytes, { side, index, position: chunk.end, newlines: null });
          await this.#throwIfAborted();
        }
        await this.#add(null, { side, index, position: 0, newlines });
        state.documents++;
        state.newlines = newlines;
      }
      this.#send();
      while (this.#underWay.length > 0) await this.#commit();
      await this.#save();
    } finally {
      // What is left will fail when the threads end, and nobody waits for it.
      for (const { encoded } of this.#underWay) encoded.catch(() => {});
    }
  }

  /** A stop keeps what is written; what is still being encoded will be read again. */
  async #throwIfAborted(): Promise<void> {
    if (!this.#job.signal.aborted) return;
    await this.#save();
    this.#job.signal.throwIfAborted();
  }

  async #add(text: Uint8Array | null, piece: Piece): Promise<void> {
    const length = text?.length ?? 0;
    const last = this.#pieces.at(-1);
    // The journal cannot stand between a border and the text after it.
    const afterBorder = last !== undefined && isBorder(last);
    if (this.#filled + length > this.#text.length && !afterBorder) await this.#pass();
    if (text !== null) {
      if (this.#filled + length > this.#text.length) {
        const larger = new Uint8Array(this.#filled + length);
        larger.set(this.#text.subarray(0, this.#filled));
        this.#text = larger;
      }
      this.#text.set(text, this.#filled);
      this.#filled += length;
    }
    this.#pieces.push(piece);
    this.#lengths.push(text === null ? documentEnd : length);
    if ((this.#filled >= this.#taskBytes || this.#pieces.length >= taskPieces) && !isBorder(piece)) await this.#pass();
  }

  /** Sends what was gathered, and waits until there is room for more. */
  async #pass(): Promise<void> {
    this.#send();
    while (this.#underWay.length > this.#job.pool.depth) await this.#commit();
  }

  #send(): void {
    if (this.#pieces.length === 0) return;
    const text = this.#text.subarray(0, this.#filled);
    const lengths = Int32Array.from(this.#lengths);
    const encoded = this.#job.pool.encode({ text, lengths, spare: this.#spare.ids.pop() });
    this.#underWay.push({ pieces: this.#pieces, encoded });
    this.#pieces = [];
    this.#lengths = [];
    this.#text = this.#spare.texts.pop() ?? new Uint8Array(this.#taskBytes);
    this.#filled = 0;
  }

  /** Writes the oldest task. */
  async #commit(): Promise<void> {
    const { pieces, encoded } = this.#underWay[0];
    const { ids, counts, bytes, leftOut, text } = await encoded;
    this.#underWay.shift();
    const journal = this.#journal;
    let at = 0;
    for (let i = 0; i < pieces.length; ) {
      // Pieces of one side go to its writer together.
      const { side } = pieces[i];
      const state = journal[side];
      let tokens = this.#writers[side].tokens;
      const from = at;
      for (; i < pieces.length && pieces[i].side === side; i++) {
        const { index, position, newlines } = pieces[i];
        at += counts[i];
        tokens += counts[i];
        state.bytes += bytes[i];
        if (newlines === null) {
          this.#unsaved += position === 0 ? 0 : position - (journal.document === index ? journal.position : 0);
          journal.document = index;
          journal.position = position;
          continue;
        }
        state.documents++;
        state.newlines = newlines;
        journal.document = index + 1;
        journal.position = 0;
        if (side === 'train') await this.#ends?.add({ end: tokens, newlines });
      }
      await this.#writers[side].write(ids.subarray(from, at));
    }
    journal.leftOut += leftOut;
    this.#spare.ids.push(ids.buffer);
    // One that grew for a large piece is not kept.
    if (text.buffer.byteLength === this.#taskBytes) this.#spare.texts.push(new Uint8Array(text.buffer));
    if (this.#unsaved >= this.#job.journalBytes) await this.#save();
  }

  async #save(): Promise<void> {
    const { train, val } = this.#writers;
    await train.sync();
    await val.sync();
    await this.#ends?.sync();
    this.#journal.train.tokens = train.tokens;
    this.#journal.val.tokens = val.tokens;
    await writeJournal(this.#job.folder, this.#journal);
    this.#unsaved = 0;
  }
}

/**
 * Moves everything from token `cut` on (not used any more in phase 'cut') from the training files to `val.bin`:
 * first the copy, whole and durable, then the journal, then the training files are cut. Each step can be repeated.
 */
export async function moveTail(
  job: Pick<WriteJob, 'folder' | 'layouts' | 'encoder' | 'signal'>,
  journal: Journal,
  cut: number,
): Promise<void> {
  const { layouts, folder, encoder } = job;
  if (journal.phase === 'text') {
    journal.phase = 'tail';
    await writeJournal(folder, journal);
  }
  if (journal.phase === 'tail') {
    const total = journal.train.tokens;
    const source = new ShardSource(folder, shardFiles(layouts.train, total), layouts.train.dtype, encoder.vocabSize);
    let bytes = 0;
    try {
      const size = tokenBytes(layouts.val.dtype);
      await writeThrough(
        join(folder, layouts.val.nameOf(0)),
        async (handle) => {
          const ids = new Int32Array(1 << 18);
          for (let at = cut; at < total; at += ids.length) {
            job.signal.throwIfAborted();
            const part = ids.subarray(0, Math.min(ids.length, total - at));
            source.read(at, part);
            bytes += encoder.textBytes(part);
            const tokens = size === 2 ? Uint16Array.from(part) : Uint32Array.from(part);
            await handle.writeFile(new Uint8Array(tokens.buffer));
          }
        },
        (total - cut) * size,
      );
    } finally {
      source.close();
    }
    const documents = await documentsAround(folder, journal.train.documents, cut);
    journal.train = { ...journal.train, tokens: cut, bytes: journal.train.bytes - bytes, documents: documents.train };
    journal.val = { tokens: total - cut, bytes, documents: documents.val, newlines: 0 };
    journal.phase = 'cut';
    await writeJournal(folder, journal);
  }
  if (journal.phase === 'cut') await truncateShards(layouts.train, journal.train.tokens);
}

/** A document on both sides of the cut counts on both. */
async function documentsAround(folder: string, count: number, cut: number): Promise<{ train: number; val: number }> {
  const ends = await DocumentEnds.open(folder, count);
  if (ends === null) throw new Error(`the journal in ${folder} tells of more documents than were noted`);
  try {
    const before = await ends.endingBy(cut);
    const end = before === 0 ? 0 : (await ends.at(before - 1)).end;
    return { train: before + (before < count && end < cut ? 1 : 0), val: count - before };
  } finally {
    await ends.close();
  }
}
