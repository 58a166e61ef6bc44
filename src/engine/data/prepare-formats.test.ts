/** Preparation of what other tools' libraries wrote (`bench/goldens/archives.py`, `tables.py`). */
import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DatasetMeta, PrepareConfig } from '../../shared/dataset.ts';
import { prepareConfig } from '../../shared/dataset.ts';
import { openDataset, prepareDataset, scanSources } from './index.ts';
import { archive, pages, table } from './readers/testing.ts';

let root: string;
let count = 0;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'meander-formats-'));
  await mkdir(join(root, 'in'));
});
afterEach(() => rm(root, { recursive: true }));

const limits = { shardTokens: 200_000, journalBytes: 40_000, window: { size: 4096, limit: 4096 }, threads: 1 };
const config = (part: Partial<PrepareConfig>) =>
  prepareConfig.parse({ name: 'set', sources: [join(root, 'in')], tokenizer: 'bytes', ...part });
const folder = () => join(root, `set-${count++}`);
const never = new AbortController().signal;
async function prepare(part: Partial<PrepareConfig>, at = folder(), signal = never, onProgress = () => {}) {
  return { at, meta: await prepareDataset(at, config(part), { onProgress, signal }, limits) };
}
async function contents(at: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of (await readdir(at)).sort()) {
    const content = await readFile(join(at, name));
    files[name] =
      name === 'dataset.json'
        ? JSON.stringify({ ...(JSON.parse(content.toString()) as DatasetMeta), createdAt: '' })
        : createHash('sha256').update(content).digest('hex');
  }
  return files;
}
async function textOf(at: string, side: 'train' | 'val'): Promise<string> {
  const dataset = await openDataset(at);
  const ids = new Int32Array(dataset[side].count);
  dataset[side].read(0, ids);
  dataset.close();
  return Buffer.from(ids.filter((id) => id < 256)).toString();
}

describe('archives and tables', () => {
  it('end with the same bytes wherever they were interrupted', async () => {
    const archives = ['openwebtext.tar.xz', 'nested.zip', 'streams.txt.bz2', 'pax.tar.bz2'];
    for (const name of archives) await cp(archive(name), join(root, 'in', name));
    for (const name of ['zstd.parquet', 'nested.parquet', 'lz4.arrow', 'stream.arrow'])
      await cp(table(name), join(root, 'in', name));
    const { at: whole, meta } = await prepare({});
    expect(meta.report?.skipped).toEqual([]);
    expect(meta.report?.files.map(({ format, documents }) => [format, documents])).toEqual([
      ['arrow', 60],
      ['parquet', 36],
      ['archive', 41],
      ['archive', 60],
      ['archive', 60],
      ['arrow', 60],
      ['text', undefined],
      ['parquet', 60],
    ]);
    const wanted = await contents(whole);
    for (let step = 1, ended = false, at = folder(); !ended; step++) {
      const stop = new AbortController();
      let reports = 0;
      // Each sitting ends a little later than the one before it, at another place.
      ended = await prepare({}, at, stop.signal, () => {
        if (++reports >= 2 ** step) stop.abort();
      }).then(
        () => true,
        () => false,
      );
      if (ended) expect([step > 3, await contents(at)]).toEqual([true, wanted]);
    }
  });

  it('that are broken cost themselves alone, each by name', async () => {
    const put = (name: string, content: Uint8Array | string) => writeFile(join(root, 'in', name), content);
    const half = async (path: string) => {
      const bytes = await readFile(path);
      return bytes.subarray(0, bytes.length >> 1);
    };
    await put('a.parquet', await half(table('gzip.parquet')));
    await put('b.arrow', 'not Arrow');
    await put('c.zip', await half(archive('deflated.zip')));
    await put('d.tar.xz', (await readFile(archive('ustar.tar.xz'))).subarray(0, 100));
    await put('e.txt', Buffer.alloc(100, 0xee));
    await put('f.txt', '');
    await cp(archive('password.zip'), join(root, 'in/g.zip'));
    await cp(table('no-text.parquet'), join(root, 'in/h.parquet'));
    await cp(archive('hostile.zip'), join(root, 'in/i.zip'));
    const { at, meta } = await prepare({ split: { by: 'tail', fraction: 0.1 } });
    expect((await textOf(at, 'train')) + (await textOf(at, 'val'))).toBe(`${pages(2, 3)[0]}\nfine`);
    expect(meta.report?.skipped.map(({ name }) => name)).toEqual([
      'a.parquet',
      'b.arrow',
      'c.zip',
      'd.tar.xz',
      'e.txt',
      'f.txt',
      'g.zip: secret.txt',
      'h.parquet',
      'i.zip: ../up.txt',
      'i.zip: /root.txt',
      'i.zip: C:\\drive.txt',
    ]);
  });
});

describe("a folder of Hugging Face's datasets", () => {
  it('is its data, in order; what describes it is no document', async () => {
    await cp(table('dataset'), join(root, 'in'), { recursive: true });
    await cp(table('file.arrow'), join(root, 'in/cache-0123.arrow'));
    const { at, meta } = await prepare({ split: { by: 'tail', fraction: 0.1 } });
    expect((await textOf(at, 'train')) + (await textOf(at, 'val'))).toBe(pages(0, 40).join('\n'));
    expect(meta.report?.skipped).toEqual([
      { name: 'cache-0123.arrow', reason: expect.stringMatching(/^it is a cache/) },
    ]);
  });

  it('with splits is trained on one and validated on another', async () => {
    await cp(table('splits'), join(root, 'in'), { recursive: true });
    const scanned = await scanSources([join(root, 'in')]);
    expect([scanned.validation, scanned.fileCount]).toEqual([true, 2]);
    const given = await prepare({ split: { by: 'given' } });
    expect(await textOf(given.at, 'train')).toBe(pages(0, 40).join('\n'));
    expect(await textOf(given.at, 'val')).toBe(pages(40, 50).join('\n'));
    expect(given.meta.report?.skipped).toEqual([
      { name: 'test/data-00000-of-00001.arrow', reason: expect.stringMatching(/^the test split/) },
    ]);
    const { meta } = await prepare({});
    expect(meta.train.documents + meta.val.documents).toBe(40);
    expect(meta.report?.skipped.map(({ name }) => name)).toContain('validation/data-00000-of-00001.arrow');
  });

  it('as the Hub names its files has splits too; without any, none is given', async () => {
    await cp(table('zstd.parquet'), join(root, 'in/train-00000-of-00001.parquet'));
    await cp(table('nested.parquet'), join(root, 'in/validation-00000-of-00001.parquet'));
    const { meta } = await prepare({ split: { by: 'given' } });
    expect([meta.train.documents, meta.val.documents]).toEqual([60, 36]);
    await rm(join(root, 'in/validation-00000-of-00001.parquet'));
    await expect(prepare({ split: { by: 'given' } })).rejects.toMatchObject({ code: 'no-validation-split' });
  });
});
