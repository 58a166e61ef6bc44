/** The second pass of a preparation: documents to token files, with a journal of how far it is. */
import { join } from 'node:path';
import { writeThrough } from '../files.ts';
import type { Corpus } from './corpus.ts';
import { boundaryText } from './document-border.ts';
import type { Journal, StreamState } from './journal.ts';
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
  readonly layouts: { readonly train: ShardLayout; readonly val: ShardLayout };
  /** For a split by tail: the first place where the cut can be when the stream has so many tokens or more. */
  readonly earliestCut: ((tokens: number) => number) | null;
  /** Bytes of text between two entries of the journal. */
  readonly journalBytes: number;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

/**
 * Goes on from `journal` (phase 'text') and changes it in place. What ends up in the files depends on the
 * documents alone, not on where it was interrupted: chunks are a function of content and place.
 * Returns false when the files hold less than the journal says.
 */
export async function writeDocuments(job: WriteJob, journal: Journal): Promise<boolean> {
  const train = await ShardWriter.open(job.layouts.train, journal.train.tokens);
  const val = await ShardWriter.open(job.layouts.val, journal.val.tokens);
  if (train === null || val === null) return false;
  const writers = { train, val };
  const save = async () => {
    await train.sync();
    await val.sync();
    journal.train.tokens = train.tokens;
    journal.val.tokens = val.tokens;
    if (job.earliestCut !== null) foldEnds(journal, job.earliestCut(train.tokens));
    await writeJournal(job.folder, journal);
  };
  try {
    let unsaved = 0;
    for await (const { document, index, newlines } of job.corpus.documents(job.reader, journal.document, job)) {
      const side = job.sideOf(index);
      const stream = new TokenStream(job.encoder, writers[side], journal[side], journal);
      if (journal.position === 0) await stream.begin();
      for await (const chunk of document.chunks(job.encoder.safeCut, journal.position)) {
        await stream.write(repairUtf8(chunk.bytes).bytes);
        unsaved += chunk.end - journal.position;
        journal.position = chunk.end;
        if (unsaved >= job.journalBytes || job.signal.aborted) {
          await save();
          unsaved = 0;
        }
        job.signal.throwIfAborted();
      }
      await stream.end(newlines);
      if (job.earliestCut !== null) journal.ends.push(writers[side].tokens);
      journal.document++;
      journal.position = 0;
    }
    await save();
    return true;
  } finally {
    await train.close();
    await val.close();
  }
}

/** Keeps the journal short: of documents that end at or before every possible cut, only their number counts. */
function foldEnds(journal: Journal, cut: number): void {
  const kept = journal.ends.findIndex((end) => end > cut);
  const folded = journal.ends.splice(0, kept < 0 ? journal.ends.length : kept);
  if (folded.length === 0) return;
  journal.early = { documents: journal.early.documents + folded.length, end: folded[folded.length - 1] };
}

/** One side's stream: text in, tokens and counts out. */
class TokenStream {
  readonly #encoder: Encoder;
  readonly #writer: ShardWriter;
  readonly #state: StreamState;
  readonly #journal: Journal;

  constructor(encoder: Encoder, writer: ShardWriter, state: StreamState, journal: Journal) {
    this.#encoder = encoder;
    this.#writer = writer;
    this.#state = state;
    this.#journal = journal;
  }

  async begin(): Promise<void> {
    if (this.#encoder.border === 'empty-line' && this.#state.documents > 0)
      await this.write(boundaryText(this.#state.newlines));
  }

  async write(text: Uint8Array): Promise<void> {
    const ids = this.#encoder.encodeBytes(text);
    const bytes = this.#encoder.textBytes(ids);
    this.#state.bytes += bytes;
    // Of other tokenizers nothing is left out; what is shorter was composed.
    if (this.#encoder.kind === 'characters' && bytes < text.length)
      this.#journal.leftOut += characters(text) - ids.length;
    await this.#writer.write(ids);
  }

  async end(newlines: number): Promise<void> {
    const { border, endOfText } = this.#encoder;
    if (border === 'end-of-text' && endOfText !== null) await this.#writer.write(Int32Array.of(endOfText));
    this.#state.documents++;
    this.#state.newlines = newlines;
  }
}

function characters(text: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) if ((text[i] & 0xc0) !== 0x80) count++;
  return count;
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
    // A document on both sides of the cut counts on both.
    foldEnds(journal, cut);
    const { early, ends } = journal;
    const reaching = ends.length > 0 && early.end < cut ? 1 : 0;
    const train = early.documents + reaching;
    journal.train = { ...journal.train, tokens: cut, bytes: journal.train.bytes - bytes, documents: train };
    journal.val = { tokens: total - cut, bytes, documents: ends.length, newlines: 0 };
    journal.phase = 'cut';
    await writeJournal(folder, journal);
  }
  await truncateShards(layouts.train, journal.train.tokens);
}

/** Removes everything that a preparation writes, so that it can start over. */
export async function discardTokens(layouts: WriteJob['layouts']): Promise<void> {
  await truncateShards(layouts.train, 0);
  await truncateShards(layouts.val, 0);
}
