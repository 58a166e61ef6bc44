/** Paths that files of runs and datasets name inside the data folder, written anew for another one. */
import { join, sep } from 'node:path';
import { writeFileAtomically } from '../../shared/files.ts';
import { homeParts } from '../../shared/home.ts';
import { originFolder } from '../../shared/origin.ts';
import { folderNames, readIfThere } from '../folders.ts';

/** Rewrites run.json and preparing.json below `root` wherever they name a path in the parts of `from`. */
export async function rewritePaths(root: string, from: string, to: string): Promise<void> {
  for (const run of await folderNames(join(root, 'runs'))) {
    await rewrite(join(root, 'runs', run, 'run.json'), from, to);
    await rewrite(join(root, 'runs', run, originFolder, 'run.json'), from, to);
  }
  for (const dataset of await folderNames(join(root, 'datasets')))
    await rewrite(join(root, 'datasets', dataset, 'preparing.json'), from, to);
}

async function rewrite(path: string, from: string, to: string): Promise<void> {
  const text = await readIfThere(path);
  if (text === null) return;
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // Broken already: it stays as it is, for whoever repairs it.
    return;
  }
  const changed = { any: false };
  const next = moved(content, from, to, changed);
  if (changed.any) await writeFileAtomically(path, `${JSON.stringify(next, null, 2)}\n`);
}

function moved(value: unknown, from: string, to: string, changed: { any: boolean }): unknown {
  if (typeof value === 'string') {
    const part = homeParts.map((name) => join(from, name)).find((folder) => value.startsWith(`${folder}${sep}`));
    if (part === undefined) return value;
    changed.any = true;
    return join(to, value.slice(from.length));
  }
  if (Array.isArray(value)) return value.map((item) => moved(item, from, to, changed));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, moved(item, from, to, changed)]));
}
