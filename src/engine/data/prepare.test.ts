/** What a preparation makes of texts. */
import { appendFile, readdir, rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { prepareDataset } from './index.ts';
import { contents, corpus, decoded, fails, limits, never, workplace } from './testing.ts';
import { randomText } from './tokenizers/testing.ts';

const { at: inside, put, config, folder, prepare, splitOf } = workplace();
const ways = (['gpt2', 'characters', 'bytes'] as const).flatMap((tokenizer) =>
  (['document', 'tail', 'file'] as const).map((by) => ({ tokenizer, by })),
);

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
      split: { by: 'file', path: inside('val.txt') },
    });
    expect((await decoded(at)).val.text).toBe('abc');
    expect(meta.report?.leftOut).toBe(3);
    expect(meta.val.bytes).toBe(3);
  });

  it('does not depend on the order of files, nor their names, for the split by document', async () => {
    await put(corpus());
    const first = await prepare({ tokenizer: 'bytes', split: splitOf('document') });
    const texts = Object.values(corpus());
    await rm(inside('in'), { recursive: true });
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
    await appendFile(inside('in/1.txt'), 'more');
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
