/** Offline merges against numpy, bit by bit (bench/goldens/merges.py). */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MergeOptions, type MergeTarget, mergeInto, type PlainMethod } from '../averaging/index.ts';
import { temporaryFolder } from '../checkpoint/fixture.ts';
import { SafetensorsReader, writeSafetensors } from '../checkpoint/safetensors.ts';
import { bits, group, readTensors } from './fixture.ts';

const golden = readTensors('merges');
let root: string;
let inputs: string[];
beforeAll(async () => {
  root = await temporaryFolder();
  inputs = [0, 1, 2, 3].map((i) => join(root, `m${i}.safetensors`));
  for (const [i, path] of inputs.entries())
    await writeSafetensors(
      path,
      [...group(golden, `m${i}`)].map(([name, { shape, data }]) => ({
        name,
        dtype: 'F32',
        shape,
        chunks: [new Uint8Array(data.buffer)],
      })),
      {},
    );
});
afterAll(() => rm(root, { recursive: true }));

async function merged(targets: readonly MergeTarget[], options: MergeOptions): Promise<void> {
  await mergeInto(inputs, targets, { hashes: false, ...options });
}
async function expectGolden(folder: string, name: string): Promise<void> {
  const file = await SafetensorsReader.open(join(folder, 'model.safetensors'));
  const expected = group(golden, name);
  expect([...file.tensors.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [tensor, { data }] of expected)
    expect(bits(await file.floats(tensor, 0, data.length)), `${name} ${tensor}`).toEqual(bits(data as Float32Array));
  await file.close();
}

const weights = [1.5, -0.25, 2, 0.75];
test.each<[string, PlainMethod, number, MergeOptions]>([
  ['uniform', { kind: 'uniform' }, 4, {}],
  ['weights', { kind: 'weights', weights }, 4, {}],
  ['linear', { kind: 'linear' }, 4, {}],
  ['ema', { kind: 'ema', beta: 0.7 }, 4, {}],
  ['interpolate', { kind: 'interpolate', lambda: 0.3 }, 2, {}],
  ['slerp', { kind: 'slerp', lambda: 0.3 }, 2, {}],
  ['uniform64', { kind: 'uniform' }, 4, { precision: 'float64' }],
  ['ema64', { kind: 'ema', beta: 0.7 }, 4, { precision: 'float64' }],
  ['weights64', { kind: 'weights', weights }, 4, { precision: 'float64' }],
  ['uniform64half', { kind: 'uniform' }, 4, { precision: 'float64', dtype: 'float16' }],
])('%s', async (name, method, n, options) => {
  const target = join(root, name);
  await merged([{ target, members: [0, 1, 2, 3].slice(0, n) }], { method, ...options });
  await expectGolden(target, name);
});

test('windows written side by side have the bits of the direct means', async () => {
  const targets = [2, 3].map((end) => ({ target: join(root, `sliding${end}`), members: [end - 2, end - 1, end] }));
  await merged(targets, {});
  for (const end of [2, 3]) await expectGolden(join(root, `sliding${end}`), `sliding${end}`);
});
