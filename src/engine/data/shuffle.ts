/** Training documents in a random order that a seed decides. */
import { permuted } from '../permutation.ts';
import { Streams, threefry2x32 } from '../random.ts';
import { boundaryText } from './document-border.ts';
import { DocumentEnds, removeEnds } from './document-ends.ts';
import type { Journal } from './journal.ts';
import { writeJournal } from './journal.ts';
import type { ShardLayout } from './shards.ts';
import { ShardSource, ShardWriter, shardFiles, truncateShards } from './shards.ts';
import type { Encoder } from './tokenizers/encoder.ts';

export interface ShuffleJob {
  readonly folder: string;
  readonly seed: number;
  /** In the order of the sources; removed in the end. */
  readonly from: ShardLayout;
  readonly to: ShardLayout;
  readonly encoder: Encoder;
  /** Tokens between two entries of the journal. */
  readonly journalTokens: number;
  readonly signal: AbortSignal;
  /** Tokens that were copied. */
  readonly onTokens: (tokens: number) => void;
}

const copied = 1 << 16;

/**
 * Copies document after document from where it ends up in the order of the sources, which `document-ends` tells, so
 * memory does not grow with their number; the disk is read here and there. The order is a permutation that can be
 * asked for any place of it, so a copy that was interrupted goes on. Where documents are parted by empty lines, the
 * border after each is made anew.
 * Returns false when the files hold less than the journal says.
 */
export async function shuffleDocuments(job: ShuffleJob, journal: Journal): Promise<boolean> {
  const { folder, from, to } = job;
  if (journal.phase !== 'shuffled') {
    const writer = await ShardWriter.open(to, journal.shuffled.tokens);
    const ends = await DocumentEnds.open(folder, journal.train.documents);
    const isWhole = await truncateShards(from, journal.train.tokens);
    try {
      if (writer === null || ends === null || !isWhole) return false;
      await copyDocuments(job, journal, writer, ends);
    } finally {
      await writer?.close();
      await ends?.close();
    }
    const { tokens, bytes } = journal.shuffled;
    journal.train = { ...journal.train, tokens, bytes };
    journal.phase = 'shuffled';
    await writeJournal(folder, journal);
  }
  await truncateShards(from, 0);
  await removeEnds(folder);
  return true;
}

async function copyDocuments(
  job: ShuffleJob,
  journal: Journal,
  writer: ShardWriter,
  ends: DocumentEnds,
): Promise<void> {
  const { folder, from, encoder, signal } = job;
  const { tokens: total, documents } = journal.train;
  const key = threefry2x32(job.seed, Streams.shuffle, 0, 0);
  const borders = [0, 1, 2].map((newlines) =>
    encoder.border === 'empty-line' ? encoder.encodeBytes(boundaryText(newlines)).slice() : new Int32Array(0),
  );
  const done = { ...journal.shuffled };
  const write = async (ids: Int32Array) => {
    await writer.write(ids);
    done.bytes += encoder.textBytes(ids);
  };
  const save = async () => {
    await writer.sync();
    journal.phase = 'shuffle';
    journal.shuffled = { ...done, tokens: writer.tokens };
    await writeJournal(folder, journal);
  };
  const source = new ShardSource(folder, shardFiles(from, total), from.dtype, encoder.vocabSize);
  const ids = new Int32Array(copied);
  try {
    // Saved once before the first, so that what is in the target files is known to be of a shuffle.
    for (let saved = Number.NEGATIVE_INFINITY; done.documents < documents; done.documents++) {
      if (writer.tokens - saved >= job.journalTokens || signal.aborted) {
        await save();
        saved = writer.tokens;
      }
      signal.throwIfAborted();
      const index = permuted(done.documents, documents, key[0], key[1]);
      const before = index === 0 ? null : await ends.at(index - 1);
      // A cut may lie in the last document, which then has no end of its own.
      const whole = (await ends.at(index)).end;
      const end = Math.min(whole, total);
      const start = before === null ? 0 : Math.min(before.end + borders[before.newlines].length, end);
      if (done.documents > 0) {
        const last = permuted(done.documents - 1, documents, key[0], key[1]);
        await write(borders[(await ends.at(last)).newlines]);
      }
      for (let at = start; at < end; at += copied) {
        const part = ids.subarray(0, Math.min(copied, end - at));
        source.read(at, part);
        await write(part);
      }
      if (end < whole && encoder.border === 'end-of-text' && encoder.endOfText !== null)
        await write(Int32Array.of(encoder.endOfText));
      job.onTokens(end - start);
    }
    await save();
  } finally {
    source.close();
  }
}
