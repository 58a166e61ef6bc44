// biome-ignore-all lint/style/noRestrictedImports: for the application and the engine, which both run under Node; the window never imports it.
/** Files that are whole or absent, and errors that a user can act on. */
import { randomBytes } from 'node:crypto';
import { open, rename, rm, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from './errors.ts';

/** Names that start with this are unfinished work: readers ignore them, sweeps remove them. */
export const temporaryPrefix = '.tmp-';

/**
 * Writes a file so that a reader, or a machine that lost power, sees the old content or the new and nothing
 * between: temporary name, fsync, rename, fsync of the folder. The folder must exist.
 * @throws UserError 'disk-full' or 'not-writable'
 */
export async function writeFileAtomically(path: string, data: string | Uint8Array): Promise<void> {
  const unique = randomBytes(4).toString('hex');
  const temporary = join(dirname(path), `${temporaryPrefix}${unique}-${basename(path)}`);
  const write = async (): Promise<void> => {
    try {
      const handle = await open(temporary, 'wx');
      try {
        await handle.writeFile(data);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw error;
    }
    await syncFolder(dirname(path));
  };
  await withFileErrors(path, write, Buffer.byteLength(data));
}

/** Makes a rename or creation in the folder durable. Windows has no such call and needs none. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Bytes that this user can still write to the file system of `path`, which must exist. */
export async function availableBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

/** Runs a file operation; what the system says about space and permission becomes a UserError. */
export async function withFileErrors<T>(
  path: string,
  action: () => Promise<T>,
  needed: number | null = null,
): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw await explainFileError(error, path, needed);
  }
}

/** ENOSPC and EDQUOT become 'disk-full'; EACCES, EPERM and EROFS 'not-writable'; the rest comes back as it is. */
export async function explainFileError(error: unknown, path: string, needed: number | null = null): Promise<unknown> {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    const free = await availableBytes(dirname(path)).catch(() => null);
    return diskFull(path, needed, free, error);
  }
  // Node's recursive mkdir says ENOENT where the file system is read-only.
  const readOnly = code === 'EROFS' || (code === 'ENOENT' && (error as NodeJS.ErrnoException).syscall === 'mkdir');
  if (code === 'EACCES' || code === 'EPERM' || readOnly) {
    const reason = readOnly ? 'the file system is read-only' : 'permission denied';
    return new UserError(
      'not-writable',
      `Cannot write ${path}: ${reason}.`,
      'Give your user write permission to that folder, or choose another one.',
      { cause: error },
    );
  }
  return error;
}

export function diskFull(path: string, needed: number | null, free: number | null, cause?: unknown): UserError {
  const parts = [
    needed === null ? null : `${formatBytes(needed)} needed`,
    free === null ? null : `${formatBytes(free)} free`,
  ].filter((part) => part !== null);
  const detail = parts.length > 0 ? ` (${parts.join(', ')})` : '';
  const next =
    needed === null
      ? 'Make space on that disk, then try again.'
      : `Make at least ${formatBytes(Math.max(needed - (free ?? 0), 1))} of space on that disk, then try again.`;
  return new UserError('disk-full', `The disk is full: cannot write ${path}${detail}.`, next, { cause });
}

/** 1,536,000 → '1.5 MB'. Decimal units, as file managers show them. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
