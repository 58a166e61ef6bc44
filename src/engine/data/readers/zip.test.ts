import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archive, pages, readAll, tar } from './testing.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'meander-zip-'));
});
afterEach(() => rm(root, { recursive: true }));

async function read(name: string, content: string | Uint8Array) {
  await writeFile(join(root, name), content);
  return readAll(join(root, name));
}

describe('zip', () => {
  it.each([
    ['deflated.zip', pages(0, 60)],
    ['stored64.zip', pages(0, 9)],
    ['bzip2.zip', pages(0, 3)],
  ] as const)('%s by Python', async (name, wanted) => {
    const { texts, failure, leftOut, places } = await readAll(archive(name));
    expect([texts, failure, leftOut, places[2]]).toEqual([wanted, null, [], '0000002.txt']);
  });

  it('holds archives, and lies in them', async () => {
    const nested = await readAll(archive('nested.zip'));
    expect([nested.texts, nested.failure]).toEqual([pages(0, 41), null]);
    expect(nested.places[20]).toBe('inner.zip, 0000020.txt');
    const inside = tar(['a.txt', 'a'], ['pages.zip', await readFile(archive('deflated.zip'))], ['z.txt', 'z']);
    expect((await read('a.tar.gz', gzipSync(inside))).texts).toEqual(['a', ...pages(0, 60), 'z']);
  });

  it('names entries that are locked, or mean harm, and reads the others', async () => {
    const locked = await readAll(archive('password.zip'));
    expect(locked.texts).toEqual(pages(2, 3));
    expect(locked.leftOut).toEqual(['secret.txt: it is locked with a password; unpack it yourself']);
    const { texts, leftOut } = await readAll(archive('hostile.zip'));
    expect(texts).toEqual(['fine']);
    expect(leftOut).toEqual([
      '../up.txt: its name leads out of the archive',
      '/root.txt: its name is an absolute path',
      'C:\\drive.txt: its name is an absolute path',
    ]);
  });

  it('that is damaged costs the entry, or fails in words', async () => {
    const whole = await readFile(archive('deflated.zip'));
    const cut = await read('a.zip', whole.subarray(0, whole.length - 200));
    expect([cut.code, cut.failure]).toEqual(['source-broken', expect.stringMatching(/^it is no whole zip archive/)]);
    const stored = await readFile(archive('stored64.zip'));
    stored[stored.indexOf('Page 4') + 2] ^= 1;
    const damaged = await read('b.zip', stored);
    expect(damaged.leftOut).toEqual(['0000004.txt: it is damaged: its checksum is wrong']);
    expect(damaged.texts).toHaveLength(8);
    expect((await read('c.zip', 'no zip')).failure).toBe('it is no archive, whatever its name says');
  });
});

describe('bzip2', () => {
  it('leaves the process as it was', async () => {
    const events = ['uncaughtException', 'unhandledRejection'];
    const before = events.map((event) => process.listenerCount(event));
    await readAll(archive('streams.txt.bz2'));
    expect(events.map((event) => process.listenerCount(event))).toEqual(before);
  });

  it('of several streams, in a tar, with long names, is read', async () => {
    const { texts, failure } = await readAll(archive('streams.txt.bz2'));
    expect([texts, failure]).toEqual([[pages(0, 60).join('')], null]);
    const inTar = await readAll(archive('pax.tar.bz2'));
    expect([inTar.texts, inTar.failure]).toEqual([pages(0, 60), null]);
    expect(inTar.places[1]).toBe(`ü/${'a folder with a name that is long/'.repeat(8)}0000001.txt`);
  });

  it('of many blocks and long runs is read', async () => {
    const { texts, failure } = await readAll(archive('blocks.jsonl.bz2'));
    expect(failure).toBeNull();
    expect(texts).toEqual(Array.from({ length: 1500 }, (_, i) => `${(i * 2654435761) % 4294967296} ${'z'.repeat(i)}`));
  });

  it('cut short or damaged is broken, and gives the same every time', async () => {
    const packed = await readFile(archive('blocks.jsonl.bz2'));
    for (const kept of [12, packed.length >> 1, packed.length - 1]) {
      const first = await read('a.jsonl.bz2', packed.subarray(0, kept));
      expect([kept, first.code]).toEqual([kept, 'source-broken']);
      expect((await readAll(join(root, 'a.jsonl.bz2'))).texts).toEqual(first.texts);
    }
    for (const at of [20, packed.length >> 1, packed.length - 3]) {
      const damaged = Buffer.from(packed);
      damaged[at] ^= 0xff;
      expect([at, (await read('b.jsonl.bz2', damaged)).code]).toEqual([at, 'source-broken']);
    }
    expect((await read('c.bz2', Buffer.concat([packed, Buffer.from('rest')]))).failure).toMatch(
      /what follows it is no bzip2/,
    );
  });
});
