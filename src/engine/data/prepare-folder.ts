/** A dataset's folder while it is prepared: whose it is, what may go on, and what is swept from it. */
import { mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetMeta, PrepareConfig } from '../../shared/dataset.ts';
import { UserError } from '../errors.ts';
import { explainFileError, temporaryPrefix } from '../files.ts';
import { readMeta } from './dataset.ts';
import type { Journal } from './journal.ts';
import { journalName, newJournal, readJournal, writeJournal } from './journal.ts';

/**
 * Makes the folder ours: a journal stands in it before any token does. Returns the finished dataset that it
 * may hold already.
 */
export async function claimFolder(folder: string, config: PrepareConfig): Promise<DatasetMeta | null> {
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
    if (journal === null || journal === 'unreadable' || !sameConfig(journal.config, config)) {
      // What is of another preparation goes first, so that none of it is ever taken for this one's.
      if (journal !== null) for (const name of await written(folder)) await rm(join(folder, name), { force: true });
      await writeJournal(folder, newJournal(config, null));
    }
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
export async function usableJournal(
  folder: string,
  config: PrepareConfig,
  fingerprint: string,
): Promise<Journal | null> {
  const journal = await readJournal(folder);
  if (journal === null || journal === 'unreadable') return null;
  return sameConfig(journal.config, config) && journal.sourceFingerprint === fingerprint ? journal : null;
}

const sameConfig = (a: PrepareConfig, b: PrepareConfig) => JSON.stringify(a) === JSON.stringify(b);

/** A preparation that would fail the same way again, or has not written a token, leaves nothing to go on with. */
export async function discardHopeless(folder: string, error: UserError, isNew: boolean): Promise<void> {
  const ours = await written(folder).catch(() => []);
  if (!hopeless.has(error.code) && ours.some((name) => name !== tokenizerName)) return;
  for (const name of [...ours, journalName]) await rm(join(folder, name), { force: true });
  await sweepHalfWritten(folder);
  if (isNew) await rmdir(folder).catch(() => {});
}

const hopeless = new Set(['no-text-found', 'no-training-text', 'dataset-too-short', 'one-document', 'dataset-broken']);

const tokenizerName = 'tokenizer.json';

/** Files that a preparation writes beside its journal, before it is finished. */
const written = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name === tokenizerName || isTokens(name));
const isTokens = (name: string) => /^(train|val).*\.bin$|^(ordered|document).*\.scratch$/.test(name);

/** Removes all tokens that a preparation wrote, and what it noted of them, so that it can start over. */
export async function discardTokens(folder: string): Promise<void> {
  for (const name of await written(folder)) if (isTokens(name)) await rm(join(folder, name), { force: true });
}

/** Removes what kills left of files that were being written under a temporary name. */
export async function sweepHalfWritten(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => []))
    if (name.startsWith(temporaryPrefix)) await rm(join(folder, name), { force: true });
}
