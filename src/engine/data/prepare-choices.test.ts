/** Threads, copies, filters and order: what a preparation is asked for beside its split and its tokenizer. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PrepareConfig } from '../../shared/dataset.ts';
import { prepareConfig } from '../../shared/dataset.ts';
import { openDataset, prepareDataset } from './index.ts';
import { contents, never } from './testing.ts';
import { randomText } from './tokenizers/testing.ts';

let root: string;
let count = 0;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'meander-choices-'));
  await mkdir(join(root, 'in'));
});
afterEach(() => rm(root, { recursive: true }));

type Choices = Partial<Record<keyof PrepareConfig, unknown>>;
const config = (choices: Choices) => prepareConfig.parse({ name: 'set', sources: [join(root, 'in')], ...choices });
const limits = { shardTokens: 1500, journalBytes: 3000, window: { size: 512, limit: 4096 } };
const folder = () => join(root, `set-${count++}`);
interface How {
  readonly at?: string;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}
async function prepare(
  choices: Choices,
  { at = folder(), threads = 1, signal = never, onProgress = () => {} }: How = {},
) {
  return { at, meta: await prepareDataset(at, config(choices), { onProgress, signal }, { ...limits, threads }) };
}
const put = (name: string, content: string) => writeFile(join(root, 'in', name), content);
const lines = (texts: readonly string[]) => texts.map((text) => `${JSON.stringify({ text })}\n`).join('');
async function texts(at: string) {
  const dataset = await openDataset(at);
  const [train, val] = (['train', 'val'] as const).map((side) => {
    const ids = new Int32Array(dataset[side].count);
    dataset[side].read(0, ids);
    return dataset.tokenizer!.decode(ids);
  });
  dataset.close();
  return { train, val };
}
/** Texts without empty lines or spaces at their ends, so that documents can be told apart again. */
const words = (n: number) => Array.from({ length: n }, (_, i) => `document ${i} ${'word '.repeat(i % 9)}end`);

describe('threads', () => {
  it.each(['gpt2', 'characters'] as const)('change nothing of what is written (%s)', async (tokenizer) => {
    for (let i = 0; i < 6; i++) await put(`${i}.txt`, randomText(i, 200 + 900 * i));
    await put('many.jsonl', lines(words(300)));
    for (const split of [{ by: 'document' }, { by: 'tail' }]) {
      const one = await contents((await prepare({ tokenizer, split })).at);
      expect(await contents((await prepare({ tokenizer, split }, { threads: 2 })).at)).toEqual(one);
    }
  });

  it('may be of another number when a preparation goes on', async () => {
    for (let i = 0; i < 6; i++) await put(`${i}.txt`, randomText(i, 3000));
    const wanted = await contents((await prepare({ tokenizer: 'gpt2' })).at);
    const at = folder();
    for (const [threads, share] of [
      [2, 0.4],
      [1, 0.7],
    ]) {
      const cancel = new AbortController();
      const onProgress = (done: number, total: number) => done > share * total && cancel.abort();
      await expect(
        prepare({ tokenizer: 'gpt2' }, { at, threads, signal: cancel.signal, onProgress }),
      ).rejects.toThrow();
    }
    await prepare({ tokenizer: 'gpt2' }, { at, threads: 2 });
    expect(await contents(at)).toEqual(wanted);
  });
});

describe('copies', () => {
  const tokenizer = 'bytes';
  it('across formats are counted, and left out where that is asked for', async () => {
    await put('a.jsonl', lines(['one', 'two', 'three', 'one']));
    await put('b.txt', 'two');
    await put('c.csv', 'text\nthree\nfour\n');
    const split = { by: 'tail', fraction: 0.2 };
    const kept = await prepare({ tokenizer, split });
    expect(kept.meta.report).toMatchObject({ duplicates: 3 });
    expect(kept.meta.report?.deduplicated).toBeUndefined();
    const { at, meta } = await prepare({ tokenizer, split, dedup: true });
    expect(meta.report).toMatchObject({ duplicates: 3, deduplicated: true });
    const { train, val } = await texts(at);
    expect(train + val).toBe('one\n\ntwo\n\nthree\n\nfour');
    expect(meta.sourceFingerprint).not.toBe(kept.meta.sourceFingerprint);
  });

  it('of what is held out are not trained on', async () => {
    await put('a.jsonl', lines(['one', 'two', 'three']));
    await writeFile(join(root, 'val.jsonl'), lines(['two', 'five', 'two']));
    const { at, meta } = await prepare({
      tokenizer,
      split: { by: 'file', path: join(root, 'val.jsonl') },
      dedup: true,
    });
    expect(await texts(at)).toEqual({ train: 'one\n\nthree', val: 'two\n\nfive' });
    expect([meta.report?.duplicates, meta.train.documents, meta.val.documents]).toEqual([2, 2, 2]);
  });
});

it('filters leave documents out, count each, and are part of what the dataset is', async () => {
  const bad = ['short', `${'very '.repeat(40)}long`, '==== ==== ==== a', 'same line\nsame line\nsame line'];
  const good = words(20).map((text) => `${text} and more`);
  await put('a.jsonl', lines([...bad, ...good]));
  await put('b.txt', 'tiny');
  const filters = { minCharacters: 10, maxCharacters: 150, minLetters: 0.5, maxRepeatedLines: 0.5 };
  const { at, meta } = await prepare({ tokenizer: 'bytes', filters });
  expect(meta.report?.filtered).toEqual({ minCharacters: 2, maxCharacters: 1, minLetters: 1, maxRepeatedLines: 1 });
  expect(meta.report?.skipped).toEqual([{ name: 'b.txt', reason: 'the filters leave nothing of it' }]);
  expect(meta.report?.files.map(({ name, documents }) => [name, documents])).toEqual([['a.jsonl', 20]]);
  const { train, val } = await texts(at);
  expect([...train.split('\n\n'), ...val.split('\n\n')].sort()).toEqual([...good].sort());
  await expect(prepare({ tokenizer: 'bytes' }, { at })).rejects.toMatchObject({ code: 'dataset-exists' });
});

describe('shuffled', () => {
  const all = words(400);
  const ways = (['gpt2', 'bytes'] as const).flatMap((tokenizer) =>
    (['document', 'tail'] as const).map((by) => ({ tokenizer, split: { by, fraction: 0.2 } })),
  );
  const documentsIn = (text: string, tokenizer: string) =>
    tokenizer === 'bytes' ? text.split('\n\n') : text.split(/(?=document)/);

  it.each(ways)('training holds the same documents in another order ($tokenizer, $split.by)', async (way) => {
    await put('a.jsonl', lines(all));
    const plain = await texts((await prepare(way)).at);
    const { at, meta } = await prepare({ ...way, shuffle: 5 });
    const mixed = await texts(at);
    expect(mixed.val).toBe(plain.val);
    const [before, after] = [plain.train, mixed.train].map((text) => documentsIn(text, way.tokenizer));
    expect(after).not.toEqual(before);
    expect([...after].sort()).toEqual([...before].sort());
    expect(meta.train.bytes).toBe(Buffer.byteLength(mixed.train));
    expect(await readdir(at)).not.toContain('ordered-00000.scratch');
    expect((await prepare({ ...way, shuffle: 6 })).meta.fingerprint).not.toBe(meta.fingerprint);
  });

  it.each(ways)('and interrupted anywhere, ends the same ($tokenizer, $split.by)', async (way) => {
    await put('a.jsonl', lines(all));
    const choices = { ...way, shuffle: 5 };
    const wanted = await contents((await prepare(choices)).at);
    const at = folder();
    for (const share of [0.3, 0.7, 0.85, 0.9, 0.95, 0.99]) {
      const onProgress = (done: number, total: number) => {
        if (done > share * total) throw new Error('killed');
      };
      await expect(prepare(choices, { at, onProgress })).rejects.toThrow('killed');
    }
    await prepare(choices, { at });
    expect(await contents(at)).toEqual(wanted);
  });
});
