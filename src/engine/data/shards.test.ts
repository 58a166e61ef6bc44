import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ShardSource, ShardWriter, shardFiles, trainLayout } from './shards.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meander-shards-'));
});
afterEach(() => rm(folder, { recursive: true }));

const ids = (from: number, to: number) => Int32Array.from({ length: to - from }, (_, i) => (from + i) % 60000);

async function written(dtype: 'uint16' | 'uint32', count: number) {
  const layout = trainLayout(folder, dtype, 1000);
  const writer = (await ShardWriter.open(layout, 0))!;
  for (let at = 0; at < count; at += 333) await writer.write(ids(at, Math.min(at + 333, count)));
  await writer.sync();
  await writer.close();
  return layout;
}

describe.each(['uint16', 'uint32'] as const)('shards of %s', (dtype) => {
  it('read back by range across files', async () => {
    const layout = await written(dtype, 3500);
    const source = new ShardSource(folder, shardFiles(layout, 3500), dtype, 60000);
    expect(source.count).toBe(3500);
    for (const [start, length] of [
      [0, 3500],
      [0, 1],
      [999, 2],
      [1000, 1000],
      [998, 2010],
      [3499, 1],
      [3500, 0],
    ]) {
      const target = new Int32Array(length);
      source.read(start, target);
      expect(target).toEqual(ids(start, start + length));
    }
    for (const [start, length] of [
      [3499, 2],
      [-1, 1],
      [0.5, 1],
      [Number.NaN, 1],
    ])
      expect(() => source.read(start, new Int32Array(length))).toThrow(RangeError);
    source.close();
  });

  it('go on after a kill that left torn and extra files', async () => {
    const layout = await written(dtype, 3500);
    const whole = await Promise.all(shardFiles(layout, 3500).map(({ name }) => readFile(join(folder, name))));
    for (const kept of [0, 1, 999, 1000, 1001, 3000, 3499, 3500]) {
      await appendFile(join(folder, 'train-00003.bin'), Buffer.alloc(7, 255));
      const writer = (await ShardWriter.open(layout, kept))!;
      await writer.write(ids(kept, 3500));
      await writer.sync();
      await writer.close();
      for (const [i, { name }] of shardFiles(layout, 3500).entries())
        expect(await readFile(join(folder, name))).toEqual(whole[i]);
    }
    await truncate(join(folder, 'train-00001.bin'), 10);
    expect(await ShardWriter.open(layout, 3500)).toBeNull();
    expect(await ShardWriter.open(layout, 1000)).not.toBeNull();
    expect(await stat(join(folder, 'train-00001.bin')).catch(() => null)).toBeNull();
  });
});

describe('a source', () => {
  const open = (files: { name: string; tokens: number }[], vocabSize = 10) =>
    new ShardSource(folder, files, 'uint16', vocabSize);
  const broken = expect.objectContaining({ name: 'UserError', code: 'dataset-broken' });

  it('refuses files that are missing, short, long or odd', async () => {
    await writeFile(join(folder, 'a.bin'), Buffer.alloc(20));
    await writeFile(join(folder, 'odd.bin'), Buffer.alloc(21));
    open([{ name: 'a.bin', tokens: 10 }]).close();
    for (const [name, tokens] of [
      ['none.bin', 10],
      ['a.bin', 9],
      ['a.bin', 11],
      ['odd.bin', 10],
      ['odd.bin', 11],
    ] as const)
      expect(() => open([{ name, tokens }])).toThrow(broken);
  });

  it('finds an id past any vocabulary at any place, and takes the largest inside', async () => {
    for (const [dtype, limits] of [
      ['uint16', [1, 2, 257, 0x7fff, 0x8000, 0x8001, 50_257, 65_535, 65_536]],
      ['uint32', [257, 65_537, 200_000]],
    ] as const)
      for (const limit of limits) {
        const made = dtype === 'uint16' ? new Uint16Array(5) : new Uint32Array(5);
        const bytes = Buffer.from(made.fill(limit - 1).buffer);
        await writeFile(join(folder, 'a.bin'), bytes);
        const source = new ShardSource(folder, [{ name: 'a.bin', tokens: 5 }], dtype, limit);
        const target = new Int32Array(5);
        source.read(0, target);
        expect(target).toEqual(new Int32Array(5).fill(limit - 1));
        const largest = dtype === 'uint16' ? 65_535 : 0xffffffff;
        for (const wrong of [limit, largest].filter((id) => id >= limit && id <= largest))
          for (let at = 0; at < 5; at++) {
            const ids = made.fill(0);
            ids[at] = wrong;
            await writeFile(join(folder, 'a.bin'), Buffer.from(ids.buffer));
            expect(() => source.read(0, target)).toThrow(`holds the id ${wrong} at token ${at};`);
          }
        source.close();
      }
  });

  it('refuses ids past the vocabulary and files cut short while open', async () => {
    await writeFile(join(folder, 'a.bin'), Buffer.from(Uint16Array.of(1, 2, 10, 3).buffer));
    const source = open([{ name: 'a.bin', tokens: 4 }]);
    source.read(0, new Int32Array(2));
    expect(() => source.read(1, new Int32Array(2))).toThrow(/id 10 at token 2/);
    await truncate(join(folder, 'a.bin'), 2);
    expect(() => source.read(0, new Int32Array(2))).toThrow(broken);
    source.close();
  });
});
