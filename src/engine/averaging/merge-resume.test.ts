import { cpSync, existsSync } from 'node:fs';
import { cp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryFolder } from '../checkpoint/fixture.ts';
import { writeSafetensors } from '../checkpoint/safetensors.ts';
import { type MergeOptions, mergeInto } from './merge.ts';

let root: string;
let inputs: string[];
let targets: { target: string; members: number[] }[];
beforeEach(async () => {
  root = await temporaryFolder();
  inputs = [0, 1, 2].map((i) => join(root, `m${i}.safetensors`));
  for (const [i, path] of inputs.entries())
    await writeSafetensors(
      path,
      ['a', 'b', 'c', 'd'].map((name, j) => {
        const data = Float32Array.from({ length: 1000 }, (_, x) => Math.sin(x + 10 * i + 100 * j));
        return { name, dtype: 'F32', shape: [10, 100], chunks: [new Uint8Array(data.buffer)] };
      }),
      {},
    );
  targets = [1, 2].map((end) => ({ target: join(root, 'out', `step-${end}`), members: [end - 1, end] }));
});
afterEach(() => rm(root, { recursive: true }));

const temporary = (i: number) => join(root, 'out', `.tmp-step-${i}`);
const weights = (i: number) => readFile(join(root, 'out', `step-${i}`, 'model.safetensors'));
const merge = (options: MergeOptions = {}) => mergeInto(inputs, targets, { hashes: false, ...options });
async function firstStep(): Promise<number> {
  const seen: number[] = [];
  await merge({ onProgress: (done) => seen.push(done) });
  return seen[0];
}

test('outputs go on behind what is finished in all of them, with the same bits', async () => {
  await merge();
  const expected = [await weights(1), await weights(2)];
  await rm(join(root, 'out'), { recursive: true });
  await seedPartial();
  // Two tensors of three inputs are counted at once, and not read.
  expect(await firstStep()).toBe(2 * 3 * 4000);
  expect([await weights(1), await weights(2)]).toEqual(expected);
  expect(await readdir(join(root, 'out'))).toEqual(['step-1', 'step-2']);
});

/** Temporary folders as a kill at the first read of the third tensor leaves them: two are finished in both outputs. */
async function seedPartial(): Promise<void> {
  const out = join(root, 'out');
  const kept = join(root, 'kept');
  await merge({
    onProgress: (done) => {
      if (done > 2 * 3 * 4000 && !existsSync(kept)) cpSync(out, kept, { recursive: true });
    },
  });
  await rm(out, { recursive: true });
  await rename(kept, out);
}

test('a tensor that was changed since is written again, and so is everything behind it', async () => {
  await merge();
  const expected = await weights(2);
  await rm(join(root, 'out'), { recursive: true });
  await seedPartial();
  const path = join(temporary(2), 'model.safetensors');
  const bytes = await readFile(path);
  // In the second tensor.
  const head = Number(bytes.readBigUInt64LE(0)) + 8;
  bytes[head + 4000 + 17] ^= 1;
  await writeFile(path, bytes);
  // One tensor is counted at once.
  expect(await firstStep()).toBe(3 * 4000);
  expect(await weights(2)).toEqual(expected);
});

test('a shorter file, another recipe and other inputs begin again', async () => {
  await seedPartial();
  const saved = join(root, 'saved');
  await cp(join(root, 'out'), saved, { recursive: true });
  const restore = async () => {
    await rm(join(root, 'out'), { recursive: true });
    await cp(saved, join(root, 'out'), { recursive: true });
  };
  await truncate(join(temporary(1), 'model.safetensors'), 10);
  expect(await firstStep()).toBe(4000);
  await restore();
  const seen: number[] = [];
  await merge({ method: { kind: 'ema', beta: 0.5 }, onProgress: (done) => seen.push(done) });
  expect(seen[0]).toBe(4000);
  await restore();
  await cp(inputs[1], inputs[0]);
  expect(await firstStep()).toBe(4000);
});

test('an error leaves nothing behind', async () => {
  const onProgress = () => {
    throw new Error('ended');
  };
  await expect(merge({ onProgress })).rejects.toThrow('ended');
  expect(await readdir(join(root, 'out'))).toEqual([]);
});
