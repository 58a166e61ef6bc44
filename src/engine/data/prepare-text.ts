/** The first half of preparing text: which files, what each document is, which are copies. */
import type { DatasetMeta, PrepareConfig } from '../../shared/dataset.ts';
import { UserError } from '../errors.ts';
import { Corpus } from './corpus.ts';
import { acceptFinished } from './dataset.ts';
import type { PrepareHooks, PrepareLimits } from './prepare-hooks.ts';
import { Progress } from './prepare-hooks.ts';
import { prepareTokens } from './prepare-tokens.ts';
import { anyFilter } from './quality.ts';
import { readFormats } from './readers/inspect.ts';
import { sourceReader } from './readers/source-reader.ts';
import { ReportBuilder } from './scan.ts';
import type { ChosenSources } from './sources.ts';
import { chooseSources } from './sources.ts';
import { surveyDocuments } from './survey.ts';
import type { ChosenTokenizer } from './tokenizers/choose.ts';
import { chooseTokenizer } from './tokenizers/choose.ts';

/** Sources → the finished dataset in `folder`; `earlier` is what the folder holds already. @throws UserError as `prepareDataset` */
export async function prepareText(
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
  try {
    const onBytes = progress.pass(0.1);
    const survey = (part: typeof files) =>
      surveyDocuments(part, reader, config, { corpus, report }, { signal, onBytes });
    await survey(sources);
    const training = { documents: corpus.kept, end: corpus.end };
    if (held !== null) await survey(held.files);
    if (training.documents === 0) throw noText(config.sources, report);
    if (held !== null && corpus.kept === training.documents)
      throw noText(config.split.by === 'file' ? [config.split.path] : config.sources, report);
    if (earlier !== null) return await acceptFinished(folder, earlier, corpus.fingerprint);
    report.report.duplicates = corpus.copies(training.end, config.dedup);
    if (config.dedup) report.report.deduplicated = true;
    const trainingEnd = training.end;
    const { lengths } = report;
    report.report.lengths = lengths.result;
    return await prepareTokens({
      folder,
      config,
      tokenizer,
      corpus,
      trainingEnd,
      reader,
      bytes: lengths.bytes,
      report: report.report,
      progress,
      limits,
      signal,
    });
  } finally {
    corpus.close();
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

/** What decides the tokens beside the documents. */
function wayOf(config: PrepareConfig, tokenizer: ChosenTokenizer): string {
  const { split, invalidUtf8, dedup, shuffle, filters } = config;
  return JSON.stringify({
    format: 1,
    tokenizer: tokenizer.way,
    split: split.by === 'file' || split.by === 'given' ? { by: 'file' } : split,
    invalidUtf8,
    // What asks for nothing is left out, as it was before there was such a choice.
    ...(dedup ? { dedup } : {}),
    ...(shuffle === null ? {} : { shuffle }),
    ...(anyFilter(filters) ? { filters } : {}),
  });
}

/** Says what was found instead of text. */
export function noText(sources: readonly string[], report: ReportBuilder): UserError {
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
