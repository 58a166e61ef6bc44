import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pages, readAll, table, tar } from './testing.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'meander-arrow-'));
});
afterEach(() => rm(root, { recursive: true }));

async function read(name: string, content: string | Uint8Array, textField: string | null = null) {
  await writeFile(join(root, name), content);
  return readAll(join(root, name), textField);
}

describe('Arrow by pyarrow', () => {
  it.each(['file.arrow', 'lz4.arrow', 'zstd.arrow', 'stream.arrow', 'table.feather'])('%s', async (name) => {
    const { texts, places, fields, formats, failure, leftOut } = await readAll(table(name));
    expect([texts, failure, leftOut]).toEqual([pages(0, 60), null, []]);
    expect([formats, fields, places[59]]).toEqual([
      ['arrow'],
      [{ name: 'text', guessed: true, all: ['url', 'text'] }],
      'row 60',
    ]);
  });

  it.each(['large', 'dictionary', 'view', 'binary'])('texts as %s', async (name) => {
    const all = pages(0, 9);
    const { texts, failure, leftOut } = await readAll(table(`${name}.arrow`));
    expect([texts, failure]).toEqual([
      Array.from({ length: 30 }, (_, i) => (i % 7 === 6 ? [] : all[i % 9])).flat(),
      null,
    ]);
    expect(leftOut).toEqual([7, 14, 21, 28].map((row) => `row ${row}: it has no text in "text"`));
  });

  it('in a struct, and the column that is named', async () => {
    const all = pages(0, 30);
    const { texts, leftOut, fields } = await readAll(table('nested.arrow'));
    expect(texts).toEqual(Array.from({ length: 60 }, (_, i) => (i % 5 < 3 ? all[i >> 1] : [])).flat());
    expect([leftOut.length, fields[0]?.name]).toEqual([24, 'doc.body']);
    expect((await readAll(table('stream.arrow'), 'url')).texts[7]).toBe('https://example.org/7');
  });

  it('without text, of the first Feather, or cut short, is refused in words', async () => {
    const none = await readAll(table('no-text.arrow'));
    expect([none.code, none.failure]).toEqual(['no-text-field', 'no field of it holds text; its fields: id, tags']);
    expect((await readAll(table('first-version.feather'))).failure).toMatch(
      /^it is a Feather file of the first version/,
    );
    for (const name of ['file.arrow', 'stream.arrow', 'zstd.arrow']) {
      const whole = await readFile(table(name));
      const cut = await read('a.arrow', whole.subarray(0, Math.round(whole.length * 0.6)));
      expect([name, cut.failure]).toEqual([name, 'it ends early']);
      expect(cut.texts).toEqual(pages(0, cut.texts.length));
    }
  });

  it('is told by its content, packed or not', async () => {
    const stream = await readFile(table('stream.arrow'));
    const file = await readFile(table('file.arrow'));
    expect((await read('a.txt', stream)).texts).toEqual(pages(0, 60));
    expect((await read('b.arrow.gz', gzipSync(file))).texts).toEqual(pages(0, 60));
    const { texts } = await read('c.tar', tar(['a.txt', 'a'], ['data.arrow', file], ['b.txt', 'b']));
    expect(texts).toEqual(['a', ...pages(0, 60), 'b']);
    expect((await read('d.arrow', 'no arrow')).failure).toBe('it is no arrow file, whatever its name says');
  });

  it('that lies about its sizes is refused before memory is taken', async () => {
    const packed = await readFile(table('zstd.arrow'));
    const at = packed.lastIndexOf(Buffer.of(0x28, 0xb5, 0x2f, 0xfd));
    const said = packed.readBigInt64LE(at - 8);
    const lying = Buffer.from(packed);
    for (const [length, reason] of [
      [said - 1n, /unpack|larger|length/],
      [said + 1n, /another length/],
      [1n << 40n, /unpacks to more than 256 MiB/],
      [-5n, /lies about its buffers/],
    ] as const) {
      lying.writeBigInt64LE(length, at - 8);
      expect((await read('a.arrow', lying)).failure).toMatch(reason);
    }
  });

  it('whose metadata lists without end is refused at once', async () => {
    const bytes = await readFile(table('large.arrow'));
    // Where the schema says its fields are: at a number of hundreds of millions now.
    bytes[44] = 0x1a;
    expect((await read('a.arrow', bytes)).failure).toBe('its metadata lies about how much it lists');
    const { texts, code } = await read('b.arrow', Buffer.concat([bytes.subarray(0, 24), Buffer.alloc(200, 0x7f)]));
    expect([texts, code]).toEqual([[], 'source-broken']);
  });
});
