import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pages, readAll, table, tar } from './testing.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'meander-parquet-'));
});
afterEach(() => rm(root, { recursive: true }));

async function read(name: string, content: string | Uint8Array, textField: string | null = null) {
  await writeFile(join(root, name), content);
  return readAll(join(root, name), textField);
}

describe('parquet by pyarrow', () => {
  it.each([
    'none',
    'snappy',
    'gzip',
    'zstd',
    'brotli',
    'lz4',
    'pages-v2',
    'delta-length-byte-array',
    'delta-byte-array',
  ])('%s', async (name) => {
    const { texts, places, fields, formats, failure, leftOut, bytes } = await readAll(table(`${name}.parquet`));
    expect([texts, failure, leftOut]).toEqual([pages(0, 60), null, []]);
    expect([formats, fields, places[59]]).toEqual([
      ['parquet'],
      [{ name: 'text', guessed: true, all: ['url', 'text'] }],
      'row 60',
    ]);
    expect(bytes).toBeGreaterThan(0);
  });

  it('takes the column that is named, and one in a struct by its path', async () => {
    const urls = await readAll(table('zstd.parquet'), 'url');
    expect([urls.texts[59], urls.fields]).toEqual([
      'https://example.org/59',
      [{ name: 'url', guessed: false, all: ['url', 'text'] }],
    ]);
    const all = pages(0, 30);
    const wanted = Array.from({ length: 60 }, (_, i) => (i % 5 < 3 ? all[i >> 1] : [])).flat();
    for (const field of [null, 'doc.body']) {
      const { texts, leftOut, fields } = await readAll(table('nested.parquet'), field);
      expect([texts, fields[0]?.name]).toEqual([wanted, 'doc.body']);
      expect([leftOut.length, leftOut[0]]).toEqual([24, 'row 4: it has no text in "doc.body"']);
    }
    expect((await readAll(table('bytes.parquet'))).texts).toEqual(pages(0, 3));
  });

  it('without text, or without the column that is named, is refused with its columns', async () => {
    const none = await readAll(table('no-text.parquet'));
    expect([none.code, none.failure]).toEqual(['no-text-field', 'no field of it holds text; its fields: id']);
    const other = await readAll(table('zstd.parquet'), 'body');
    expect(other.failure).toBe('it has no text in a field "body"; its fields: id, url, text');
    expect((await readAll(table('empty.parquet'))).texts).toEqual([]);
  });

  it('is told by its content, packed or not', async () => {
    const parquet = await readFile(table('zstd.parquet'));
    expect((await read('a.txt', parquet)).texts).toEqual(pages(0, 60));
    expect((await read('a.parquet.gz', gzipSync(parquet))).texts).toEqual(pages(0, 60));
    const { texts, places } = await read('a.tar', tar(['x/b.parquet', parquet], ['c.txt', 'c']));
    expect([texts, places[3]]).toEqual([[...pages(0, 60), 'c'], 'x/b.parquet, row 4']);
    expect((await read('d.parquet', 'PAR1 is only how it begins')).failure).toMatch(/^it is no parquet file/);
  });

  it('that is cut short, damaged or encrypted fails in words', async () => {
    const parquet = await readFile(table('none.parquet'));
    const cut = await read('a.parquet', parquet.subarray(0, parquet.length >> 1));
    expect([cut.code, cut.failure]).toEqual(['source-broken', expect.stringMatching(/^it is no whole parquet file/)]);
    const sealed = Buffer.concat([Buffer.from('PARE\0\0\0\0'), Buffer.alloc(8), Buffer.from('PARE')]);
    expect((await read('b.parquet', sealed)).failure).toBe('it is an encrypted parquet file');
    const long = Buffer.from(parquet);
    long.writeUInt32LE(0xfffffff0, long.length - 8);
    expect((await read('c.parquet', long)).failure).toMatch(/exceeds available buffer/);
  });
});
