/** Finds files in what the user gave: folders are walked, links are not followed out of them, a file counts once. */
import type { Stats } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { formatOfName } from './inspect.ts';
import type { FoundFile } from './reader.ts';
import { besideData } from './saved-dataset.ts';

export interface Found {
  readonly files: FoundFile[];
  readonly skipped: { name: string; reason: string }[];
}

interface State extends Found {
  /** Real path, and device and inode, of each file → its name. */
  readonly seen: Map<string, string>;
  readonly folders: Set<string>;
}

/**
 * In the order given, folders by name (code units, so the same on every machine). Hidden files and
 * folders inside a dropped folder are left out silently, and what describes a saved dataset. Nothing here fails: what cannot be read is in `skipped`.
 */
export async function findFiles(sources: readonly string[]): Promise<Found> {
  const state: State = { files: [], skipped: [], seen: new Map(), folders: new Set() };
  for (const source of sources) {
    const given = resolve(source);
    try {
      // What the user gave may itself be a link: that one is followed.
      const root = await realpath(given);
      const info = await stat(root);
      if (info.isDirectory()) await walk(state, root);
      else await addFile(state, root, basename(given), info, true);
    } catch (error) {
      state.skipped.push({ name: given, reason: reasonOf(error) });
    }
  }
  return { files: state.files, skipped: state.skipped };
}

/** Links are looked at last, so that a file is known by its own name and not by a link's. */
async function walk(state: State, root: string): Promise<void> {
  const links: string[] = [];
  await walkFolder(state, root, root, links);
  for (let link = links.shift(); link !== undefined; link = links.shift()) {
    const name = nameIn(root, link);
    try {
      const target = await realpath(link);
      const info = await stat(target);
      if (target !== root && !target.startsWith(root.endsWith(sep) ? root : root + sep))
        state.skipped.push({ name, reason: 'a symbolic link that leads out of the folder' });
      else if (info.isDirectory()) await walkFolder(state, root, target, links);
      else await addFile(state, target, name, info, false);
    } catch (error) {
      state.skipped.push({ name, reason: `a symbolic link that leads nowhere (${reasonOf(error)})` });
    }
  }
}

async function walkFolder(state: State, root: string, folder: string, links: string[]): Promise<void> {
  const pending = [folder];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (state.folders.has(at)) continue;
    state.folders.add(at);
    let entries: string[];
    try {
      entries = (await readdir(at)).sort();
    } catch (error) {
      state.skipped.push({ name: nameIn(root, at), reason: reasonOf(error) });
      continue;
    }
    const inner: string[] = [];
    const beside = await besideData(at, entries);
    for (const entry of entries) {
      if (entry.startsWith('.')) continue;
      const path = join(at, entry);
      const reason = beside.get(entry);
      if (reason !== undefined) {
        if (reason !== '') state.skipped.push({ name: nameIn(root, path), reason });
        continue;
      }
      try {
        const info = await lstat(path);
        if (info.isSymbolicLink()) links.push(path);
        else if (info.isDirectory()) inner.push(path);
        else await addFile(state, path, nameIn(root, path), info, false);
      } catch (error) {
        state.skipped.push({ name: nameIn(root, path), reason: reasonOf(error) });
      }
    }
    pending.push(...inner.reverse());
  }
}

async function addFile(state: State, path: string, name: string, info: Stats, given: boolean): Promise<void> {
  const skip = (reason: string) => void state.skipped.push({ name, reason });
  if (!info.isFile()) return skip('it is no regular file');
  // Hard links share an inode; Windows may report 0 for files that it cannot number.
  const identity = info.ino > 0 && info.nlink > 1 ? `${info.dev}:${info.ino}` : path;
  const first = state.seen.get(path) ?? state.seen.get(identity);
  if (first !== undefined) return skip(`the same file as ${first}`);
  state.seen.set(path, name);
  state.seen.set(identity, name);
  const named = formatOfName(path, given);
  if ('reason' in named) return skip(named.reason);
  state.files.push({ path, name, bytes: info.size, modifiedMs: info.mtimeMs, format: named.format });
}

const nameIn = (root: string, path: string) => relative(root, path).split(sep).join('/') || basename(root);

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'it does not exist';
  if (code === 'EACCES' || code === 'EPERM') return 'no permission to read it';
  if (code === 'ELOOP') return 'symbolic links in a circle';
  return message;
}
