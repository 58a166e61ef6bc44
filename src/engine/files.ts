/** Durable writes: a temporary name, fsync, rename, fsync of the folder; and errors that a user can act on. */
import type { FileHandle } from 'node:fs/promises';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { availableBytes, diskFull, syncFolder, temporaryPrefix, withFileErrors } from '../shared/files.ts';

export {
  availableBytes,
  explainFileError,
  formatBytes,
  syncFolder,
  temporaryPrefix,
  withFileErrors,
  writeFileAtomically,
} from '../shared/files.ts';

/** The temporary name beside `target`, on the same file system. */
export function temporaryPath(target: string): string {
  return join(dirname(target), temporaryPrefix + basename(target));
}

export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Lets `write` fill a file under its temporary name, then fsyncs it and renames it into place.
 * The temporary file is removed when anything fails.
 * @param needed bytes that the file will take, for the message about a full disk
 */
export async function writeThrough<T>(
  path: string,
  write: (handle: FileHandle) => Promise<T>,
  needed: number | null = null,
): Promise<T> {
  const temporary = temporaryPath(path);
  return withFileErrors(
    path,
    async () => {
      try {
        const handle = await open(temporary, 'w');
        let result: T;
        try {
          result = await write(handle);
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(temporary, path);
        await syncFolder(dirname(path));
        return result;
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => {});
        throw error;
      }
    },
    needed,
  );
}

/**
 * Puts a finished temporary folder in the place of `target`. An old folder is moved aside first and
 * removed last; a crash in between leaves the complete new one under its temporary name.
 * The files inside must be fsynced already.
 */
export async function replaceFolderAtomically(temporary: string, target: string): Promise<void> {
  const aside = join(dirname(target), `${temporaryPrefix}old-${basename(target)}`);
  await withFileErrors(target, async () => {
    await syncFolder(temporary);
    await rm(aside, { recursive: true, force: true });
    await rename(target, aside).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await rename(temporary, target);
    await syncFolder(dirname(target));
    await rm(aside, { recursive: true, force: true });
  });
}

/**
 * Checks before a long write that it will fit.
 * @throws UserError 'disk-full' with the bytes needed and free
 */
export async function ensureSpace(folder: string, needed: number): Promise<void> {
  const free = await withFileErrors(folder, () => availableBytes(folder));
  if (free < needed) throw diskFull(folder, needed, free);
}
