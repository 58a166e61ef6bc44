import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ModelConfig, modelConfig } from '../../shared/config.ts';
import { letters, paddedModel, reading, someWeights, temporaryFolder } from '../checkpoint/fixture.ts';
import { writeModelFolder } from '../checkpoint/model-folder.ts';
import { SafetensorsReader, writeSafetensors } from '../checkpoint/safetensors.ts';
import type { WeightDType } from '../checkpoint/vector.ts';
import { parameterTable } from '../model/table.ts';
import { mergeCheckpoints } from './merge.ts';

let root: string;
beforeEach(async () => {
  root = await temporaryFolder();
});
afterEach(() => rm(root, { recursive: true }));

const { fround } = Math;
const model = modelConfig.parse({ ...paddedModel, bias: true });
const table = parameterTable(model);
const wpe = table.entries.find((entry) => entry.name === 'transformer.wpe.weight')!;

async function folders(count: number, changes: Partial<ModelConfig> = {}, dtype: WeightDType = 'float32') {
  const paths: string[] = [];
  for (let i = 0; i < count; i++) {
    const path = join(root, `model-${i}`);
    const own = { ...model, ...changes };
    const layout = parameterTable(own);
    const read = reading(someWeights(layout, own.vocabSize, i + 1));
    await writeModelFolder(path, { model: own, table: layout, read, dtype, tokenizer: letters, metadata: {} });
    paths.push(path);
  }
  return paths;
}
async function tensorOf(folder: string, name = wpe.name) {
  const file = await SafetensorsReader.open(join(folder, 'model.safetensors'));
  const data = await file.floats(name, 0, file.info(name).elements);
  await file.close();
  return data;
}

test('the uniform mean: oldest to newest in float32, one division', async () => {
  const inputs = await folders(5);
  const target = join(root, 'mean');
  const progress: number[] = [];
  let total = 0;
  await mergeCheckpoints(inputs, target, {
    onProgress: (done, all) => {
      progress.push(done);
      total = all;
    },
  });
  const parts = await Promise.all(inputs.map((input) => tensorOf(input)));
  const expected = parts[0].map((_, j) => fround(parts.reduce((sum, part) => fround(sum + part[j]), 0) / 5));
  expect(await tensorOf(target)).toEqual(expected);
  expect((await readdir(target)).sort()).toEqual(['config.json', 'model.safetensors', 'tokenizer.json']);
  expect(progress.at(-1)).toBeLessThanOrEqual(total);
  expect(progress.at(-1)).toBeGreaterThan(0.5 * total);
  const file = await SafetensorsReader.open(join(target, 'model.safetensors'));
  expect(Object.keys(JSON.parse(file.metadata.sources))).toEqual([0, 1, 2, 3, 4].map((i) => `model-${i}`));
  await file.close();
});

test('weights given are shares of their sum', async () => {
  const inputs = await folders(3);
  const target = join(root, 'weighted');
  await mergeCheckpoints(inputs, target, { method: { kind: 'weights', weights: [1, 2, 5] } });
  const [a, b, c] = await Promise.all(inputs.map((input) => tensorOf(input)));
  const expected = a.map((x, j) => fround(fround(fround(x * 0.125) + fround(b[j] * 0.25)) + fround(c[j] * 0.625)));
  expect(await tensorOf(target)).toEqual(expected);
});

test('halves are summed in float32 and rounded once; a dtype can be chosen', async () => {
  const inputs = await folders(3, {}, 'float16');
  await mergeCheckpoints(inputs, join(root, 'half'));
  await mergeCheckpoints(inputs, join(root, 'full'), { dtype: 'float32' });
  const full = await tensorOf(join(root, 'full'));
  expect(await tensorOf(join(root, 'half'))).toEqual(Float32Array.from(new (Float16Of())(full)));
  expect(JSON.parse(await readFile(join(root, 'full', 'config.json'), 'utf8')).torch_dtype).toBe('float32');
});

test('tensors that hold no floats come from the newest', async () => {
  const inputs = await folders(2);
  for (const [i, input] of inputs.entries()) {
    const mask = { name: 'mask', dtype: 'U8' as const, shape: [4], chunks: [Uint8Array.of(i, i, i, i)] };
    const one = { name: 'w', dtype: 'F32' as const, shape: [1], chunks: [new Uint8Array(Float32Array.of(i).buffer)] };
    await writeSafetensors(join(input, 'model.safetensors'), i === 0 ? [mask, one] : [one, mask], {});
  }
  const target = join(root, 'masked');
  await mergeCheckpoints(inputs, target);
  const file = await SafetensorsReader.open(join(target, 'model.safetensors'));
  expect([...(await file.raw('mask', 0, 4))]).toEqual([1, 1, 1, 1]);
  expect([...(await file.floats('w', 0, 1))]).toEqual([0.5]);
  await file.close();
});

describe('refused', () => {
  const target = () => join(root, 'out');
  const left = async () => (await readdir(root)).filter((name) => name.includes('out'));

  test('fewer than two, bad weights, a target inside an input', async () => {
    const inputs = await folders(2);
    await expect(mergeCheckpoints(inputs.slice(1), target())).rejects.toMatchObject({ code: 'nothing-to-average' });
    for (const weights of [[1], [1, Number.NaN], [1, -1]])
      await expect(mergeCheckpoints(inputs, target(), { method: { kind: 'weights', weights } })).rejects.toMatchObject({
        code: 'bad-weights',
      });
    for (const inside of [inputs[0], join(inputs[1], 'mean')])
      await expect(mergeCheckpoints(inputs, inside)).rejects.toMatchObject({ code: 'target-in-input' });
    expect(await left()).toEqual([]);
  });

  test('another width: the first three differences', async () => {
    const [a] = await folders(1);
    const other = join(root, 'wide');
    const wide = modelConfig.parse({ ...model, width: 16 });
    const layout = parameterTable(wide);
    const read = reading(someWeights(layout, 11, 9));
    await writeModelFolder(other, {
      model: wide,
      table: layout,
      read,
      dtype: 'float32',
      tokenizer: null,
      metadata: {},
    });
    await expect(mergeCheckpoints([a, other], target())).rejects.toMatchObject({
      code: 'model-mismatch',
      message: expect.stringMatching(/wte\.weight is F32 \[11, 8\] and not F32 \[11, 16\]; .*; .*; and \d+ more/),
    });
  });

  test('another dtype, another config', async () => {
    const inputs = await folders(2);
    const half = join(root, 'half');
    const read = reading(someWeights(table, 11, 4));
    await writeModelFolder(half, { model, table, read, dtype: 'bfloat16', tokenizer: letters, metadata: {} });
    await expect(mergeCheckpoints([inputs[0], half], target())).rejects.toThrow('F32 [11, 8] and not BF16 [11, 8]');
    const path = join(inputs[0], 'config.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"gelu"', '"gelu_new"'));
    await expect(mergeCheckpoints(inputs, target())).rejects.toThrow(
      'activation_function is "gelu_new" and not "gelu"',
    );
  });

  test('NaN, by file and tensor', async () => {
    const inputs = await folders(3);
    const path = join(inputs[1], 'model.safetensors');
    const bytes = await readFile(path);
    const file = await SafetensorsReader.open(path);
    bytes.writeFloatLE(Number.NaN, file.info(wpe.name).position + 8);
    await file.close();
    await writeFile(path, bytes);
    await expect(mergeCheckpoints(inputs, target())).rejects.toMatchObject({
      code: 'not-finite',
      message: expect.stringMatching(/transformer\.wpe\.weight in .*model-1/),
    });
    expect(await left()).toEqual([]);
  });

  test('stopped midway', async () => {
    const inputs = await folders(2);
    const stop = new AbortController();
    const merging = mergeCheckpoints(inputs, target(), { signal: stop.signal, onProgress: () => stop.abort() });
    await expect(merging).rejects.toMatchObject({ name: 'AbortError' });
    expect(await left()).toEqual([]);
  });
});

/** The runtime's own half, as an independent judge; TypeScript's library does not know it yet. */
function Float16Of(): new (source: Float32Array) => ArrayLike<number> & Iterable<number> {
  return (globalThis as unknown as { Float16Array: never }).Float16Array;
}
