import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import zlib, { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { archive, pages, readAll, tar } from './testing.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'meander-tar-'));
});
afterEach(() => rm(root, { recursive: true }));

async function read(name: string, content: string | Uint8Array) {
  await writeFile(join(root, name), content);
  return readAll(join(root, name));
}

describe('what Python wrote', () => {
  it("is read as OpenWebText's: texts in tars in xz, in a tar in xz", async () => {
    const { texts, places, failure, leftOut, formats } = await readAll(archive('openwebtext.tar.xz'));
    expect([texts, failure, leftOut]).toEqual([pages(0, 60), null, []]);
    expect(places[21]).toBe('openwebtext/urlsf_subset01-1_data.xz, 0000021.txt');
    expect(new Set(formats)).toEqual(new Set(['archive', 'text']));
  });

  it.each(['gnu.tar.gz', 'ustar.tar.xz'])('%s', async (name) => {
    const { texts, failure, leftOut, places } = await readAll(archive(name));
    expect([texts, failure, leftOut]).toEqual([pages(0, 60), null, []]);
    if (name === 'gnu.tar.gz') expect(places[1]).toBe(`${'a folder with a name that is long/'.repeat(8)}0000001.txt`);
  });

  it('in xz of several streams, with padding', async () => {
    const { texts, failure } = await readAll(archive('streams.txt.xz'));
    expect([texts, failure]).toEqual([[pages(0, 60).join('')], null]);
  });

  it('with a check that is not known is refused by name', async () => {
    const { failure } = await readAll(archive('sha256.txt.xz'));
    expect(failure).toMatch(/^its xz stream is broken: it uses a filter or a check that is not read here/);
  });
});

describe('tar', () => {
  it('holds files of every kind, and each is what its name says', async () => {
    const bytes = tar(
      ['a.jsonl.gz', gzipSync('{"text":"one"}\n{"text":"two"}\n')],
      ['.hidden/x.txt', 'no'],
      ['b.csv', 'body,n\nthree,1\n'],
      ['c.png', 'no'],
      [`${'long/'.repeat(60)}d.md`, '# four'],
      ['e.txt', ''],
    );
    const { texts, leftOut, formats } = await read('a.tar', bytes);
    expect(texts).toEqual(['one', 'two', 'three', '# four', '']);
    expect(leftOut).toEqual([expect.stringMatching(/^c\.png: \.png files are not read/)]);
    expect(formats).toEqual(['archive', 'jsonl', 'csv', 'markdown', 'text']);
    expect((await read('named.txt', bytes)).texts).toEqual(texts);
  });

  it('of the system’s own tar and xz is read', async () => {
    await writeFile(join(root, 'x.txt'), 'by tar');
    execFileSync('tar', ['-cf', 'x.tar', 'x.txt'], { cwd: root });
    expect((await readAll(join(root, 'x.tar'))).texts).toEqual(['by tar']);
  });

  it('names entries that mean harm, and goes on', async () => {
    const { texts, leftOut } = await read(
      'a.tar',
      tar(
        ['../../etc/cron.d/x.txt', 'a'],
        ['/etc/passwd', 'b'],
        ['C:\\x.txt', 'c'],
        ['a\u001b[2J.txt', 'd'],
        ['link.txt', '', 'SymbolicLink'],
        ['fine.txt', 'fine'],
      ),
    );
    expect(texts).toEqual(['fine']);
    expect(leftOut).toEqual([
      '../../etc/cron.d/x.txt: its name leads out of the archive',
      '/etc/passwd: its name is an absolute path',
      'C:\\x.txt: its name is an absolute path',
      'a\ufffd[2J.txt: its name holds control characters',
      'link.txt: it is a link or no regular file',
    ]);
  });

  it('that breaks gives what comes before; an entry that is broken costs itself alone', async () => {
    const good = tar(['a.txt', 'a'], ['b.txt', 'b'.repeat(2000)]);
    const cut = await read('a.tar', good.subarray(0, 512 * 2));
    expect([cut.texts, cut.failure]).toEqual([['a'], 'its tar ends early']);
    const damaged = Buffer.from(good);
    damaged[1024 + 20] ^= 1;
    const { texts, failure } = await read('b.tar', damaged);
    expect([texts, failure]).toEqual([['a'], 'entry 2 of its tar is damaged: its checksum is wrong']);
    const packed = gzipSync('{"text":"x"}\n'.repeat(1000));
    const inner = await read('c.tar', tar(['x.jsonl.gz', packed.subarray(0, 30)], ['y.txt', 'y']));
    expect(inner.texts.at(-1)).toBe('y');
    expect(inner.leftOut).toEqual([expect.stringMatching(/^x\.jsonl\.gz: its gzip stream is broken/)]);
    expect((await read('d.tar', 'no tar')).failure).toBe('it is no archive, whatever its name says');
  });

  it('with a bomb inside is refused whole', async () => {
    const bomb = zlib.zstdCompressSync(Buffer.alloc(80 << 20));
    const { code } = await read('a.tar', tar(['a.txt', 'a'], ['bomb.txt.zst', bomb]));
    expect(code).toBe('unpacks-too-far');
  });
});

describe('xz', () => {
  it('cut short anywhere is broken, and gives the same every time', async () => {
    const packed = await readFile(archive('ustar.tar.xz'));
    for (const kept of [Math.round(packed.length / 2), packed.length - 30, packed.length - 1]) {
      const first = await read('a.tar.xz', packed.subarray(0, kept));
      expect([kept, first.code]).toEqual([kept, 'source-broken']);
      expect((await readAll(join(root, 'a.tar.xz'))).texts).toEqual(first.texts);
    }
    const damaged = Buffer.from(packed);
    damaged[packed.length >> 1] ^= 0xff;
    expect((await read('b.tar.xz', damaged)).code).toBe('source-broken');
    expect((await read('c.txt.xz', packed.subarray(0, 6))).failure).toMatch(/unexpected end of file/);
    expect((await readAll(archive('openwebtext.tar.xz'))).texts).toHaveLength(60);
  });

  it('that unpacks without end is refused, unless that is allowed', async () => {
    expect((await readAll(archive('runs.txt.xz'))).code).toBe('unpacks-too-far');
    const { texts, failure } = await readAll(archive('runs.txt.xz'), null, undefined, 10_000);
    expect([texts[0].length, failure]).toEqual([66 << 20, null]);
  });

  it('that is left in its middle harms nothing beside it', async () => {
    const [whole, other] = await Promise.all(
      ['openwebtext.tar.xz', 'ustar.tar.xz'].map((name) => readFile(archive(name))),
    );
    const bytes = tar(['a.csv.xz', await readFile(archive('streams.txt.xz'))], ['b.xz', other], ['c.tar.xz', whole]);
    const { texts, failure } = await read('a.tar', bytes);
    expect(failure).toBeNull();
    expect(texts.slice(-120)).toEqual([...pages(0, 60), ...pages(0, 60)]);
  });
});
