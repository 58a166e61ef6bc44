/**
 * Preparation: sources → token files and dataset.json, in two streaming passes. Everything is written in the
 * dataset's folder; preparing.json says how far it is, dataset.json comes last, and a killed preparation
 * goes on where it was and ends with the same bytes as one that was not.
 */
import { stat } from 'node:fs/promises';
import type { DatasetMeta, PrepareConfig } from '../../shared/dataset.ts';
import { UserError } from '../errors.ts';
import { importTokens } from './import-tokens.ts';
import { claimFolder, discardHopeless } from './prepare-folder.ts';
import type { PrepareHooks, PrepareLimits } from './prepare-hooks.ts';
import { prepareLimits } from './prepare-hooks.ts';
import { noText, prepareText } from './prepare-text.ts';
import { anyFilter } from './quality.ts';
import { ReportBuilder } from './scan.ts';
import { chooseSources } from './sources.ts';

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
  if (tokens !== null) mustAskForNothing(config, tokens.train[0].path);
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

/** Token files are taken as they are, so nothing can be asked of their text. @throws UserError 'tokenized-already' */
function mustAskForNothing({ tokenizer, dedup, shuffle, filters }: PrepareConfig, path: string): void {
  const asked = [
    tokenizer === null ? null : `the tokenizer "${typeof tokenizer === 'string' ? tokenizer : tokenizer.kind}"`,
    dedup ? 'leaving out copies' : null,
    shuffle === null ? null : 'the random order of documents',
    anyFilter(filters) ? 'the filters' : null,
  ].find((choice) => choice !== null);
  if (asked === undefined) return;
  throw new UserError(
    'tokenized-already',
    `${path} holds tokens already, so ${asked} would not be used.`,
    'Leave that out: token files are taken as they are. Or prepare the text that they were made from.',
  );
}
