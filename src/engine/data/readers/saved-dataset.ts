/** Folders of Hugging Face's `datasets`, and the names that its files have on the Hub. */
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';

export type DatasetSplit = 'train' | 'validation' | 'test';

const state = z.object({ _data_files: z.array(z.object({ filename: z.string() })) });
const splits = z.object({ splits: z.array(z.string()) });
/** These files are a few hundred bytes, but for one with very many shards. */
const longest = 8 << 20;

/**
 * Which of a folder's files are no data: those that describe a saved dataset, and what it keeps beside its data.
 * Nothing here fails: a folder that only looks like one is read as any other.
 */
export async function besideData(folder: string, names: readonly string[]): Promise<Map<string, string>> {
  const beside = new Map<string, string>();
  const own = names.includes('state.json') ? state.safeParse(await json(join(folder, 'state.json'))).data : undefined;
  if (own !== undefined) {
    const data = new Set(own._data_files.map(({ filename }) => filename));
    for (const name of names)
      if (name === 'state.json' || name === 'dataset_info.json') beside.set(name, '');
      else if (name.endsWith('.arrow') && !data.has(name))
        beside.set(name, 'it is a cache; state.json beside it says which files are the data');
  }
  if (names.includes('dataset_dict.json') && splits.safeParse(await json(join(folder, 'dataset_dict.json'))).success)
    beside.set('dataset_dict.json', '');
  return beside;
}

async function json(path: string): Promise<unknown> {
  try {
    return (await stat(path)).size > longest ? null : JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
}

const splitNames = new Map<string, DatasetSplit>([
  ['train', 'train'],
  ['validation', 'validation'],
  ['valid', 'validation'],
  ['val', 'validation'],
  ['dev', 'validation'],
  ['test', 'test'],
]);

/**
 * The split that a file is of, by where `datasets` puts it: `validation/data-00000-of-00001.arrow` of a saved one, or
 * `validation-00000-of-00001.parquet` of the Hub; null where its name says nothing.
 */
export function splitOfPath(path: string): DatasetSplit | null {
  const name = basename(path);
  const hub = /^([a-z]+)-\d{5}-of-\d{5}(-[0-9a-f]+)?\.[a-z.0-9]+$/.exec(name)?.[1];
  const saved = /^data-\d{5}-of-\d{5}\.arrow$/.test(name) ? basename(dirname(path)) : undefined;
  return splitNames.get(saved ?? hub ?? '') ?? null;
}
