/**
 * Preparation: sources → token files and dataset.json, in two streaming passes. Everything is written in the
 * dataset's folder; preparing.json says how far it is, dataset.json comes last, and a killed preparation
 * goes on where it was and ends with the same bytes as one that was not.
 */
import { mkdir, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetMeta, PrepareConfig, TokenizerChoice } from '../../shared/dataset.ts';
import { UserError } from '../errors.ts';
import { explainFileError, writeFileAtomically } from '../files.ts';
import type { CorpusDocument } from './corpus.ts';
import { Corpus } from './corpus.ts';
import { acceptFinished, fingerprintTokens, readMeta } from './dataset.ts';
import { importTokens } from './import-tokens.ts';
import type { Journal } from './journal.ts';
import { journalName, newJournal, readJournal, writeJournal } from './journal.ts';
import { readFormats } from './readers/inspect.ts';
import { sourceReader } from './readers/source-reader.ts';
import type { TextWindow } from './readers/window.ts';
import { textWindow } from './readers/window.ts';
import { ReportBuilder } from './scan.ts';
import { shardFiles, trainLayout, valLayout } from './shards.ts';
import type { ChosenSources } from './sources.ts';
import { chooseSources } from './sources.ts';
import { splitByHash, trainTokens } from './split.ts';
import { surveyDocuments } from './survey.ts';
import type { ChosenTokenizer } from './tokenizers/choose.ts';
import { chooseTokenizer } from './tokenizers/choose.ts';
import type { Encoder } from './tokenizers/encoder.ts';
import { tokenBytes, tokenType } from './tokens.ts';
import { discardTokens, moveTail, writeDocuments } from './write-tokens.ts';

export interface PrepareHooks {
  /**
   * Bytes of the sources. The passes before the tokens are written read them too: each counts a tenth, so
   * `done` goes up evenly and ends at `total`.
   */
  onProgress(done: number, total: number): void;
  /** Ends the preparation where it can go on; the promise rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

export interface PrepareLimits {
  /** Tokens of a training shard. */
  readonly shardTokens: number;
  /** Bytes of text between two entries of the journal. */
  readonly journalBytes: number;
  readonly window: TextWindow;
}
export const prepareLimits: PrepareLimits = { shardTokens: 100_000_000, journalBytes: 1 << 25, window: textWindow };

/**
 * Prepares a dataset, goes on with an unfinished one of the same sources and config, or returns the finished one
 * when nothing has changed. An unfinished one of other sources or another config is started over.
 * A failure that would come again leaves nothing behind.
 * @throws UserError 'source-missing', 'no-text-found', 'no-validation-split', 'no-training-text', 'tokenized-already', 'dataset-too-short', 'one-document', 'dataset-exists', 'folder-in-use',
 *   'not-writable', 'disk-full', 'source-changed', 'dataset-broken'
 */
export async function prepareDataset(
  folder: string,
  config: PrepareConfig,
  hooks: PrepareHooks,
  limits: PrepareLimits = prepareLimits,
): Promise<DatasetMeta> {
  for (const source of [...config.sources, ...(config.split.by === 'file' ? [config.split.path] : [])])
    await mustBeThere(source);
  const chosen = await chooseSources(config.sources);
  if (chosen.files.length === 0) throw noText(config.sources, new ReportBuilder(chosen.skipped));
  const { tokens } = chosen;
  if (tokens !== null && config.tokenizer !== null) throw tokenizedAlready(tokens.train[0].path, config.tokenizer);
  const isNew = (await stat(folder).catch(() => null)) === null;
  const earlier = await claimFolder(folder, config);
  try {
    if (tokens !== null) return await importTokens(folder, config, { ...chosen, tokens }, earlier, hooks);
    return await prepareText(folder, config, chosen, earlier, hooks, limits);
  } catch (error) {
    if (earlier === null && error instanceof UserError) await discardHopeless(folder, error, isNew);
    throw error;
  }
}

/** A preparation that would fail the same way again, or has not written a token, leaves nothing to go on with. */
async function discardHopeless(folder: string, error: UserError, isNew: boolean): Promise<void> {
  const ours = (await readdir(folder).catch(() => [])).filter((name) =>
    /^(train|val).*\.bin$|^tokenizer\.json$/.test(name),
  );
  if (!hopeless.has(error.code) && ours.length > 0) return;
  for (const name of [...ours, journalName]) await rm(join(folder, name), { force: true });
  if (isNew) await rmdir(folder).catch(() => {});
}

const hopeless = new Set(['no-text-found', 'no-training-text', 'dataset-too-short', 'one-document', 'dataset-broken']);

/** A source that is named and missing is an error: text that was meant to be there would be left out in silence. */
async function mustBeThere(source: string): Promise<void> {
  try {
    await stat(source);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR')
      throw new UserError('source-missing', `${source} cannot be read: ${message}.`, 'Check its permissions.');
    throw new UserError(
      'source-missing',
      `There is nothing at ${source}: it does not exist.`,
      'Put it back, or name the files again.',
    );
  }
}

const tokenizedAlready = (path: string, tokenizer: TokenizerChoice) =>
  new UserError(
    'tokenized-already',
    `${path} holds tokens already, so the tokenizer "${typeof tokenizer === 'string' ? tokenizer : tokenizer.kind}" would not be used.`,
    'Leave the tokenizer out: token files are taken as they are. Or prepare the text that they were made from.',
  );

async function prepareText(
  folder: string,
  config: PrepareConfig,
  chosen: ChosenSources,
  earlier: DatasetMeta | null,
  hooks: PrepareHooks,
  limits: PrepareLimits,
): Promise<DatasetMeta> {
  const { signal } = hooks;
  const tokenizer = await chooseTokenizer(config.tokenizer ?? 'gpt2');
  const held = await heldOut(config, chosen);
  const heldPaths = new Set(held?.files.map((file) => file.path));
  // A validation file among the sources must not be trained on.
  const sources = chosen.files.filter((file) => !heldPaths.has(file.path));
  if (sources.length === 0)
    throw new UserError(
      'no-training-text',
      `${config.split.by === 'file' ? config.split.path : ''} is all the text there is, and it is held out for validation: nothing is left to train on.`,
      'Add files to train on, or choose another split.',
    );
  const files = [...sources, ...(held?.files ?? [])];
  const progress = new Progress(
    files.reduce((sum, file) => sum + file.bytes, 0),
    hooks.onProgress,
  );
  const reader = sourceReader(config.textField, limits.window, config.unpackRatio);
  const report = new ReportBuilder([...chosen.skipped, ...(held?.skipped ?? [])]);
  if (config.split.by !== 'given')
    for (const { name } of chosen.validation)
      report.skip(name, 'it is the validation split that the data brings; choose the split "given" to validate on it');
  const corpus = new Corpus(wayOf(config, tokenizer));
  const survey = (part: typeof files) =>
    surveyDocuments(part, reader, config.invalidUtf8, { corpus, report }, { signal, onBytes: progress.pass(0.1) });
  await survey(sources);
  const training = corpus.count;
  if (held !== null) await survey(held.files);
  if (training === 0) throw noText(config.sources, report);
  if (held !== null && corpus.count === training)
    throw noText(config.split.by === 'file' ? [config.split.path] : config.sources, report);
  const sourceFingerprint = corpus.fingerprint;
  if (earlier !== null) return acceptFinished(folder, earlier, sourceFingerprint);

  const { split } = config;
  const validates = split.by === 'document' ? splitByHash(corpus.hashes, split.fraction) : null;
  const sideOf = (index: number) =>
    (validates === null ? index >= training : validates[index] === 1) ? 'val' : 'train';
  let journal = await usableJournal(folder, config, sourceFingerprint);
  const { encoder, characters } = await tokenizer.encoder({
    documents: () => trainingOf(corpus.documents(reader, 0, { signal, onBytes: progress.pass(0.1) }), sideOf),
    hashes: corpus.hashes,
    bytes: report.lengths.bytes,
    tail: split.by === 'tail' ? split.fraction : null,
    folder,
    goesOn: journal !== null,
    signal,
  });

  const dtype = tokenType(encoder.vocabSize);
  const layouts = { train: trainLayout(folder, dtype, limits.shardTokens), val: valLayout(folder, dtype) };
  const writing = progress.pass(null);
  const job = {
    folder,
    corpus,
    reader,
    sideOf,
    encoder,
    layouts,
    earliestCut: split.by === 'tail' ? (tokens: number) => trainTokens(tokens, split.fraction) : null,
    journalBytes: limits.journalBytes,
    signal,
    onBytes: writing,
  };
  try {
    if (journal === null || (journal.phase === 'text' && !(await writeDocuments(job, journal)))) {
      journal = newJournal(config, sourceFingerprint);
      await discardTokens(layouts);
      await writeJournal(folder, journal);
      await writeDocuments(job, journal);
    }
    if (split.by === 'tail')
      await moveTail(job, journal, trainTokens(characters ?? journal.train.tokens, split.fraction));
    for (const side of ['train', 'val'] as const)
      if (journal[side].tokens < 2) throw tooShort(side, journal[side].tokens, split.by);
    await writeFileAtomically(join(folder, 'tokenizer.json'), encoder.huggingFaceFiles()['tokenizer.json']);
    report.report.duplicates = corpus.duplicates();
    report.report.leftOut = journal.leftOut;
    report.report.lengths = report.lengths.result;
    const meta = await describe(folder, config, sourceFingerprint, encoder, layouts, journal, report, signal);
    await writeFileAtomically(join(folder, 'dataset.json'), `${JSON.stringify(meta, null, 2)}\n`);
    await rm(join(folder, journalName), { force: true });
    progress.finish();
    return meta;
  } catch (error) {
    throw await explainFileError(error, join(folder, 'dataset.json'), bytesNeeded(progress, journal, dtype));
  }
}

/** Files that are validated on; null where a part of the sources is. @throws UserError 'no-validation-split' */
async function heldOut(config: PrepareConfig, { validation }: ChosenSources) {
  const { split } = config;
  if (split.by === 'file') {
    const given = await chooseSources([split.path]);
    return { files: [...given.files, ...given.validation], skipped: given.skipped };
  }
  if (split.by !== 'given') return null;
  if (validation.length > 0) return { files: validation, skipped: [] };
  throw new UserError(
    'no-validation-split',
    'The sources bring no validation split beside a training split, as a DatasetDict of Hugging Face does.',
    'Choose another way to split.',
  );
}

async function describe(
  folder: string,
  config: PrepareConfig,
  sourceFingerprint: string,
  encoder: Encoder,
  layouts: { train: ReturnType<typeof trainLayout>; val: ReturnType<typeof trainLayout> },
  journal: Journal,
  report: ReportBuilder,
  signal: AbortSignal,
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
    sourceFingerprint,
    split: config.split,
    train,
    val,
    report: report.report,
    createdAt: new Date().toISOString(),
  };
}

/**
 * Makes the folder ours: a journal stands in it before any token does. Returns the finished dataset that it
 * may hold already.
 */
async function claimFolder(folder: string, config: PrepareConfig): Promise<DatasetMeta | null> {
  try {
    await mkdir(folder, { recursive: true });
    const earlier = await readMeta(folder);
    if (earlier !== null) return earlier;
    const journal = await readJournal(folder);
    if (journal === null) {
      const foreign = (await readdir(folder)).find((name) => /\.bin$|^tokenizer\.json$/.test(name));
      if (foreign !== undefined)
        throw new UserError(
          'folder-in-use',
          `${folder} holds ${foreign}, which is not from a preparation that can go on.`,
          'Choose an empty folder.',
        );
    }
    if (journal === null || journal === 'unreadable' || !sameConfig(journal.config, config))
      await writeJournal(folder, newJournal(config, null));
    return null;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR' || code === 'EEXIST')
      throw new UserError(
        'not-writable',
        `Cannot make the folder ${folder}: ${message}.`,
        'Choose a folder on a disk that you can write to.',
        { cause: error },
      );
    throw await explainFileError(error, folder);
  }
}

/** The journal, when it is of the same work; null to start over. */
async function usableJournal(folder: string, config: PrepareConfig, fingerprint: string): Promise<Journal | null> {
  const journal = await readJournal(folder);
  if (journal === null || journal === 'unreadable') return null;
  return sameConfig(journal.config, config) && journal.sourceFingerprint === fingerprint ? journal : null;
}

const sameConfig = (a: PrepareConfig, b: PrepareConfig) => JSON.stringify(a) === JSON.stringify(b);

/** What decides the tokens beside the documents. */
function wayOf({ split, invalidUtf8 }: PrepareConfig, tokenizer: ChosenTokenizer): string {
  return JSON.stringify({
    format: 1,
    tokenizer: tokenizer.way,
    split: split.by === 'file' || split.by === 'given' ? { by: 'file' } : split,
    invalidUtf8,
  });
}

async function* trainingOf(documents: AsyncIterable<CorpusDocument>, sideOf: (index: number) => 'train' | 'val') {
  for await (const found of documents) if (sideOf(found.index) === 'train') yield found;
}

/** Spreads passes over one range of bytes. */
class Progress {
  readonly #total: number;
  readonly #report: PrepareHooks['onProgress'];
  #start = 0;
  #share = 0;
  #read = 0;

  constructor(total: number, report: PrepareHooks['onProgress']) {
    this.#total = total;
    this.#report = report;
  }

  /** Share of the last pass that is done, 0 to 1. */
  get share(): number {
    return this.#total === 0 ? 1 : this.#read / this.#total;
  }

  /** Begins a pass, or goes on with it, that takes a share of the range; null: the rest. */
  pass(share: number | null): (bytes: number) => void {
    if (this.#read >= this.#total) {
      this.#start += this.#share;
      this.#read = 0;
    }
    this.#share = share ?? 1 - this.#start;
    return (bytes) => {
      this.#read = Math.min(this.#read + bytes, this.#total);
      this.#report(Math.round((this.#start + this.#share * this.share) * this.#total), this.#total);
    };
  }

  finish(): void {
    this.#report(this.#total, this.#total);
  }
}

/** About what is still to be written, from what the sources gave so far; two bytes a byte before that is known. */
function bytesNeeded(progress: Progress, journal: Journal | null, dtype: DatasetMeta['dtype']): number | null {
  const written = ((journal?.train.tokens ?? 0) + (journal?.val.tokens ?? 0)) * tokenBytes(dtype);
  return progress.share > 0 ? Math.ceil((written / progress.share) * (1 - progress.share)) || null : null;
}

function noText(sources: readonly string[], report: ReportBuilder): UserError {
  const { skipped, skippedCount } = report.report;
  const shown = skipped.slice(0, 5).map(({ name, reason }) => `${name} (${reason})`);
  const more = skippedCount > shown.length ? ` and ${skippedCount - shown.length} more` : '';
  const where = sources.length === 1 ? sources[0] : `the ${sources.length} files and folders`;
  return new UserError(
    'no-text-found',
    skippedCount === 0
      ? `There is no text in ${where}: it holds no files.`
      : `There is no text in ${where}. Skipped: ${shown.join(', ')}${more}.`,
    `Give files that are read, or a folder that holds some: ${readFormats}.`,
  );
}

const tooShort = (side: 'train' | 'val', tokens: number, by: PrepareConfig['split']['by']) =>
  new UserError(
    'dataset-too-short',
    `The ${side === 'train' ? 'training' : 'validation'} part has ${tokens} ${tokens === 1 ? 'token' : 'tokens'}; it needs at least 2.`,
    by === 'file' || by === 'given' ? 'Add text to it.' : 'Add text, or choose another split.',
  );
