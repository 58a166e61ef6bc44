import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAll } from './testing.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'meander-jsonl-'));
});
afterEach(() => rm(root, { recursive: true }));

async function read(name: string, content: string | Uint8Array, ...rest: [string?, { size: number; limit: number }?]) {
  const path = join(root, name);
  await writeFile(path, content);
  return readAll(path, rest[0] ?? null, rest[1]);
}
const lines = (...records: unknown[]) => records.map((record) => `${JSON.stringify(record)}\n`).join('');

describe('JSON Lines', () => {
  it('gives each record as a document, whatever its strings hold', async () => {
    const texts = ['one', 'zwei\nlines', '世界 🙂', 'back\\slash "quoted"', ''];
    const { texts: got, places, bytes } = await read('a.jsonl', lines(...texts.map((text, id) => ({ id, text }))));
    expect(got).toEqual(texts);
    expect(places[1]).toBe('line 2');
    expect(bytes).toBeGreaterThan(0);
  });

  it('has no last line feed, a byte-order mark, CRLF, empty lines, or strings alone, and is read', async () => {
    expect((await read('a.ndjson', '\ufeff{"text":"a"}\r\n\r\n{"text":"b"}')).texts).toEqual(['a', 'b']);
    const { texts, fields } = await read('b.jsonl', '"a"\n"b"\n');
    expect(texts).toEqual(['a', 'b']);
    expect(fields).toEqual([null]);
  });

  it('guesses the field, by usual names first and by length then', async () => {
    const url = 'https://example.org/'.repeat(20);
    const of = async (...records: unknown[]) => (await read('a.jsonl', lines(...records))).fields[0];
    expect(await of({ url, text: 'x' })).toMatchObject({ name: 'text', guessed: true });
    expect(await of({ url, Content: 'x', body: 'y' })).toMatchObject({ name: 'Content', guessed: true });
    expect(
      await of({ id: 'a', story: 'once upon' }, { id: 'much longer than that', story: 'a time, and so on' }),
    ).toMatchObject({ name: 'story', guessed: true });
    const named = await read('a.jsonl', lines({ text: 'no', meta: { raw: 'yes' } }), 'meta.raw');
    expect([named.texts, named.fields]).toEqual([['yes'], [{ name: 'meta.raw', guessed: false, all: ['text'] }]]);
    const own = await read('b.jsonl', '{"__proto__":"a","constructor":"longest of all"}\n');
    expect(own.texts).toEqual(['longest of all']);
  });

  it('refuses a file without text, and one without the field that was named', async () => {
    const none = await read('a.jsonl', lines({ id: 1, tags: ['x'] }));
    expect([none.code, none.failure]).toEqual(['no-text-field', 'no field of it holds text; its fields: id, tags']);
    const other = await read('a.jsonl', lines({ text: 'a' }), 'body');
    expect(other.failure).toBe('it has no text in a field "body"; its fields: text');
  });

  it('leaves out what is broken and says where', async () => {
    const content = `${lines({ text: 'a' })}{"text": "b\n[1]\n${lines({ text: null }, { text: 'c' })}{"text":"cut sh`;
    const { texts, leftOut } = await read('a.jsonl', content);
    expect(texts).toEqual(['a', 'c']);
    expect(leftOut).toEqual([
      'line 2: it is no JSON',
      'line 6: it is no JSON',
      'line 3: it has no text in "text"',
      'line 4: it has no text in "text"',
    ]);
  });

  it('counts broken UTF-8 and lone surrogates of a record', async () => {
    const content = Buffer.concat([
      Buffer.from('{"text":"a'),
      Buffer.of(0xff),
      Buffer.from('"}\n{"text":"\\ud800"}\n'),
    ]);
    const { texts, repaired } = await read('a.jsonl', content);
    expect(texts).toEqual(['a\ufffd', '\ufffd']);
    expect(repaired).toBe(2);
  });

  it('does not hold a line that is too long', async () => {
    const long = Buffer.alloc(40 << 20, 0x61);
    const content = Buffer.concat([Buffer.from('{"text":"'), long, Buffer.from('"}\n{"text":"b"}\n')]);
    const { texts, leftOut } = await read('a.jsonl', content);
    expect(texts).toEqual(['b']);
    expect(leftOut).toEqual(['line 1: it is longer than 16 MiB']);
  });

  it('cuts a long record into chunks that can be gone on with', async () => {
    const text = 'déjà vu 🙂 '.repeat(200);
    expect((await read('a.jsonl', lines({ text }), undefined, { size: 64, limit: 256 })).texts).toEqual([text]);
  });
});

describe('gzip and zstd', () => {
  const records = Array.from({ length: 3000 }, (_, i) => ({ text: `document ${i} `.repeat((i * 7) % 50) }));
  const plain = Buffer.from(lines(...records));
  const texts = records.map(({ text }) => text);
  const packers = { gz: zlib.gzipSync, zst: zlib.zstdCompressSync };

  it.each(Object.entries(packers))('.%s of records, of a text, and of several members', async (ending, pack) => {
    expect((await read(`a.jsonl.${ending}`, pack(plain))).texts).toEqual(texts);
    const middle = plain.length >> 1;
    const members = Buffer.concat([pack(plain.subarray(0, middle)), pack(plain.subarray(middle))]);
    expect((await read(`b.jsonl.${ending}`, members)).texts).toEqual(texts);
    const text = await read(`c.txt.${ending}`, pack(Buffer.from('\ufeffhello')));
    expect([text.texts, text.formats]).toEqual([['hello'], ['text']]);
    expect((await read(`d.${ending}`, pack(plain))).formats).toEqual(['jsonl']);
    expect((await read(`e.jsonl.gz.${ending}`, pack(zlib.gzipSync(plain)))).texts).toEqual(texts);
  });

  it('is told by its content, not by its name', async () => {
    expect((await read('a.txt', zlib.gzipSync('hello'))).texts).toEqual(['hello']);
    expect((await read('b.jsonl', zlib.zstdCompressSync(plain))).texts).toEqual(texts);
    expect((await read('c.txt.gz', 'not packed')).texts).toEqual(['not packed']);
    expect((await read('d.gz.gz', zlib.gzipSync(zlib.gzipSync('twice')))).texts).toEqual(['twice']);
  });

  it.each(Object.entries(packers))(
    '.%s that is cut short gives the same documents every time',
    async (ending, pack) => {
      const packed = pack(Buffer.concat([plain, Buffer.from(lines(...randomRecords()))]));
      const path = join(root, `a.jsonl.${ending}`);
      await writeFile(path, packed.subarray(0, packed.length - 1000));
      const first = await readAll(path);
      expect([first.code, first.failure]).toEqual(['source-broken', expect.stringContaining('unexpected end of file')]);
      expect(first.texts.length).toBeGreaterThan(1000);
      for (let i = 0; i < 5; i++) expect((await readAll(path)).texts.length).toBe(first.texts.length);
    },
  );

  it('broken in the middle, or nothing but a head, fails in words', async () => {
    const packed = zlib.gzipSync(Buffer.from(lines(...randomRecords())));
    packed.fill(0xff, packed.length >> 1, (packed.length >> 1) + 40);
    expect((await read('a.jsonl.gz', packed)).code).toBe('source-broken');
    expect((await read('b.gz', Buffer.of(0x1f, 0x8b, 8))).code).toBe('source-broken');
    expect((await read('c.zst', Buffer.of(0x28, 0xb5, 0x2f, 0xfd, 0xff, 0xff))).code).toBe('source-broken');
  });

  it.each(Object.entries(packers))('.%s that unpacks without end is refused', async (ending, pack) => {
    const bomb = await read(`a.txt.${ending}`, pack(Buffer.alloc(80 << 20)));
    expect([bomb.code, bomb.failure]).toEqual([
      'unpacks-too-far',
      expect.stringContaining(`a.txt.${ending} unpacks to`),
    ]);
  });

  it('packed too many times over is refused', async () => {
    let packed: Buffer = Buffer.from('x');
    for (let i = 0; i < 9; i++) packed = zlib.gzipSync(packed);
    expect((await read('a.gz', packed)).failure).toContain('more than 8 times');
  });
});

/** Text that hardly packs, so that a cut falls into it. */
function randomRecords(): { text: string }[] {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state;
  };
  return Array.from({ length: 300 }, () => ({ text: Array.from({ length: 40 }, () => next().toString(36)).join(' ') }));
}
