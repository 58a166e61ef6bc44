/** The second half of preparing text: surveyed documents become token files, and dataset.json comes last. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetMeta, PrepareConfig, SourceReport } from '../../shared/dataset.ts';
import { UserError } from '../errors.ts';
import { explainFileError, writeFileAtomically } from '../files.ts';
import type { Corpus, CorpusDocument } from './corpus.ts';
import { fingerprintTokens } from './dataset.ts';
import { removeEnds } from './document-ends.ts';
import type { EncodePool } from './encode-pool.ts';
import { encodePool, encodingThreads } from './encode-pool.ts';
import type { Journal } from './journal.ts';
import { journalName, newJournal, writeJournal } from './journal.ts';
import { discardTokens, sweepHalfWritten, usableJournal } from './prepare-folder.ts';
import type { PrepareLimits, Progress } from './prepare-hooks.ts';
import type { Reader } from './readers/reader.ts';
import type { ShardLayout } from './shards.ts';
import { orderedLayout, shardFiles, trainLayout, valLayout } from './shards.ts';
import type { ShuffleJob } from './shuffle.ts';
import { shuffleDocuments } from './shuffle.ts';
import { splitByHash, trainTokens } from './split.ts';
import type { ChosenTokenizer } from './tokenizers/choose.ts';
import type { Encoder } from './tokenizers/encoder.ts';
import { tokenBytes, tokenType } from './tokens.ts';
import type { WriteJob } from './write-tokens.ts';
import { moveTail, writeDocuments } from './write-tokens.ts';

export interface TokenWork {
  readonly folder: string;
  readonly config: PrepareConfig;
  readonly tokenizer: ChosenTokenizer;
  readonly corpus: Corpus;
  /** Documents from this index on are held out, unless the split takes some of those before it. */
  readonly trainingEnd: number;
  readonly reader: Reader;
  /** UTF-8 bytes of all documents. */
  readonly bytes: number;
  readonly report: SourceReport;
  readonly progress: Progress;
  readonly limits: PrepareLimits;
  readonly signal: AbortSignal;
}

/** Of the whole, copying documents in another order. */
const shuffleShare = 0.1;

/** Surveyed documents → tokens → dataset.json, from where an earlier preparation of the same ended. */
export async function prepareTokens(work: TokenWork): Promise<DatasetMeta> {
  const { folder, config, corpus, reader, progress, limits, signal } = work;
  const { split, shuffle } = config;
  const sideOf = sidesOf(work);
  let journal = await usableJournal(folder, config, corpus.fingerprint);
  const { encoder, characters } = await work.tokenizer.encoder({
    documents: () => trainingOf(corpus.documents(reader, 0, { signal, onBytes: progress.pass(0.1) }), sideOf),
    sampleKey: (index) => corpus.sampleKey(index),
    bytes: work.bytes,
    tail: split.by === 'tail' ? split.fraction : null,
    folder,
    goesOn: journal !== null,
    signal,
  });

  const dtype = tokenType(encoder.vocabSize);
  const layouts = { train: trainLayout(folder, dtype, limits.shardTokens), val: valLayout(folder, dtype) };
  const ordered = shuffle === null ? layouts.train : orderedLayout(folder, dtype, limits.shardTokens);
  const onBytes = progress.rest(shuffle === null ? 0 : shuffleShare);
  let pool: EncodePool | null = null;
  try {
    const threads = encodingThreads(progress.total, encoder.vocabSize, limits.threads);
    // Threads read it.
    if (threads > 1) await writeTokenizer(folder, encoder);
    pool = encodePool(threads, encoder, folder);
    const job: WriteJob = {
      folder,
      corpus,
      reader,
      sideOf,
      encoder,
      pool,
      layouts: { train: ordered, val: layouts.val },
      keepsEnds: split.by === 'tail' || shuffle !== null,
      journalBytes: limits.journalBytes,
      signal,
      onBytes,
    };
    /** False when the files hold less than the journal says. */
    const write = async (state: Journal): Promise<boolean> => {
      if (state.phase === 'text' && !(await writeDocuments(job, state))) return false;
      if (split.by === 'tail')
        await moveTail(job, state, trainTokens(characters ?? state.train.tokens, split.fraction));
      if (shuffle === null) return true;
      return shuffleDocuments(shuffleJob(work, encoder, shuffle, { from: ordered, to: layouts.train }, state), state);
    };
    if (journal === null || !(await write(journal))) {
      journal = newJournal(config, corpus.fingerprint);
      await discardTokens(folder);
      await writeJournal(folder, journal);
      await write(journal);
    }
    for (const side of ['train', 'val'] as const)
      if (journal[side].tokens < 2) throw tooShort(side, journal[side].tokens, split.by);
    await writeTokenizer(folder, encoder);
    const meta = await describe(work, encoder, layouts, journal);
    await removeEnds(folder);
    await sweepHalfWritten(folder);
    await writeFileAtomically(join(folder, 'dataset.json'), `${JSON.stringify(meta, null, 2)}\n`);
    await rm(join(folder, journalName), { force: true });
    progress.finish();
    return meta;
  } catch (error) {
    throw await explainFileError(error, join(folder, 'dataset.json'), bytesNeeded(progress, journal, dtype));
  } finally {
    await pool?.close();
  }
}

type Sides = (index: number) => 'train' | 'val';

function sidesOf({ config: { split }, corpus, trainingEnd }: TokenWork): Sides {
  const validates =
    split.by === 'document'
      ? splitByHash(corpus, split.fraction)
      : (index: number) => split.by !== 'tail' && index >= trainingEnd;
  return (index) => (validates(index) ? 'val' : 'train');
}

async function* trainingOf(documents: AsyncIterable<CorpusDocument>, sideOf: Sides) {
  for await (const found of documents) if (sideOf(found.index) === 'train') yield found;
}

const writeTokenizer = (folder: string, encoder: Encoder) =>
  writeFileAtomically(join(folder, 'tokenizer.json'), encoder.huggingFaceFiles()['tokenizer.json']);

function shuffleJob(
  { folder, progress, limits, signal }: TokenWork,
  encoder: Encoder,
  seed: number,
  layouts: Pick<ShuffleJob, 'from' | 'to'>,
  { train: { tokens } }: Journal,
): ShuffleJob {
  const onBytes = progress.rest();
  const onTokens = (copied: number) => onBytes((copied / tokens) * progress.total);
  return { folder, seed, ...layouts, encoder, journalTokens: limits.journalBytes / 4, signal, onTokens };
}

async function describe(
  { folder, config, corpus, report, signal }: TokenWork,
  encoder: Encoder,
  layouts: { readonly train: ShardLayout; readonly val: ShardLayout },
  journal: Journal,
): Promise<DatasetMeta> {
  const side = (name: 'train' | 'val') => {
    const { tokens, documents, bytes } = journal[name];
    return { tokens, documents, bytes, files: shardFiles(layouts[name], tokens) };
  };
  const train = side('train');
  const val = side('val');
  const { dtype } = layouts.train;
  const { fingerprint } = await fingerprintTokens(folder, dtype, train.files, val.files, signal);
  return {
    schema: 1,
    name: config.name,
    tokenizer: { kind: encoder.kind, vocabSize: encoder.vocabSize, endOfText: encoder.endOfText },
    dtype,
    fingerprint,
    sourceFingerprint: corpus.fingerprint,
    split: config.split,
    train,
    val,
    report: { ...report, leftOut: journal.leftOut },
    createdAt: new Date().toISOString(),
  };
}

/** About what is still to be written, from what the sources gave so far; null before that is known. */
function bytesNeeded(progress: Progress, journal: Journal | null, dtype: DatasetMeta['dtype']): number | null {
  if (journal === null) return null;
  const { phase, train, val, shuffled } = journal;
  if (phase === 'shuffle') return (train.tokens - shuffled.tokens) * tokenBytes(dtype) || null;
  const written = (train.tokens + val.tokens) * tokenBytes(dtype);
  return progress.share > 0 ? Math.ceil((written / progress.share) * (1 - progress.share)) || null : null;
}

const tooShort = (side: 'train' | 'val', tokens: number, by: PrepareConfig['split']['by']) =>
  new UserError(
    'dataset-too-short',
    `The ${side === 'train' ? 'training' : 'validation'} part has ${tokens} ${tokens === 1 ? 'token' : 'tokens'}; it needs at least 2.`,
    by === 'file' || by === 'given' ? 'Add text to it.' : 'Add text, or choose another split.',
  );
