/** A folder with everything below it: listed, copied byte by byte and compared with its copy. */
import { createHash } from 'node:crypto';
import { link, lstat, mkdir, open, readdir, readlink, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../shared/errors.ts';
import { syncFolder } from '../../shared/files.ts';

export interface TreeEntry {
  /** Relative to the root; '' is the root. */
  readonly path: string;
  readonly kind: 'folder' | 'file' | 'link';
  readonly bytes: number;
  readonly mode: number;
  readonly atime: Date;
  readonly mtime: Date;
  /** Names of one file share it; null for a file with one name. */
  readonly file: string | null;
}

export interface Watch {
  readonly signal: AbortSignal;
  /** Told of bytes as they are done. */
  readonly onBytes: (bytes: number) => void;
}

const chunk = 4 * 1024 * 1024;

/** Everything below `root`, folders before what is in them. @throws UserError for what is no file, folder or link. */
export async function listTree(root: string, path = ''): Promise<TreeEntry[]> {
  const at = join(root, path);
  const info = await lstat(at);
  const common = { path, mode: info.mode & 0o777, atime: info.atime, mtime: info.mtime };
  if (info.isFile()) {
    const file = info.nlink > 1 ? `${info.dev} ${info.ino}` : null;
    return [{ ...common, kind: 'file', bytes: info.size, file }];
  }
  if (info.isSymbolicLink()) return [{ ...common, kind: 'link', bytes: 0, file: null }];
  if (!info.isDirectory())
    throw new UserError('not-movable', `${at} is neither a file nor a folder.`, 'Remove it, then move again.');
  const entries: TreeEntry[] = [{ ...common, kind: 'folder', bytes: 0, file: null }];
  for (const name of (await readdir(at)).sort()) entries.push(...(await listTree(root, join(path, name))));
  return entries;
}

/** Bytes on disk: a file with several names counts once. */
export function treeBytes(entries: readonly TreeEntry[]): number {
  return firstNames(entries).reduce((sum, entry) => sum + entry.bytes, 0);
}

/** What changes when anything below the root is made, removed or written. */
export function treeSignature(entries: readonly TreeEntry[]): string {
  const hash = createHash('sha256');
  for (const { path, kind, bytes, mtime } of entries) {
    // A folder's time changes with sweeps that change nothing; its content is listed anyway.
    hash.update(`${kind} ${bytes} ${kind === 'file' ? mtime.getTime() : ''} ${path}\0`);
  }
  return hash.digest('hex');
}

function firstNames(entries: readonly TreeEntry[]): TreeEntry[] {
  const seen = new Set<string>();
  return entries.filter(({ kind, file }) => {
    if (kind !== 'file') return false;
    if (file === null) return true;
    if (seen.has(file)) return false;
    seen.add(file);
    return true;
  });
}

/**
 * Copies the tree to a folder that is not there yet; names of one file stay names of one file, times stay.
 * Everything is on the disk when it returns.
 * @returns SHA-256 of what was read, by path
 */
export async function copyTree(
  from: string,
  to: string,
  entries: readonly TreeEntry[],
  watch: Watch,
): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  const named = new Map<string, string>();
  for (const { path, kind, file, mode, atime, mtime } of entries) {
    watch.signal.throwIfAborted();
    const target = join(to, path);
    const earlier = file === null ? undefined : named.get(file);
    if (kind === 'folder') await mkdir(target);
    else if (kind === 'link') await symlink(await readlink(join(from, path)), target);
    else if (earlier !== undefined && (await linked(earlier, target))) continue;
    else {
      hashes.set(path, await copyFile(join(from, path), target, mode, watch));
      await utimes(target, atime, mtime);
      if (file !== null) named.set(file, target);
    }
  }
  for (const { path, kind, atime, mtime } of entries.toReversed()) {
    if (kind !== 'folder') continue;
    await syncFolder(join(to, path));
    await utimes(join(to, path), atime, mtime);
  }
  return hashes;
}

/** False where the file system has no hard links. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (['EPERM', 'ENOSYS', 'ENOTSUP', 'EMLINK'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

async function copyFile(from: string, to: string, mode: number, watch: Watch): Promise<string> {
  const hash = createHash('sha256');
  const target = await open(to, 'wx', mode | 0o200);
  try {
    await readChunks(from, watch, async (bytes) => {
      hash.update(bytes);
      await target.writeFile(bytes);
    });
    await target.sync();
  } finally {
    await target.close();
  }
  return hash.digest('hex');
}

/** @throws UserError 'copy-differs' naming the first file that is not what was read. */
export async function verifyTree(root: string, hashes: ReadonlyMap<string, string>, watch: Watch): Promise<void> {
  for (const [path, expected] of hashes) {
    const hash = createHash('sha256');
    await readChunks(join(root, path), watch, async (bytes) => void hash.update(bytes));
    if (hash.digest('hex') !== expected)
      throw new UserError(
        'copy-differs',
        `The copy of ${path} differs from the file: the disk of ${root} gives back other bytes than it was given.`,
        'Nothing was changed. Check that disk, or choose another one.',
      );
  }
}

async function readChunks(path: string, watch: Watch, take: (bytes: Uint8Array) => Promise<void>): Promise<void> {
  const buffer = Buffer.allocUnsafe(chunk);
  const source = await open(path, 'r');
  try {
    for (;;) {
      watch.signal.throwIfAborted();
      const { bytesRead } = await source.read(buffer, 0, chunk, null);
      if (bytesRead === 0) return;
      await take(buffer.subarray(0, bytesRead));
      watch.onBytes(bytesRead);
    }
  } finally {
    await source.close();
  }
}
