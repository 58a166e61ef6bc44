import { createHash } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DatasetMeta, PrepareConfig } from '../../shared/dataset.ts';
import { prepareConfig } from '../../shared/dataset.ts';
import { evaluationBlocks, openDataset, prepareDataset, scanSources } from './index.ts';
import type { PrepareLimits } from './prepare-hooks.ts';
import type { Entry } from './readers/testing.ts';
import { tar } from './readers/testing.ts';
import { randomText } from './tokenizers/testing.ts';

/** Makes the durable writes fail from the n-th on, before or after they take effect. */
const faults = vi.hoisted(() => ({
  left: Number.POSITIVE_INFINITY,
  after: false,
  error: new Error('killed') as Error,
}));
vi.mock('../files.ts', async (original) => {
  const files = await original<typeof import('../files.ts')>();
  const failing =
    <A extends unknown[], R>(action: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (--faults.left < 0 && !faults.after) throw faults.error;
      const result = await action(...args);
      if (faults.left < 0) throw faults.error;
      return result;
    };
  return {
    ...files,
    writeFileAtomically: failing(files.writeFileAtomically),
    writeThrough: failing(files.writeThrough),
  };
});

let root: string;
let count = 0;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'meander-prepare-'));
});
afterEach(async () => {
  faults.left = Number.POSITIVE_INFINITY;
  await rm(root, { recursive: true });
});

const limits: PrepareLimits = {
  shardTokens: 700,
  journalBytes: 2000,
  window: { size: 256, limit: 4096 },
  threads: 1,
};
const never = new AbortController().signal;
const quiet = { onProgress() {}, signal: never };

async function put(files: Record<string, string | Uint8Array>) {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
}
const config = (part: Partial<PrepareConfig>) =>
  prepareConfig.parse({ name: 'set', sources: [join(root, 'in')], ...part });
const folder = () => join(root, `set-${count++}`);
const prepare = async (part: Partial<PrepareConfig>, at = folder()) => {
  const meta = await prepareDataset(at, config(part), quiet, limits);
  return { folder: at, meta };
};
/** Everything in a dataset's folder but the time it was made. */
async function contents(at: string) {
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
async function decoded(at: string) {
  const dataset = await openDataset(at);
  const text = (['train', 'val'] as const).map((side) => {
    const ids = new Int32Array(dataset[side].count);
    dataset[side].read(0, ids);
    const bytes = ids.reduce((sum, id) => sum + dataset.tokenizer!.bytes(id).length, 0);
    return { ids, bytes, text: dataset.tokenizer!.decode(ids) };
  });
  dataset.close();
  return { train: text[0], val: text[1] };
}
const fails = (promise: Promise<unknown>, code: string, message: RegExp = /./) =>
  expect(promise).rejects.toMatchObject({ name: 'UserError', code, message: expect.stringMatching(message) });

const corpus = () =>
  Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`in/${i}.txt`, randomText(i, 20 + 60 * i)]));
const ways = (['gpt2', 'characters', 'bytes'] as const).flatMap((tokenizer) =>
  (['document', 'tail', 'file'] as const).map((by) => ({ tokenizer, by })),
);
const splitOf = (by: 'document' | 'tail' | 'file'): PrepareConfig['split'] =>
  by === 'file' ? { by, path: join(root, 'in/3.txt') } : { by, fraction: 0.2 };

describe('preparation', () => {
  it.each(ways)('with $tokenizer, split by $by, keeps the text and describes it', async ({ tokenizer, by }) => {
    await put(corpus());
    const { meta, folder: at } = await prepare({ tokenizer, split: splitOf(by) });
    const { train, val } = await decoded(at);
    expect([train.ids.length, val.ids.length]).toEqual([meta.train.tokens, meta.val.tokens]);
    expect([train.bytes, val.bytes]).toEqual([meta.train.bytes, meta.val.bytes]);
    expect(meta.train.files.length).toBe(Math.ceil(meta.train.tokens / 700));
    if (by === 'document') expect(meta.train.documents + meta.val.documents).toBe(10);
    if (by === 'file') {
      expect(meta.val.documents).toBe(1);
      const whole = Object.values(corpus())[3].toWellFormed();
      if (tokenizer !== 'characters') expect(val.text).toBe(whole);
      expect(train.text).not.toContain(whole);
    }
    if (tokenizer === 'gpt2' && by === 'document') {
      expect(train.ids.filter((id) => id === 50256)).toHaveLength(meta.train.documents);
      expect(train.ids.at(-1)).toBe(50256);
    }
    expect((await readdir(at)).sort()).toEqual(
      ['dataset.json', 'tokenizer.json', 'val.bin', ...meta.train.files.map(({ name }) => name)].sort(),
    );
  });

  it('of one file by tail in characters is what nanoGPT makes of it', async () => {
    const text = 'First Citizen:\nBefore we proceed any further, hear me speak.\n'.repeat(40);
    await put({ 'in/input.txt': text });
    const { folder: at, meta } = await prepare({ tokenizer: 'characters', split: { by: 'tail', fraction: 0.1 } });
    const { train, val } = await decoded(at);
    const n = Math.floor(text.length * 0.9);
    expect(train.text).toBe(text.slice(0, n));
    expect(val.text).toBe(text.slice(n));
    const symbols = [...new Set(text)].sort();
    expect(meta.tokenizer).toEqual({ kind: 'characters', vocabSize: symbols.length, endOfText: null });
    expect(Array.from(train.ids.subarray(0, 20))).toEqual([...text.slice(0, 20)].map((c) => symbols.indexOf(c)));
    expect([meta.train.documents, meta.val.documents]).toEqual([1, 1]);
  });

  it('puts an empty line between documents that have none', async () => {
    await put({ 'in/a.txt': 'aa', 'in/b.txt': 'bb\n', 'in/c.txt': 'cc\n\n\n', 'in/d.txt': '\n', 'in/e.txt': 'ee' });
    for (const tokenizer of ['characters', 'bytes'] as const) {
      const { folder: at } = await prepare({ tokenizer, split: { by: 'tail', fraction: 0.3 } });
      const { train, val } = await decoded(at);
      // The tail's letters are unknown to the characters that come before it.
      const whole = 'aa\n\nbb\n\ncc\n\n\n\n\nee';
      expect(train.text + val.text).toBe(tokenizer === 'bytes' ? whole : whole.slice(0, -2));
    }
  });

  it('leaves characters out that the training text does not hold, and counts them', async () => {
    await put({ 'in/a.txt': 'abc abc abc', 'val.txt': 'aéb🙂c世' });
    const { folder: at, meta } = await prepare({
      tokenizer: 'characters',
      split: { by: 'file', path: join(root, 'val.txt') },
    });
    expect((await decoded(at)).val.text).toBe('abc');
    expect(meta.report?.leftOut).toBe(3);
    expect(meta.val.bytes).toBe(3);
  });

  it('does not depend on the order of files, nor their names, for the split by document', async () => {
    await put(corpus());
    const first = await prepare({ tokenizer: 'bytes', split: splitOf('document') });
    const texts = Object.values(corpus());
    await rm(join(root, 'in'), { recursive: true });
    await put(Object.fromEntries(texts.map((text, i) => [`in/${99 - i}.md`, text])));
    const second = await prepare({ tokenizer: 'bytes', split: splitOf('document') });
    expect(second.meta.val.documents).toBe(first.meta.val.documents);
    const sorted = async (at: string) => (await decoded(at)).val.text.split('').sort().join('');
    expect(await sorted(second.folder)).toBe(await sorted(first.folder));
    expect(second.meta.fingerprint).not.toBe(first.meta.fingerprint);
  });

  it('replaces broken UTF-8 and counts it, or skips the document', async () => {
    const broken = Buffer.concat([
      Buffer.from('fine text before '.repeat(30)),
      Uint8Array.of(0xff),
      Buffer.from(' and after'),
    ]);
    await put({ ...corpus(), 'in/broken.txt': broken });
    const replaced = await prepare({ tokenizer: 'bytes', split: splitOf('tail') });
    expect(replaced.meta.report?.files.find(({ name }) => name === 'broken.txt')?.invalidUtf8).toBe(1);
    const text = await decoded(replaced.folder);
    expect(text.train.text + text.val.text).toContain('before \ufffd and after');
    const skipped = await prepare({ tokenizer: 'bytes', split: splitOf('tail'), invalidUtf8: 'skip' });
    expect(skipped.meta.report?.skipped).toEqual([{ name: 'broken.txt', reason: '1 broken UTF-8 sequences' }]);
  });

  it('finds a NUL that comes late, and counts documents of the same text', async () => {
    await put({ ...corpus(), 'in/late.txt': `${'x '.repeat(2000)}\0`, 'in/twin.txt': randomText(5, 320) });
    const { meta } = await prepare({ tokenizer: 'bytes' });
    expect(meta.report?.skipped).toEqual([{ name: 'late.txt', reason: 'it is no text: byte 4000 is NUL' }]);
    expect(meta.report?.duplicates).toBe(1);
  });

  it('returns what is there when nothing changed, and refuses to replace it when something did', async () => {
    await put(corpus());
    const first = await prepare({ tokenizer: 'gpt2' });
    const before = await contents(first.folder);
    expect((await prepare({ tokenizer: 'gpt2' }, first.folder)).meta).toEqual(first.meta);
    await fails(prepare({ tokenizer: 'bytes' }, first.folder), 'dataset-exists', /set-/);
    await appendFile(join(root, 'in/1.txt'), 'more');
    await fails(prepare({ tokenizer: 'gpt2' }, first.folder), 'dataset-exists');
    expect(await contents(first.folder)).toEqual(before);
  });

  it('reports progress that only goes up and ends whole', async () => {
    await put(corpus());
    const seen: [number, number][] = [];
    await prepareDataset(
      folder(),
      config({ tokenizer: 'characters' }),
      { signal: never, onProgress: (done, total) => void seen.push([done, total]) },
      limits,
    );
    seen.forEach(([done, total], i) => {
      expect(done).toBeGreaterThanOrEqual(i === 0 ? 0 : seen[i - 1][0]);
      expect(done).toBeLessThanOrEqual(total);
    });
    expect(seen.at(-1)?.[0]).toBe(seen.at(-1)?.[1]);
  });
});

describe('an interrupted preparation ends with the bytes of an uninterrupted one', () => {
  it.each(ways)('$tokenizer, $by: cancelled or killed while reading', async ({ tokenizer, by }) => {
    await put(corpus());
    const part = { tokenizer, split: splitOf(by) };
    const wanted = await contents((await prepare(part)).folder);
    let calls = 0;
    await prepareDataset(folder(), config(part), { onProgress: () => void calls++, signal: never }, limits);
    for (let stop = 1; stop <= calls; stop += Math.ceil(calls / 4) | 1) {
      const at = folder();
      const cancel = new AbortController();
      let seen = 0;
      // Odd stops cancel; even ones throw at once, which leaves buffers unwritten, and tear the files.
      const onProgress = () => {
        if (++seen < stop) return;
        if (stop % 2) cancel.abort();
        else throw new Error('killed');
      };
      await expect(prepareDataset(at, config(part), { onProgress, signal: cancel.signal }, limits)).rejects.toThrow();
      expect(await readdir(at)).not.toContain('dataset.json');
      for (const name of await readdir(at)) if (name.endsWith('.bin')) await appendFile(join(at, name), 'torn!');
      expect(JSON.parse(await readFile(join(at, 'preparing.json'), 'utf8')).config).toEqual(config(part));
      await prepare(part, at);
      expect(await contents(at)).toEqual(wanted);
    }
  });

  it.each([
    { by: 'tail', after: false },
    { by: 'tail', after: true },
    { by: 'document', after: true },
  ] as const)('killed at each durable write (by $by, after it: $after)', async ({ by, after }) => {
    await put(Object.fromEntries(Object.entries(corpus()).slice(0, 6)));
    const part = { tokenizer: 'bytes', split: splitOf(by) } as const;
    const wanted = await contents((await prepare(part)).folder);
    for (let writes = 0; ; writes++) {
      const at = folder();
      faults.left = writes;
      faults.after = after;
      const result = await prepare(part, at).catch((error: Error) => error.message);
      const ended = faults.left >= 0;
      faults.left = Number.POSITIVE_INFINITY;
      if (ended) break;
      expect(result).toBe('killed');
      await prepare(part, at);
      expect(await contents(at), `${writes} writes`).toEqual(wanted);
    }
  });

  it('goes on where it was, not from the start', async () => {
    await put({ 'in/long.txt': randomText(1, 20_000), 'in/short.txt': 'short' });
    const at = folder();
    const cancel = new AbortController();
    const onProgress = (done: number, total: number) => {
      if (done > total / 2) cancel.abort();
    };
    const part = { tokenizer: 'gpt2', split: splitOf('tail') } as const;
    await expect(prepareDataset(at, config(part), { onProgress, signal: cancel.signal }, limits)).rejects.toThrow();
    const { position, train } = JSON.parse(await readFile(join(at, 'preparing.json'), 'utf8'));
    expect(position).toBeGreaterThan(20_000);
    expect(train.tokens).toBeGreaterThan(5_000);
    // A mark in what is written already stays, so nothing was written a second time.
    const early = join(at, 'train-00002.bin');
    await writeFile(early, Buffer.alloc(2 * limits.shardTokens));
    await prepare(part, at);
    expect((await readFile(early)).every((byte) => byte === 0)).toBe(true);
  });

  it('starts over when its files are gone, its journal is garbled, or the sources changed', async () => {
    await put(corpus());
    const part = { tokenizer: 'gpt2', split: splitOf('document') } as const;
    const spoil: ((at: string) => Promise<unknown>)[] = [
      (at) => truncate(join(at, 'train-00000.bin'), 3),
      (at) => rm(join(at, 'train-00001.bin')),
      (at) => writeFile(join(at, 'preparing.json'), '{"schema":1,"conf'),
      () => appendFile(join(root, 'in/7.txt'), ' grown'),
    ];
    for (const change of spoil) {
      const at = folder();
      faults.left = 4;
      faults.after = false;
      await expect(prepare(part, at)).rejects.toThrow('killed');
      faults.left = Number.POSITIVE_INFINITY;
      await change(at);
      await prepare(part, at);
      expect(await contents(at)).toEqual(await contents((await prepare(part)).folder));
    }
  });

  it('goes on after the disk was full', async () => {
    await put(corpus());
    const at = folder();
    faults.error = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    faults.left = 3;
    await fails(prepare({ tokenizer: 'bytes' }, at), 'disk-full', /needed/);
    faults.error = new Error('killed');
    faults.left = Number.POSITIVE_INFINITY;
    const { tokens } = JSON.parse(await readFile(join(at, 'preparing.json'), 'utf8')).train;
    expect(tokens).toBeGreaterThan(0);
    await prepare({ tokenizer: 'bytes' }, at);
    expect(await contents(at)).toEqual(await contents((await prepare({ tokenizer: 'bytes' })).folder));
  });
});

describe('records', () => {
  const texts = Array.from({ length: 60 }, (_, i) => randomText(i, 10 + 7 * i).toWellFormed());
  const half = (from: number, to: number) =>
    texts
      .map((text, id) => `${JSON.stringify({ id, text })}\n`)
      .slice(from, to)
      .join('');
  const packed = () => ({
    'in/a.jsonl.gz': gzipSync(half(0, 20)),
    'in/b.jsonl': `${half(20, 40)}not JSON\n{"text":""}\n`,
    'in/c.jsonl.zst': zstdCompressSync(half(40, 48)),
    'in/f.tar': tar(...texts.slice(57).map((text, i): Entry => [`${i}.txt`, text]), ['../x.txt', 'unsafe']),
    'in/d.json': JSON.stringify(texts.slice(48, 54)),
    'in/e.csv.gz': gzipSync(
      `text\n${texts
        .slice(54, 57)
        .map((text) => `"${text.replaceAll('"', '""')}"\n`)
        .join('')}`,
    ),
  });

  it('are documents: the tokens are those of the same texts as files', async () => {
    await put(Object.fromEntries(texts.map((text, i) => [`files/${String(i).padStart(2, '0')}.txt`, text])));
    await put(packed());
    for (const by of ['document', 'tail'] as const) {
      const part = { tokenizer: 'gpt2', split: splitOf(by) } as const;
      const files = await prepare({ ...part, sources: [join(root, 'files')] });
      const records = await prepare(part);
      expect(records.meta.fingerprint).toBe(files.meta.fingerprint);
      expect([records.meta.train, records.meta.val]).toEqual([files.meta.train, files.meta.val]);
      expect(records.meta.report?.skipped).toEqual([
        { name: 'f.tar: ../x.txt', reason: 'its name leads out of the archive' },
      ]);
      expect(records.meta.report?.files).toEqual([
        expect.objectContaining({ name: 'a.jsonl.gz', format: 'jsonl', documents: 20, textField: 'text' }),
        expect.objectContaining({ name: 'b.jsonl', documents: 20, note: expect.stringMatching(/^2 records left out/) }),
        expect.objectContaining({ name: 'c.jsonl.zst', documents: 8, textFieldGuessed: true }),
        expect.objectContaining({ name: 'd.json', format: 'json', documents: 6 }),
        expect.objectContaining({ name: 'e.csv.gz', format: 'csv', documents: 3 }),
        expect.objectContaining({ name: 'f.tar', format: 'archive', documents: 3 }),
      ]);
    }
  });

  it.each(['document', 'tail'] as const)('end with the same bytes wherever it was interrupted (by %s)', async (by) => {
    await put(packed());
    const part = { tokenizer: 'bytes', split: splitOf(by) } as const;
    const wanted = await contents((await prepare(part)).folder);
    for (let writes = 0; ; writes++) {
      const at = folder();
      faults.left = writes;
      faults.after = true;
      await prepare(part, at).catch(() => {});
      const ended = faults.left >= 0;
      faults.left = Number.POSITIVE_INFINITY;
      if (ended) break;
      await prepare(part, at);
      expect(await contents(at), `${writes} writes`).toEqual(wanted);
    }
    expect(count).toBeGreaterThan(8);
  });

  it('of a file that breaks off, or unpacks without end, are kept up to there, or not at all', async () => {
    const whole = gzipSync(half(0, 60));
    await put({
      'in/a.jsonl': half(0, 5),
      'in/b.jsonl.gz': whole.subarray(0, whole.length - 2000),
      'in/c.txt.zst': zstdCompressSync(Buffer.alloc(80 << 20, 'x')),
    });
    const part = { tokenizer: 'bytes', split: splitOf('tail') } as const;
    const { meta, folder: at } = await prepare(part);
    expect(meta.report?.files.map(({ name }) => name)).toEqual(['a.jsonl', 'b.jsonl.gz']);
    expect(meta.report?.skipped).toEqual([
      {
        name: 'b.jsonl.gz',
        reason: expect.stringMatching(/^what comes after document \d+: its gzip stream is broken/),
      },
      { name: 'c.txt.zst', reason: expect.stringMatching(/unpacks to more than 250 times its size/) },
    ]);
    expect((await prepare(part, at)).meta).toEqual(meta);
  });

  it('take the field that is named', async () => {
    await put({ 'in/a.jsonl': '{"text":"no","other":"yes, this"}\n' });
    const { folder: at } = await prepare({ tokenizer: 'bytes', split: splitOf('tail'), textField: 'other' });
    const { train, val } = await decoded(at);
    expect(train.text + val.text).toBe('yes, this');
    await fails(prepare({ textField: 'nothing' }), 'no-text-found', /no text in a field "nothing"; its fields: text/);
  });
});

describe('the report', () => {
  it('lists documents by length, the shortest and the longest by name, records by their line', async () => {
    await put({
      'in/a.txt': 'x'.repeat(700),
      'in/b.jsonl': Array.from({ length: 30 }, (_, i) => `{"text":"${'y'.repeat(i + 1)}"}\n`).join(''),
    });
    const { meta } = await prepare({ tokenizer: 'bytes' });
    const { shortest, longest, histogram } = meta.report?.lengths ?? { shortest: [], longest: [], histogram: [] };
    expect(shortest.map(({ bytes }) => bytes)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(shortest[0].name).toBe('b.jsonl, line 1');
    expect(longest.slice(0, 2)).toEqual([
      { name: 'a.txt', bytes: 700 },
      { name: 'b.jsonl, line 30', bytes: 30 },
    ]);
    expect(histogram).toEqual([1, 2, 4, 8, 15, 0, 0, 0, 0, 1]);
    expect(meta.report?.formats?.map(({ format, files }) => [format, files])).toEqual([
      ['text', 1],
      ['jsonl', 1],
    ]);
  });

  it('of a scan shows how documents begin, with the field that is asked for', async () => {
    await put({ 'in/a.jsonl': '{"text":"the text","title":"the title","n":1}\n{"text":"more","title":"two"}\n' });
    const [guessed] = (await scanSources([join(root, 'in')])).files;
    expect(guessed).toMatchObject({ textField: 'text', textFieldGuessed: true, beginnings: ['the text', 'more'] });
    expect(guessed.textFields).toEqual(['text', 'title']);
    // Many texts before the records do not take their place.
    for (let i = 0; i < 25; i++) await put({ [`in/0 ${i}.txt`]: 'text' });
    const many = (await scanSources([join(root, 'in')])).files;
    expect(many.find(({ format }) => format === 'jsonl')?.beginnings).toEqual(['the text', 'more']);
    expect(many.filter(({ beginnings }) => beginnings !== undefined)).toHaveLength(21);
    const [named] = (await scanSources([join(root, 'in/a.jsonl')], 'title')).files;
    expect(named).toMatchObject({ textField: 'title', textFieldGuessed: false, beginnings: ['the title', 'two'] });
  });
});

describe('bad input', () => {
  it('an empty folder, or one without text, is named with what was skipped', async () => {
    await mkdir(join(root, 'in'));
    await fails(prepare({}), 'no-text-found', /it holds no files/);
    await put({ 'in/a.txt': 'a\0b', 'in/b.xml': '{}', 'in/c.txt': '' });
    await fails(
      prepare({}),
      'no-text-found',
      /b\.xml \(\.xml files.*a\.txt \(it is no text: byte 1 is NUL\).*c\.txt \(it is empty\)/,
    );
    await fails(prepare({ sources: [join(root, 'nowhere')] }), 'source-missing', /nowhere/);
    await fails(prepare({ sources: [join(root, 'in'), join(root, 'gone.txt')] }), 'source-missing', /gone\.txt/);
  });

  it('too little text on a side', async () => {
    await put({ 'in/a.txt': 'a' });
    await fails(prepare({ tokenizer: 'bytes', split: splitOf('tail') }), 'dataset-too-short', /training part has 0/);
    await fails(prepare({ tokenizer: 'bytes' }), 'one-document');
    await put({ 'val.txt': 'v' });
    const split = { by: 'file', path: join(root, 'val.txt') } as const;
    await fails(prepare({ split, tokenizer: 'bytes' }), 'dataset-too-short', /training part has 1 token;/);
    await put({ 'in/a.txt': 'long enough' });
    await fails(prepare({ split, tokenizer: 'bytes' }), 'dataset-too-short', /validation part has 1 token;/);
    await fails(prepare({ split: { by: 'file', path: join(root, 'none.txt') } }), 'source-missing', /none\.txt/);
  });

  it('leaves nothing behind where it would fail again, and never touches what is not its own', async () => {
    await put({ 'in/a.txt': 'a', 'in/b.txt': 'b' });
    const at = folder();
    await fails(
      prepareDataset(at, config({ tokenizer: 'bytes', split: splitOf('tail') }), quiet, limits),
      'dataset-too-short',
    );
    await expect(readdir(at)).rejects.toThrow('ENOENT');
    await mkdir(at);
    await writeFile(join(at, 'log.txt'), 'what happened');
    await fails(
      prepareDataset(at, config({ tokenizer: 'bytes', split: splitOf('tail') }), quiet, limits),
      'dataset-too-short',
    );
    expect(await readdir(at)).toEqual(['log.txt']);
  });

  it('a validation file that is all the text there is', async () => {
    await put({ 'in/a.txt': 'all of it' });
    const split = { by: 'file', path: join(root, 'in/a.txt') } as const;
    await fails(prepare({ split }), 'no-training-text', /a\.txt is all the text there is/);
  });

  it('a folder that cannot be made or holds something else', async () => {
    await put({ ...corpus(), file: 'x', 'other/train.bin': 'tokens' });
    await fails(prepare({}, join(root, 'file/set')), 'not-writable', /file\/set/);
    await fails(prepare({}, join(root, 'other')), 'folder-in-use', /train\.bin/);
  });

  it('a source that changes between the passes', async () => {
    await put(corpus());
    let changed = false;
    const onProgress = (done: number, total: number) => {
      if (changed || done < total * 0.12) return;
      changed = true;
      void appendFile(join(root, 'in/9.txt'), 'x');
    };
    await fails(
      prepareDataset(folder(), config({ tokenizer: 'bytes' }), { onProgress, signal: never }, limits),
      'source-changed',
      /9\.txt/,
    );
  });
});

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
    await fails(openDataset(join(root, 'nowhere')), 'dataset-missing');
  });
});

describe("nanoGPT's token files", () => {
  const bin = (...ids: number[]) => Buffer.from(Uint16Array.from(ids).buffer);

  it('open as they are', async () => {
    await put({ 'in/train.bin': bin(5, 6, 7, 300, 1), 'in/val.bin': bin(1, 2) });
    const dataset = await openDataset(join(root, 'in'));
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
    const foreign = await openDataset(join(root, 'in'));
    expect(foreign.meta.fingerprint).toBe(meta.fingerprint);
    foreign.close();
    expect((await prepare({}, at)).meta).toEqual(meta);
    await writeFile(join(root, 'in/val.bin'), bin(1, 3));
    await fails(prepare({}, at), 'dataset-exists');
    await rm(join(root, 'in'), { recursive: true });
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

  it('take no tokenizer: one that is named would not be used', async () => {
    await put({ 'in/train.bin': bin(40000, 6), 'in/val.bin': bin(1, 2) });
    for (const tokenizer of ['gpt2', 'characters'] as const)
      await fails(prepare({ tokenizer }), 'tokenized-already', new RegExp(`train\\.bin.*"${tokenizer}"`));
  });

  it('of odd length are refused, and opening them again after a cancelled copy works', async () => {
    await put({ 'in/train.bin': Buffer.alloc(5), 'in/val.bin': bin(1, 2) });
    await fails(prepare({}), 'dataset-broken', /5 bytes are no whole number/);
    await fails(openDataset(join(root, 'in')), 'dataset-broken', /train\.bin/);
    await put({ 'in/train.bin': bin(1, 2, 3) });
    const at = folder();
    const cancel = new AbortController();
    const onProgress = () => cancel.abort();
    await expect(prepareDataset(at, config({}), { onProgress, signal: cancel.signal })).rejects.toThrow();
    expect((await prepare({}, at)).meta.train.tokens).toBe(3);
  });
});
