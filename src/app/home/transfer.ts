/**
 * The files of a data folder on their way to another. On one file system they are renamed; else they are copied,
 * fsynced, read back and compared, and only when the new folder is in use are the old ones removed. A journal says
 * how far it is: at every moment at least one of the two folders is whole.
 */
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../shared/errors.ts';
import { availableBytes, diskFull, explainFileError, syncFolder } from '../../shared/files.ts';
import { type HomeMove, homeParts } from '../../shared/home.ts';
import { dropMoveJournal, type MoveJournal, readMoveJournal, writeMoveJournal } from './journal.ts';
import { rewritePaths } from './paths.ts';
import { copyTree, listTree, type TreeEntry, treeBytes, treeSignature, verifyTree } from './tree.ts';

/** Left free on the disk after a copy. */
const reserve = 256 * 1024 * 1024;

export interface TransferOptions {
  readonly from: string;
  readonly to: string;
  /** Folder of the settings, which keeps the journal. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly onProgress: (phase: HomeMove['phase'], done: number, total: number) => void;
  /** Makes the new folder the data folder; durable when it returns. */
  readonly use: (home: string) => void;
  /** For tests: renames that fail as between file systems. */
  readonly renamePart?: typeof rename;
}

const staged = ({ to, id }: MoveJournal): string => join(to, `.moving-${id}`);
const doomed = ({ from, id }: MoveJournal, part: string): string => join(from, `.moved-${id}-${part}`);

/** @returns folders that could not be removed. @throws UserError; what `signal` throws when it was cancelled */
export async function transfer(options: TransferOptions): Promise<string[]> {
  const { from, to, folder } = options;
  const parts: MoveJournal['parts'] = [];
  for (const part of homeParts) if (await isThere(join(from, part))) parts.push(part);
  const id = randomBytes(4).toString('hex');
  const journal: MoveJournal = { schema: 1, from, to, parts, id, phase: 'renaming', signature: null };
  await makeRoom(to);
  await writeMoveJournal(folder, journal);
  if (await renameParts(journal, options.renamePart ?? rename)) {
    options.onProgress('switching', 0, 0);
    await switchOver(journal, options, () => renameBack(journal));
    await dropMoveJournal(folder);
    return [];
  }
  const copied: MoveJournal = { ...journal, phase: 'switching', signature: await copyParts(journal, options) };
  options.onProgress('switching', 0, 0);
  await switchOver(copied, options, () => dropCopies(copied));
  options.onProgress('removing', 0, 0);
  const left = await removeOld(copied);
  await dropMoveJournal(folder);
  return left;
}

/** The new folder becomes the data folder; when it cannot, all is as it was. */
async function switchOver(
  journal: MoveJournal,
  { folder, use }: Pick<TransferOptions, 'folder' | 'use'>,
  undo: () => Promise<void>,
): Promise<void> {
  try {
    await writeMoveJournal(folder, journal);
    if (journal.phase === 'switching') await publish(journal);
    await rewritePaths(journal.to, journal.from, journal.to);
    use(journal.to);
  } catch (error) {
    await undo();
    await dropMoveJournal(folder);
    throw await explainFileError(error, journal.to);
  }
  if (journal.phase === 'switching') await writeMoveJournal(folder, { ...journal, phase: 'removing' });
}

/**
 * Ends what a crash cut short: a copy that was not whole is dropped, anything later is carried through. For the start.
 * `home`: the data folder as the settings say.
 * @throws what keeps it from ending, such as a disk that is not there; the journal stays for the next start
 */
export async function endTransfer(
  options: Pick<TransferOptions, 'folder' | 'use'> & { readonly home: string },
): Promise<void> {
  const { folder, use, home } = options;
  const journal = await readMoveJournal(folder);
  if (journal === null) return;
  const { from, to, phase } = journal;
  const copied = phase === 'switching' || phase === 'removing';
  if (phase === 'copying') await rm(staged(journal), { recursive: true, force: true });
  // Something was done in the old folder since: that is the one to keep.
  else if (phase === 'switching' && home !== to && (await signatures(journal)).join(' ') !== journal.signature)
    await dropCopies(journal);
  else {
    if (phase === 'renaming') await forward(journal);
    if (phase === 'switching') await publish(journal);
    await rewritePaths(to, from, to);
    if (home !== to) use(to);
    if (copied) await removeOld(journal);
  }
  await dropMoveJournal(folder);
}

/** Empty folders of an earlier use make room; anything in them does not. */
async function makeRoom(to: string): Promise<void> {
  for (const part of homeParts)
    if (await isThere(join(to, part))) {
      if ((await readdir(join(to, part))).length > 0)
        throw new UserError(
          'home-taken',
          `${join(to, part)} holds something already.`,
          'Choose an empty folder, or use that folder as it is instead of moving.',
        );
      await rmdir(join(to, part));
    }
}

/** False when the folders lie on different file systems: then everything is where it was. */
async function renameParts({ from, to, parts }: MoveJournal, renamePart: typeof rename): Promise<boolean> {
  const gone: string[] = [];
  try {
    for (const part of parts) {
      // A link may be relative, and what it points to stays where it is.
      if ((await lstat(join(from, part))).isSymbolicLink()) throw notMovable(join(from, part));
      await renamePart(join(from, part), join(to, part));
      gone.push(part);
    }
  } catch (error) {
    for (const part of gone) await rename(join(to, part), join(from, part));
    if (error instanceof UserError) throw error;
    // EBUSY: the part is where another file system is mounted; EPERM: Windows, with a file in use.
    if (['EXDEV', 'EBUSY', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw await explainFileError(error, to);
  }
  await syncFolder(to);
  await syncFolder(from);
  return true;
}

/** @returns the state of the old parts that were copied */
async function copyParts(journal: MoveJournal, options: TransferOptions): Promise<string> {
  const { folder, signal, onProgress } = options;
  const { from, to, parts } = journal;
  await writeMoveJournal(folder, { ...journal, phase: 'copying' });
  let total = 0;
  try {
    const trees = new Map<string, TreeEntry[]>();
    for (const part of parts) {
      trees.set(part, await listTree(join(from, part)));
      total += treeBytes(trees.get(part) ?? []);
    }
    const free = await availableBytes(to);
    if (free < total + reserve) throw diskFull(to, total + reserve, free);
    await mkdir(staged(journal));
    const hashes = new Map<string, ReadonlyMap<string, string>>();
    let done = 0;
    const watch = (phase: HomeMove['phase']) => ({
      signal,
      onBytes: (bytes: number) => {
        done += bytes;
        onProgress(phase, done, total);
      },
    });
    for (const [part, tree] of trees)
      hashes.set(part, await copyTree(join(from, part), join(staged(journal), part), tree, watch('copying')));
    done = 0;
    for (const [part, read] of hashes) await verifyTree(join(staged(journal), part), read, watch('verifying'));
    const signature = (await signatures(journal)).join(' ');
    if (signature !== parts.map((part) => treeSignature(trees.get(part) ?? [])).join(' '))
      throw new UserError(
        'home-changed',
        `Files in ${from} changed while they were copied.`,
        'Nothing was moved. End what works there, then move again.',
      );
    await syncFolder(staged(journal));
    signal.throwIfAborted();
    return signature;
  } catch (error) {
    await rm(staged(journal), { recursive: true, force: true }).catch(() => {});
    await dropMoveJournal(folder);
    signal.throwIfAborted();
    throw await explainFileError(error, to, total);
  }
}

/** State of each old part as it is now; '' where it is gone. */
async function signatures({ from, parts }: MoveJournal): Promise<string[]> {
  const found = [];
  for (const part of parts)
    found.push((await isThere(join(from, part))) ? treeSignature(await listTree(join(from, part))) : '');
  return found;
}

/** Copies that are whole take their names. May be called again after a crash. */
async function publish(journal: MoveJournal): Promise<void> {
  for (const part of journal.parts)
    if (await isThere(join(staged(journal), part))) await rename(join(staged(journal), part), join(journal.to, part));
  await syncFolder(journal.to);
  await rm(staged(journal), { recursive: true, force: true });
}

async function dropCopies(journal: MoveJournal): Promise<void> {
  // What is staged still has not taken its name: what has that name is not ours.
  for (const part of journal.parts)
    if (!(await isThere(join(staged(journal), part))))
      await rm(join(journal.to, part), { recursive: true, force: true });
  await rm(staged(journal), { recursive: true, force: true });
}

/** After a crash between two renames: the rest goes over. What was made anew in the old place stays there. */
async function forward({ from, to, parts }: MoveJournal): Promise<void> {
  for (const part of parts)
    if ((await isThere(join(from, part))) && !(await isThere(join(to, part))))
      await rename(join(from, part), join(to, part));
  await syncFolder(to);
}

async function renameBack({ from, to, parts }: MoveJournal): Promise<void> {
  await rewritePaths(to, to, from);
  for (const part of parts) await rename(join(to, part), join(from, part));
}

/**
 * Out of sight first, so that a crash leaves nothing half removed under its name. A part that changed since it was
 * copied stays.
 * @returns what had to stay
 */
async function removeOld(journal: MoveJournal): Promise<string[]> {
  const left = [];
  const copied = (journal.signature ?? '').split(' ');
  const now = await signatures(journal);
  for (const [i, part] of journal.parts.entries()) {
    const [old, hidden] = [join(journal.from, part), doomed(journal, part)];
    try {
      if (now[i] !== '' && now[i] !== copied[i]) left.push(old);
      else if (now[i] !== '') await rename(old, hidden);
      if (await isThere(hidden)) await rm(hidden, { recursive: true });
    } catch {
      left.push((await isThere(hidden)) ? hidden : old);
    }
  }
  return left;
}

const isThere = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );

function notMovable(path: string): UserError {
  return new UserError(
    'not-movable',
    `${path} is a link to another place.`,
    'Move what it points to yourself, and set the link anew; or choose the new folder without moving.',
  );
}
