import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { modelConfig } from '../../shared/config.ts';
import { letters, reading, someWeights, temporaryFolder } from '../checkpoint/fixture.ts';
import { openModelFolder, writeModelFolder } from '../checkpoint/model-folder.ts';
import { SafetensorsReader, writeSafetensors } from '../checkpoint/safetensors.ts';
import { parameterTable } from '../model/table.ts';
import { mergeCheckpoints } from './merge.ts';

const fixtures = join(import.meta.dirname, '../../../bench/goldens/fixtures');
const torch = join(fixtures, 'torch');
const nano = [1, 2].map((i) => join(torch, `nanogpt-${i}.pt`));
const fc = 'transformer.h.1.mlp.c_fc.weight';

let root: string;
let target: string;
beforeEach(async () => {
  root = await temporaryFolder();
  target = join(root, 'mean');
});
afterEach(() => rm(root, { recursive: true }));

async function tensors(path: string): Promise<Record<string, number[]>> {
  const file = await SafetensorsReader.open(path);
  const found: Record<string, number[]> = {};
  for (const { name, dtype, elements } of file.tensors.values())
    found[name] =
      dtype === 'I64' ? [...(await file.raw(name, 0, elements))] : [...(await file.floats(name, 0, elements))];
  await file.close();
  return found;
}
async function golden(prefix: string): Promise<Record<string, number[]>> {
  const all = Object.entries(await tensors(join(fixtures, 'torch-means.safetensors')));
  return Object.fromEntries(
    all.filter(([name]) => name.startsWith(prefix)).map(([n, v]) => [n.slice(prefix.length), v]),
  );
}
const merged = () => tensors(join(target, 'model.safetensors'));

/** A Hugging Face GPT-2 of the same size as the nanoGPT fixtures. */
async function gpt2(name: string, changes: object = {}): Promise<string> {
  const model = modelConfig.parse({
    blockSize: 8,
    vocabSize: 11,
    layers: 2,
    heads: 2,
    width: 8,
    bias: true,
    ...changes,
  });
  const table = parameterTable(model);
  const read = reading(someWeights(table, 11, 5));
  await writeModelFolder(join(root, name), { model, table, read, dtype: 'float32', tokenizer: letters, metadata: {} });
  return join(root, name);
}
/** The same with GPT-2's own names: no transformer. before them, and masks. */
async function originalNames(folder: string): Promise<void> {
  const path = join(folder, 'model.safetensors');
  const file = await SafetensorsReader.open(path);
  const all = [];
  for (const { name, dtype, shape, elements } of file.tensors.values())
    all.push({ name: name.replace('transformer.', ''), dtype, shape, chunks: [await file.raw(name, 0, elements)] });
  await file.close();
  const mask = { name: 'h.0.attn.bias', dtype: 'F32' as const, shape: [1], chunks: [new Uint8Array(4)] };
  await writeSafetensors(path, [...all, mask], {});
}

describe('nanoGPT', () => {
  test('the mean of checkpoints is PyTorch’s, as a Hugging Face folder', async () => {
    await mergeCheckpoints(nano, target);
    expect(await merged()).toEqual(await golden('nanogpt/'));
    expect((await readdir(target)).sort()).toEqual(['config.json', 'model.safetensors']);
    const model = await openModelFolder(target);
    // One of the two has biases, so the mean has.
    expect(model.model).toMatchObject({ blockSize: 8, vocabSize: 11, layers: 2, heads: 2, width: 8, bias: true });
    await model.close();
  });

  test('with a Hugging Face folder, which gives the tokenizer', async () => {
    const folder = await gpt2('folder');
    await mergeCheckpoints([folder, nano[1]], target);
    const [a, b] = [await tensors(join(folder, 'model.safetensors')), await golden('nanogpt/')];
    await mergeCheckpoints([nano[0], folder], join(root, 'other'));
    const other = await tensors(join(root, 'other', 'model.safetensors'));
    // (folder + second)/2 + (first + folder)/2 = folder + (first + second)/2
    const sums = (await merged())[fc].map((x, i) => x + other[fc][i]);
    for (const [i, sum] of sums.entries()) expect(sum).toBeCloseTo(a[fc][i] + b[fc][i], 5);
    for (const name of ['mean', 'other']) expect(await readdir(join(root, name))).toContain('tokenizer.json');
  });

  test('an out folder with one checkpoint; with several the file must be named', async () => {
    const out = join(root, 'out');
    await mkdir(out);
    await cp(nano[0], join(out, 'ckpt.pt'));
    await mergeCheckpoints([out, nano[1]], target);
    expect(await merged()).toEqual(await golden('nanogpt/'));
    await cp(nano[1], join(out, 'ckpt-2.pt'));
    await expect(mergeCheckpoints([out, nano[1]], join(root, 'x'))).rejects.toMatchObject({ next: 'Name the file.' });
    await expect(mergeCheckpoints([join(out, 'ckpt.pt'), nano[1]], out)).rejects.toMatchObject({
      code: 'target-in-input',
    });
  });

  test('another model is refused by what differs', async () => {
    const tanh = await gpt2('tanh', { gelu: 'tanh' });
    await expect(mergeCheckpoints([tanh, nano[1]], target)).rejects.toMatchObject({
      code: 'model-mismatch',
      message: expect.stringContaining('gelu is tanh and not exact'),
    });
    const wide = await gpt2('wide', { width: 16, layers: 3 });
    await expect(mergeCheckpoints([wide, nano[1]], target)).rejects.toThrow(
      'layers is 3 and not 2; width is 16 and not 8',
    );
    await expect(mergeCheckpoints([join(torch, 'plain-2.pt'), nano[1]], target)).rejects.toThrow(
      'does not say what model',
    );
  });
});

test('GPT-2s with and without transformer. before their names', async () => {
  const [a, b] = [await gpt2('a'), await gpt2('b')];
  await originalNames(b);
  await mergeCheckpoints([a, b], target);
  expect(await merged()).toEqual(await tensors(join(a, 'model.safetensors')));
});

test('another tokenizer is refused by the tokens that differ; another form of the same is not', async () => {
  const [a, b] = [await gpt2('a'), await gpt2('b')];
  const write = (folder: string, json: object) => writeFile(join(folder, 'tokenizer.json'), JSON.stringify(json));
  const added_tokens = [{ id: 3, content: 'd' }];
  await write(a, { model: { vocab: { a: 0, b: 1, c: 2, d: 3 } } });
  await write(b, {
    version: '1.0',
    added_tokens,
    model: {
      vocab: [
        ['a', -1],
        ['b', -2],
        ['c', -2],
      ],
    },
  });
  await mergeCheckpoints([a, b], target);
  await write(b, { model: { vocab: { a: 1, b: 0, c: 2, e: 3 } } });
  await expect(mergeCheckpoints([a, b], target)).rejects.toMatchObject({
    code: 'model-mismatch',
    message: expect.stringContaining(
      'token "a" is 0 and not 1; token "b" is 1 and not 0; token "e" is absent and not 3; and 1 more',
    ),
  });
  await writeFile(join(b, 'tokenizer.json'), '[]');
  await expect(mergeCheckpoints([a, b], target)).rejects.toThrow('is no tokenizer.json');
});

test('a run is its newest checkpoint that is complete', async () => {
  const run = join(root, 'run');
  await mkdir(join(run, 'checkpoints'), { recursive: true });
  await writeFile(join(run, 'run.json'), '{}');
  const other = await gpt2('other');
  await expect(mergeCheckpoints([run, other], target)).rejects.toThrow('has no checkpoint yet');
  const done = { schema: 1, step: 8, files: {} };
  for (const step of [8, 16]) await gpt2(`run/checkpoints/step-${String(step).padStart(8, '0')}`);
  await writeFile(join(run, 'checkpoints/step-00000008/DONE'), JSON.stringify(done));
  await mergeCheckpoints([run, other], target);
  const file = await SafetensorsReader.open(join(target, 'model.safetensors'));
  expect(Object.keys(JSON.parse(file.metadata.sources))).toEqual(['step-00000008', 'other']);
  await file.close();
});

describe('shards', () => {
  const shards = join(torch, 'shards');

  test('of pytorch_model.bin, of any architecture; integers from the newest', async () => {
    await mergeCheckpoints([shards, shards], target);
    expect(await merged()).toEqual(await golden('shards/'));
    expect(JSON.parse(await readFile(join(target, 'config.json'), 'utf8'))).toEqual({
      model_type: 'other',
      hidden_size: 4,
    });
  });

  test('with safetensors of the same model in one file', async () => {
    await mergeCheckpoints([shards, shards], target);
    await mergeCheckpoints([target, shards], join(root, 'again'));
    expect(await tensors(join(root, 'again', 'model.safetensors'))).toEqual(await golden('shards/'));
  });

  const index = 'pytorch_model.bin.index.json';
  const second = 'pytorch_model-00002-of-00002.bin';
  test.each<[string, (folder: string) => Promise<unknown>, string, string]>([
    ['a missing shard', (f) => rm(join(f, second)), 'model-missing', `names the shard ${second}`],
    ['a truncated shard', (f) => writeFile(join(f, second), 'PK'), 'file-damaged', second],
    ['no JSON', (f) => writeFile(join(f, index), '{'), 'file-damaged', 'it is not JSON'],
    ['an empty index', (f) => writeFile(join(f, index), '{"weight_map":{}}'), 'file-damaged', 'is empty'],
    ['no weight_map', (f) => writeFile(join(f, index), '{"weight_map":[1]}'), 'file-damaged', 'no weight_map'],
    ['a path upwards', (f) => edit(f, second, `../${second}`), 'file-damaged', 'no file of weights in its folder'],
    ['a path down', (f) => edit(f, second, 'config.json'), 'file-damaged', 'no file of weights in its folder'],
    ['a tensor that is not there', (f) => edit(f, 'model.mlp.weight', 'model.mlp.bias'), 'file-damaged', 'is not in'],
    ['the wrong shard', (f) => edit(f, second, second.replace('2-', '1-')), 'file-damaged', 'is not in'],
  ])('an index that lies: %s', async (_what, spoil, code, message) => {
    const folder = join(root, 'copy');
    await cp(shards, folder, { recursive: true });
    await spoil(folder);
    await expect(mergeCheckpoints([folder, shards], target)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
    expect(await readdir(root)).toEqual(['copy']);
  });
  const edit = async (folder: string, from: string, to: string) => {
    const path = join(folder, index);
    await writeFile(path, (await readFile(path, 'utf8')).replace(from, to));
  };
});

test('NaN is named by shard and tensor', async () => {
  const folder = join(root, 'nan');
  await mkdir(folder);
  const tensor = { dtype: 'F32' as const, shape: [2], chunks: [new Uint8Array(Float32Array.of(1, Number.NaN).buffer)] };
  await writeSafetensors(join(folder, 'part-2.safetensors'), [{ ...tensor, name: 'w' }], {});
  await writeFile(join(folder, 'config.json'), '{}');
  await writeFile(join(folder, 'model.safetensors.index.json'), '{"weight_map":{"w":"part-2.safetensors"}}');
  await expect(mergeCheckpoints([folder, folder], target)).rejects.toThrow(
    `w in ${join(folder, 'part-2.safetensors')}`,
  );
});

test('single files without a configuration give weights alone; a hostile one gives nothing', async () => {
  const a = join(torch, 'plain-2.pt');
  await mergeCheckpoints([a, join(torch, 'plain-5.pt')], target);
  expect(await readdir(target)).toEqual(['model.safetensors']);
  const attack = join(import.meta.dirname, '../checkpoint/import/attacks/os-system.pt');
  await expect(mergeCheckpoints([a, attack], join(root, 'x'))).rejects.toMatchObject({ code: 'pickle-refused' });
  await expect(mergeCheckpoints([a, join(root, 'none.pt')], join(root, 'x'))).rejects.toMatchObject({
    code: 'model-missing',
  });
  const file = await SafetensorsReader.open(join(target, 'model.safetensors'));
  // The mean of twice the same is the same.
  const { wanted } = JSON.parse(await readFile(join(fixtures, 'torch.json'), 'utf8'));
  expect([...(await file.floats('base', 0, 20))]).toEqual(wanted.plain.base.values.map(Math.fround));
  await file.close();
});
