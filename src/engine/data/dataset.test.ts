/** Opening datasets, and token files of nanoGPT as they are. */
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DatasetMeta } from '../../shared/dataset.ts';
import { documentFilters } from '../../shared/dataset.ts';
import { evaluationBlocks, openDataset, prepareDataset } from './index.ts';
import { corpus, fails, workplace } from './testing.ts';

const { at: inside, put, config, folder, prepare } = workplace();
describe('openDataset', () => {
  const change = async (at: string, edit: (meta: DatasetMeta) => void) => {
    const meta = JSON.parse(await readFile(join(at, 'dataset.json'), 'utf8')) as DatasetMeta;
    edit(meta);
    await writeFile(join(at, 'dataset.json'), JSON.stringify(meta));
  };

  it('refuses folders that lie', async () => {
    await put(corpus());
    const lies: ((meta: DatasetMeta) => void)[] = [
      (meta) => {
        meta.train.tokens++;
      },
      (meta) => {
        meta.train.tokens++;
        meta.train.files.at(-1)!.tokens++;
      },
      (meta) => {
        meta.val.files[0].name = '../val.bin';
      },
      (meta) => {
        meta.dtype = 'uint32';
      },
      (meta) => {
        meta.tokenizer.vocabSize = 300;
      },
      (meta) => {
        meta.tokenizer.kind = 'characters';
      },
      (meta) => {
        (meta as { schema: number }).schema = 2;
      },
    ];
    for (const lie of lies) {
      const { folder: at } = await prepare({ tokenizer: 'bytes' });
      await change(at, lie);
      await fails(openDataset(at), 'dataset-broken', /set-/);
    }
    const { folder: at } = await prepare({ tokenizer: 'bytes' });
    await truncate(join(at, 'val.bin'), 3);
    await fails(openDataset(at), 'dataset-broken', /val\.bin has 3 bytes/);
    await writeFile(join(at, 'dataset.json'), '{');
    await fails(openDataset(at), 'dataset-broken', /dataset\.json/);
    await fails(openDataset(inside('nowhere')), 'dataset-missing');
  });
});

describe("nanoGPT's token files", () => {
  const bin = (...ids: number[]) => Buffer.from(Uint16Array.from(ids).buffer);

  it('open as they are', async () => {
    await put({ 'in/train.bin': bin(5, 6, 7, 300, 1), 'in/val.bin': bin(1, 2) });
    const dataset = await openDataset(inside('in'));
    expect(dataset.meta.tokenizer).toEqual({ kind: 'unknown', vocabSize: 301, endOfText: null });
    expect(dataset.tokenizer).toBeNull();
    expect([dataset.train.count, dataset.val.count]).toEqual([5, 2]);
    const ids = new Int32Array(3);
    dataset.train.read(1, ids);
    expect(Array.from(ids)).toEqual([6, 7, 300]);
    expect(evaluationBlocks(dataset.val, 1, 5)).toEqual([0]);
    dataset.close();
  });

  it('are copied by a preparation, with the same fingerprint', async () => {
    await put({ 'in/train.bin': bin(5, 6, 50256, 1), 'in/val.bin': bin(1, 2), 'in/input.txt': 'text' });
    const { folder: at, meta } = await prepare({});
    expect(meta.tokenizer).toEqual({ kind: 'gpt2', vocabSize: 50257, endOfText: 50256 });
    expect(meta.report?.files.map(({ format }) => format)).toEqual(['tokens', 'tokens']);
    expect((await readdir(at)).sort()).toEqual(['dataset.json', 'tokenizer.json', 'train.bin', 'val.bin']);
    const foreign = await openDataset(inside('in'));
    expect(foreign.meta.fingerprint).toBe(meta.fingerprint);
    foreign.close();
    expect((await prepare({}, at)).meta).toEqual(meta);
    await writeFile(inside('in/val.bin'), bin(1, 3));
    await fails(prepare({}, at), 'dataset-exists');
    await rm(inside('in'), { recursive: true });
    const own = await openDataset(at);
    expect(own.tokenizer?.kind).toBe('gpt2');
    own.close();
  });

  it('without an end of text are GPT-2 only when the ids reach far', async () => {
    await put({ 'in/train.bin': bin(40000, 6), 'in/val.bin': bin(1, 2) });
    expect((await prepare({})).meta.tokenizer.kind).toBe('gpt2');
    await put({ 'in/train.bin': bin(64, 6) });
    expect((await prepare({})).meta.tokenizer).toMatchObject({ kind: 'unknown', vocabSize: 65 });
  });

  it('take no choices: they would not be used', async () => {
    await put({ 'in/train.bin': bin(40000, 6), 'in/val.bin': bin(1, 2) });
    for (const tokenizer of ['gpt2', 'characters'] as const)
      await fails(prepare({ tokenizer }), 'tokenized-already', new RegExp(`train\\.bin.*"${tokenizer}"`));
    await fails(prepare({ dedup: true }), 'tokenized-already', /leaving out copies/);
    await fails(prepare({ shuffle: 0 }), 'tokenized-already', /random order/);
    const filters = documentFilters.parse({ maxCharacters: 3 });
    await fails(prepare({ filters }), 'tokenized-already', /the filters/);
  });

  it('of odd length are refused, and opening them again after a cancelled copy works', async () => {
    await put({ 'in/train.bin': Buffer.alloc(5), 'in/val.bin': bin(1, 2) });
    await fails(prepare({}), 'dataset-broken', /5 bytes are no whole number/);
    await fails(openDataset(inside('in')), 'dataset-broken', /train\.bin/);
    await put({ 'in/train.bin': bin(1, 2, 3) });
    const at = folder();
    const cancel = new AbortController();
    const onProgress = () => cancel.abort();
    await expect(prepareDataset(at, config({}), { onProgress, signal: cancel.signal })).rejects.toThrow();
    expect((await prepare({}, at)).meta.train.tokens).toBe(3);
  });
});
