/**
 * One writer per run folder: a file with the process's id and start time. A lock whose process is gone, or whose
 * id now belongs to another process, is stale and taken over.
 */
import { open, readFile, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isAlive, type LockContent, lockFile, ownLock, parseLock } from '../../shared/process-lock.ts';
import { UserError } from '../errors.ts';
import { temporaryPrefix, withFileErrors } from '../files.ts';

/** A lock without content this young is being written right now. In milliseconds. */
const birth = 5_000;

/**
 * Takes the lock of a folder, or throws.
 * @returns a function that gives it back
 * @throws UserError 'run-in-use' naming the process that holds it
 */
export async function takeLock(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, lockFile);
  const mine = await ownLock();
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await createExclusively(path, mine)) return async () => release(path, mine);
    await removeStale(folder, path);
  }
  throw inUse(folder, null);
}

async function createExclusively(path: string, content: string): Promise<boolean> {
  return withFileErrors(path, async () => {
    try {
      const handle = await open(path, 'wx');
      try {
        await handle.writeFile(content);
        await handle.sync();
      } finally {
        await handle.close();
      }
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  });
}

async function removeStale(folder: string, path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return;
  const content = parseLock(text);
  if (content && (await isAlive(content))) throw inUse(folder, content);
  if (!content && (await age(path)) < birth) throw inUse(folder, null);
  // Only the holder of a second file may remove a lock that is not its own, and only the one that it judged: of
  // many that saw the same stale lock, none removes the new one that another has just made.
  const guard = join(folder, `${temporaryPrefix}lock`);
  if (await createExclusively(guard, '')) {
    try {
      if ((await readFile(path, 'utf8').catch(() => null)) === text) await rm(path, { force: true });
    } finally {
      await rm(guard, { force: true });
    }
  } else if ((await age(guard)) > birth) await rm(guard, { force: true });
  else await setTimeout(20);
}

/** Milliseconds since a file was written; 0 when it is gone. */
async function age(path: string): Promise<number> {
  const written = await stat(path).catch(() => null);
  return written ? Date.now() - written.mtimeMs : 0;
}

async function release(path: string, mine: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => null)) === mine) await rm(path, { force: true });
}

function inUse(folder: string, holder: LockContent | null): UserError {
  const elsewhere = holder && holder.host !== hostname() ? ` on ${holder.host}` : '';
  const who = holder ? `process ${holder.pid}${elsewhere}` : 'another process';
  return new UserError(
    'run-in-use',
    `${folder} is in use by ${who}.`,
    elsewhere
      ? `Stop the run there. If that machine is gone, delete the file ${join(folder, lockFile)}.`
      : 'Stop the run there first, or wait until it ends.',
  );
}
