/** For tests of preparations: a folder with sources in it, small limits, and what became of them. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, expect } from 'vitest';
import type { DatasetMeta, PrepareConfig } from '../../shared/dataset.ts';
import { prepareConfig } from '../../shared/dataset.ts';
import { openDataset, prepareDataset } from './index.ts';
import type { PrepareLimits } from './prepare-hooks.ts';
import type { Entry } from './readers/testing.ts';
import { tar } from './readers/testing.ts';
import { randomText } from './tokenizers/testing.ts';

export const limits: PrepareLimits = {
  shardTokens: 700,
  journalBytes: 2000,
  window: { size: 256, limit: 4096 },
  threads: 1,
};
export const never = new AbortController().signal;

/** A folder of its own for every test; sources are in `in/`. */
export function workplace() {
  let root = '';
  let count = 0;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'meander-prepare-'));
  });
  afterEach(() => rm(root, { recursive: true }));
  /** A path in it. */
  const at = (name: string) => join(root, name);
  const put = async (files: Record<string, string | Uint8Array>) => {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(at(name)), { recursive: true });
      await writeFile(at(name), content);
    }
  };
  const config = (part: Partial<PrepareConfig>) => prepareConfig.parse({ name: 'set', sources: [at('in')], ...part });
  /** One that is not there yet. */
  const folder = () => at(`set-${count++}`);
  const prepare = async (part: Partial<PrepareConfig>, into = folder()) => {
    const meta = await prepareDataset(into, config(part), { onProgress() {}, signal: never }, limits);
    return { folder: into, meta };
  };
  const splitOf = (by: 'document' | 'tail' | 'file'): PrepareConfig['split'] =>
    by === 'file' ? { by, path: at('in/3.txt') } : { by, fraction: 0.2 };
  return { at, put, config, folder, prepare, splitOf };
}

export const corpus = () =>
  Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`in/${i}.txt`, randomText(i, 20 + 60 * i)]));

/** Texts, and the same as records: packed in several ways, in this order, with some that are none among them. */
export const recordTexts = Array.from({ length: 60 }, (_, i) => randomText(i, 10 + 7 * i).toWellFormed());
export const jsonLines = (from: number, to: number) =>
  recordTexts
    .map((text, id) => `${JSON.stringify({ id, text })}\n`)
    .slice(from, to)
    .join('');
const csvRows = (texts: readonly string[]) => texts.map((text) => `"${text.replaceAll('"', '""')}"\n`).join('');
export const packedRecords = () => ({
  'in/a.jsonl.gz': gzipSync(jsonLines(0, 20)),
  'in/b.jsonl': `${jsonLines(20, 40)}not JSON\n{"text":""}\n`,
  'in/c.jsonl.zst': zstdCompressSync(jsonLines(40, 48)),
  'in/f.tar': tar(...recordTexts.slice(57).map((text, i): Entry => [`${i}.txt`, text]), ['../x.txt', 'unsafe']),
  'in/d.json': JSON.stringify(recordTexts.slice(48, 54)),
  'in/e.csv.gz': gzipSync(`text\n${csvRows(recordTexts.slice(54, 57))}`),
});

/** Everything in a dataset's folder but the time it was made. */
export async function contents(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of (await readdir(folder)).sort()) {
    const content = await readFile(join(folder, name));
    files[name] =
      name === 'dataset.json'
        ? JSON.stringify({ ...(JSON.parse(content.toString()) as DatasetMeta), createdAt: '' })
        : createHash('sha256').update(content).digest('hex');
  }
  return files;
}

/** Both parts of a dataset: ids, the bytes of text behind them, and the text. */
export async function decoded(folder: string) {
  const dataset = await openDataset(folder);
  const [train, val] = (['train', 'val'] as const).map((side) => {
    const ids = new Int32Array(dataset[side].count);
    dataset[side].read(0, ids);
    const bytes = ids.reduce((sum, id) => sum + dataset.tokenizer!.bytes(id).length, 0);
    return { ids, bytes, text: dataset.tokenizer!.decode(ids) };
  });
  dataset.close();
  return { train, val };
}

export const fails = (promise: Promise<unknown>, code: string, message: RegExp = /./) =>
  expect(promise).rejects.toMatchObject({ name: 'UserError', code, message: expect.stringMatching(message) });
