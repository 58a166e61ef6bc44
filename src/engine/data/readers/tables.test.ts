import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAll } from './testing.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'meander-tables-'));
});
afterEach(() => rm(root, { recursive: true }));

async function read(name: string, content: string | Uint8Array, textField: string | null = null) {
  await writeFile(join(root, name), content);
  return readAll(join(root, name), textField);
}

describe('JSON', () => {
  const texts = Array.from({ length: 2000 }, (_, i) => `${i} é🙂世 "quoted"\n`.repeat(i % 40));

  it('gives the elements of an array of objects or of texts', async () => {
    const records = texts.map((text, id) => ({ id, nested: { list: [1, { text: 'not this' }] }, text }));
    const pretty = await read('a.json', `\ufeff ${JSON.stringify(records, null, 2)}\n`);
    expect([pretty.failure, pretty.texts]).toEqual([null, texts]);
    expect(pretty.places[1]).toBe('element 2');
    expect((await read('b.json.gz', gzipSync(JSON.stringify(texts)))).texts).toEqual(texts);
    expect((await read('c.json', '[]')).texts).toEqual([]);
  });

  it('is JSON Lines where it is that', async () => {
    const { texts: got, formats } = await read('a.json', '{"text":"a"}\n{"text":"b"}\n');
    expect([got, formats]).toEqual([['a', 'b'], ['jsonl']]);
    expect((await read('b.json', '{"data":[{"text":"a"}]}')).failure).toBe(
      'no field of it holds text; its fields: data',
    );
  });

  it('gives what comes before it breaks, and says so', async () => {
    const cut = await read('a.json', '[{"text":"a"},{"text":"b"},{"te');
    expect([cut.texts, cut.code, cut.failure]).toEqual([
      ['a', 'b'],
      'source-broken',
      'it is no whole JSON: it ends early',
    ]);
    const wrong = await read('b.json', '[{"text":"a"},nonsense]');
    expect([wrong.texts, wrong.code]).toEqual([['a'], 'source-broken']);
    const own = await read('c.json', '[{"__proto__":{"text":"x"},"text":"y"}]');
    expect([own.texts, Object.hasOwn(Object.prototype, 'text')]).toEqual([['y'], false]);
  });

  it('counts broken UTF-8 for the element that it is in', async () => {
    const path = join(root, 'a.json');
    const part = (text: string) => Buffer.from(text, 'latin1');
    await writeFile(path, Buffer.concat([part('["a","b\xff\xe4\xb8","c"'), part(',"\xf0\x9f\x99\x82"]')]));
    const { texts: got, repaired } = await readAll(path);
    expect([got, repaired]).toEqual([['a', 'b\ufffd\ufffd', 'c', '🙂'], 2]);
  });

  it('does not hold an element that is too long', async () => {
    const long = Buffer.concat([Buffer.from('["a","'), Buffer.alloc(20 << 20, 0x61), Buffer.from('"]')]);
    const { texts: got, failure } = await read('a.json', long);
    expect([got, failure]).toEqual([['a'], 'element 2 is longer than 16 MiB']);
  });
});

describe('CSV and TSV', () => {
  it('give rows, by the names of the first', async () => {
    const table = '\ufeffid,text,url\r\n1,"two\nlines, ""quoted""",u\r\n\r\n2,déjà\r\n3,x,u,more\r\n';
    const { texts, places, fields } = await read('a.csv', table);
    expect(texts).toEqual(['two\nlines, "quoted"', 'déjà', 'x']);
    expect([places[0], fields]).toEqual(['row 2', [{ name: 'text', guessed: true, all: ['id', 'text', 'url'] }]]);
    const tabs = await read('b.tsv', 'label\tsentence\n1\ta, b "c" d\n0\tshort\n');
    expect([tabs.texts, tabs.fields[0]?.name]).toEqual([['a, b "c" d', 'short'], 'sentence']);
    expect((await read('c.csv.gz', gzipSync(table), 'url')).texts).toEqual(['u', 'u']);
    expect((await read('d.csv', '__proto__,constructor\na,bb\n')).texts).toEqual(['bb']);
  });

  it('of many rows are read whole, in order', async () => {
    const texts = Array.from({ length: 20_000 }, (_, i) => `row ${i} `.repeat(1 + (i % 9)));
    const { texts: got } = await read('a.csv', `text,n\n${texts.map((text, i) => `"${text}",${i}\n`).join('')}`);
    expect(got).toEqual(texts);
  });

  it('that break give what comes before', async () => {
    const open = await read('a.csv', 'text\nfine\n"never closed\n');
    expect([open.texts, open.code]).toEqual([['fine'], 'source-broken']);
    const empty = await read('b.csv', 'text\n');
    expect([empty.texts, empty.failure]).toEqual([[], null]);
    const long = await read('c.csv', Buffer.concat([Buffer.from('text\nfine\n'), Buffer.alloc(18 << 20, 0x61)]));
    expect([long.texts, long.code]).toEqual([['fine'], 'source-broken']);
  });
});
