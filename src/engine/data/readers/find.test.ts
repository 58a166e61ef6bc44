import { link, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scanSources } from '../scan.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'meander-find-'));
});
afterEach(() => rm(root, { recursive: true }));

async function put(files: Record<string, string | Uint8Array>) {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
}
const scan = async (...names: string[]) => {
  const report = await scanSources(names.map((name) => join(root, name)));
  const skipped = Object.fromEntries(report.skipped.map(({ name, reason }) => [name, reason]));
  return { report, names: report.files.map(({ name }) => name), skipped };
};

describe('a folder', () => {
  it('is walked by name; hidden files and other formats are left out', async () => {
    await put({
      'in/b.txt': 'b',
      'in/a/2.md': '# two',
      'in/a/10.txt': 'ten',
      'in/LICENSE': 'no extension',
      'in/.hidden.txt': 'h',
      'in/.git/x.txt': 'h',
      'in/data.xml': '<a/>',
    });
    const { names, skipped, report } = await scan('in');
    expect(names).toEqual(['LICENSE', 'b.txt', 'a/10.txt', 'a/2.md']);
    expect(report.files.map(({ format }) => format)).toEqual(['text', 'text', 'text', 'markdown']);
    expect(report.bytes).toBe(12 + 1 + 3 + 5);
    expect(skipped).toEqual({ 'data.xml': expect.stringMatching(/^\.xml files are not read; \.txt, .* are$/) });
  });

  it('is not left through links, which are followed inside only', async () => {
    await put({ 'in/a.txt': 'a', 'in/deep/b.txt': 'b', 'out/secret.txt': 's', 'in-too/x.txt': 'x' });
    await symlink(join(root, 'out/secret.txt'), join(root, 'in/0-secret.txt'));
    await symlink(join(root, 'in-too'), join(root, 'in/neighbour'));
    await symlink('a.txt', join(root, 'in/0-same.txt'));
    await symlink('..', join(root, 'in/deep/loop'));
    await symlink('self', join(root, 'in/self'));
    await symlink('nowhere', join(root, 'in/broken'));
    const { names, skipped } = await scan('in');
    expect(names).toEqual(['a.txt', 'deep/b.txt']);
    expect(skipped).toEqual({
      '0-secret.txt': 'a symbolic link that leads out of the folder',
      neighbour: 'a symbolic link that leads out of the folder',
      '0-same.txt': 'the same file as a.txt',
      self: 'a symbolic link that leads nowhere (symbolic links in a circle)',
      broken: 'a symbolic link that leads nowhere (it does not exist)',
    });
  });

  it('counts a file once, dropped twice or linked', async () => {
    await put({ 'in/a.txt': 'a', 'in/b.txt': 'b' });
    await link(join(root, 'in/a.txt'), join(root, 'in/c.txt'));
    const { names, skipped } = await scan('in', 'in/b.txt', 'in');
    expect(names).toEqual(['a.txt', 'b.txt']);
    expect(skipped).toEqual({ 'c.txt': 'the same file as a.txt', 'b.txt': 'the same file as b.txt' });
  });
});

describe('a file', () => {
  it('is judged by its content', async () => {
    const latin1 = Buffer.from('déjà vu, '.repeat(50), 'latin1');
    const noise = Uint8Array.from({ length: 5000 }, (_, i) => 128 + ((i * 37) % 128));
    await put({
      'nul.txt': 'text\0binary',
      'noise.txt': noise,
      'utf16.txt': Buffer.from('\ufeffhello', 'utf16le'),
      'utf32.txt': Uint8Array.of(0xff, 0xfe, 0, 0, 65, 0, 0, 0),
      'empty.txt': '',
      'bom.txt': '\ufeff',
      'broken.txt': Buffer.concat([Buffer.from('mostly fine text, '.repeat(10)), Uint8Array.of(0xff, 0xc3)]),
      'chinese.txt': '中文'.repeat(300_000),
      'latin1.txt': latin1,
    });
    const { names, skipped, report } = await scan('.');
    expect(names).toEqual(['broken.txt', 'chinese.txt']);
    expect(report.files.map(({ invalidUtf8 }) => invalidUtf8)).toEqual([2, 0]);
    expect(skipped).toEqual({
      'nul.txt': 'it is no text: byte 4 is NUL',
      'noise.txt': expect.stringMatching(/^it is no UTF-8 text: \d+ broken sequences in 5000 bytes$/),
      'utf16.txt': 'it is UTF-16 (little-endian) text; convert it to UTF-8',
      'utf32.txt': 'it is UTF-32 (little-endian) text; convert it to UTF-8',
      'empty.txt': 'it is empty',
      'bom.txt': 'it is empty',
      'latin1.txt': 'it is no UTF-8 text: 100 broken sequences in 450 bytes',
    });
  });

  it('that is given itself may have any name of a text', async () => {
    await put({ 'main.py': 'print()', 'data.html': 'a,b', 'x.bin': 'text' });
    const { names, skipped } = await scan('main.py', 'data.html', 'x.bin', 'missing.txt');
    expect(names).toEqual(['main.py']);
    expect(Object.values(skipped)).toEqual([
      expect.stringMatching(/^\.html files are not read; /),
      expect.stringMatching(/^\.bin files are not read; /),
      'it does not exist',
    ]);
  });
});

describe('a file of records', () => {
  it('is sampled: its field is guessed, what is left out is said', async () => {
    const line = (record: unknown) => `${JSON.stringify(record)}\n`;
    const long = line({ text: 'x'.repeat(500_000) }).repeat(10);
    await put({
      'in/a.jsonl': `${line({ text: 'a' })}{\n`,
      'in/b.jsonl.gz': gzipSync(line({ body: 'b' })),
      'in/c.jsonl': line({ id: 1 }),
      'in/d.jsonl': `${long}{\n`,
    });
    const { report, skipped } = await scan('in');
    const of = (name: string) => report.files.find((file) => file.name === name);
    expect(of('a.jsonl')).toMatchObject({ format: 'jsonl', documents: 1, textField: 'text', textFieldGuessed: true });
    expect(of('a.jsonl')?.note).toBe('1 record left out; the first, line 2: it is no JSON');
    expect(of('b.jsonl.gz')).toMatchObject({ format: 'jsonl', textField: 'body' });
    expect(of('d.jsonl')).not.toHaveProperty('documents');
    expect(skipped).toEqual({ 'c.jsonl': 'no field of it holds text; its fields: id' });
  });
});

describe("nanoGPT's files", () => {
  it('are taken as they are, without the text beside them', async () => {
    await put({ 'set/train.bin': Buffer.alloc(8), 'set/val.bin': Buffer.alloc(4), 'set/input.txt': 'abcd' });
    const { names, skipped, report } = await scan('set');
    expect(names).toEqual(['train.bin', 'val.bin']);
    expect(report.files[0].format).toBe('tokens');
    expect(skipped).toEqual({ 'input.txt': 'train.bin and val.bin are taken as they are' });
  });

  it('are needed together and whole', async () => {
    await put({ 'a/train.bin': Buffer.alloc(8), 'a/t.txt': 't', 'b/train.bin': Buffer.alloc(7), 'b/val.bin': '' });
    expect((await scan('a')).skipped).toEqual({
      'train.bin': 'token files for training and validation are needed together',
    });
    expect((await scan('b')).skipped).toEqual({
      'train.bin': '7 bytes are no whole number of 2-byte tokens; the file is cut short',
      'val.bin': 'it is empty',
    });
  });
});

it('lists at most 1,000 files and counts all', async () => {
  await put(Object.fromEntries(Array.from({ length: 1005 }, (_, i) => [`${i}.txt`, 'x'])));
  const { report } = await scan('.');
  expect(report.files).toHaveLength(1000);
  expect([report.fileCount, report.bytes, report.skippedCount]).toEqual([1005, 1005, 0]);
});
