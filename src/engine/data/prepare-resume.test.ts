/** Preparations that are cancelled, killed or out of disk, and go on. */
import { appendFile, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { prepareDataset } from './index.ts';
import { contents, corpus, fails, limits, never, packedRecords, workplace } from './testing.ts';
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

afterEach(() => {
  faults.left = Number.POSITIVE_INFINITY;
});

const { at: inside, put, config, folder, prepare, splitOf } = workplace();
const ways = (['gpt2', 'characters', 'bytes'] as const).flatMap((tokenizer) =>
  (['document', 'tail', 'file'] as const).map((by) => ({ tokenizer, by })),
);

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
      () => appendFile(inside('in/7.txt'), ' grown'),
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

  it('leaves nothing of an earlier one that asked for something else, nor of files half written', async () => {
    await put({
      ...corpus(),
      'ids/train.bin': Buffer.from([1, 0, 2, 0, 3, 0]),
      'ids/val.bin': Buffer.from([1, 0, 2, 0]),
    });
    const first = { tokenizer: 'bytes', shuffle: 1, split: splitOf('document') } as const;
    const others = [{ ...first, shuffle: null }, { sources: [inside('ids')] }];
    for (const other of others) {
      const at = folder();
      const onProgress = (done: number, total: number) => {
        if (done > 0.95 * total) throw new Error('killed');
      };
      await expect(prepareDataset(at, config(first), { onProgress, signal: never }, limits)).rejects.toThrow('killed');
      expect(await readdir(at)).toContain('ordered-00000.scratch');
      await writeFile(join(at, 'tokenizer.json'), '{}');
      await writeFile(join(at, '.tmp-1234-preparing.json'), '{"schema":');
      await prepare(other, at);
      expect(await contents(at)).toEqual(await contents((await prepare(other)).folder));
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

  it.each(['document', 'tail'] as const)('records packed in several ways (by %s)', async (by) => {
    await put(packedRecords());
    const part = { tokenizer: 'bytes', split: splitOf(by) } as const;
    const wanted = await contents((await prepare(part)).folder);
    let writes = 0;
    for (; ; writes++) {
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
    expect(writes).toBeGreaterThan(6);
  });
});
