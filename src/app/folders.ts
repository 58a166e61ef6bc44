/** Small things about folders that both libraries need. */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder, withFileErrors } from '../shared/files.ts';

/** Names of the folders in a folder, hidden ones left out; none where it does not exist. */
export async function folderNames(parent: string): Promise<string[]> {
  try {
    const entries = await readdir(parent, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => entry.name)
      .sort((a, b) => a.localeCompare(b));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Content of a file, or null where there is none. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Bytes of all files below a folder. Files that go away meanwhile count nothing; links are not followed. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await folderBytes(path);
    else if (entry.isFile())
      bytes += await stat(path).then(
        (s) => s.size,
        () => 0,
      );
  }
  return bytes;
}

/** Renames the folder out of sight first, so that no one sees it half deleted. */
export async function removeFolder(parent: string, name: string): Promise<void> {
  const doomed = join(parent, `.deleted-${randomBytes(4).toString('hex')}`);
  await rename(join(parent, name), doomed);
  await rm(doomed, { recursive: true, force: true });
}

/**
 * Makes `name` in `parent`, out of sight until `fill` has filled it; what `fill` throws leaves nothing behind.
 * @returns false when there is something of that name already
 */
export async function makeFolder(
  parent: string,
  name: string,
  fill: (folder: string) => Promise<void>,
): Promise<boolean> {
  const target = join(parent, name);
  if (await exists(target)) return false;
  const draft = join(parent, `.new-${randomBytes(4).toString('hex')}`);
  await withFileErrors(target, () => mkdir(draft, { recursive: true }));
  try {
    await fill(draft);
    await rename(draft, target);
    await syncFolder(parent);
    return true;
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Another one of that name was quicker: no folder is renamed over one that holds something.
    const { code } = error as NodeJS.ErrnoException;
    if (['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(code ?? '') && (await exists(target))) return false;
    throw error;
  }
}

/** Finishes deletions that a crash cut short, and removes folders that it left half made. For the start. */
export async function sweepUnfinished(parent: string): Promise<void> {
  const entries = await readdir(parent).catch(() => [] as string[]);
  for (const entry of entries)
    if (/^\.(deleted|new)-[0-9a-f]{8}$/.test(entry)) await rm(join(parent, entry), { recursive: true, force: true });
}
