import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ModelConfig, modelConfig } from '../../shared/config.ts';
import { parameterTable } from '../model/table.ts';
import { letters, paddedModel, reading, someWeights, temporaryFolder } from './fixture.ts';
import { fromBfloat16, fromHalf, toBfloat16, toHalf } from './half.ts';
import { openModelFolder, writeModelFolder } from './model-folder.ts';
import { SafetensorsReader, writeSafetensors } from './safetensors.ts';
import type { WeightDType } from './vector.ts';

let root: string;
beforeAll(async () => {
  root = await temporaryFolder();
});
afterAll(() => rm(root, { recursive: true }));

async function save(name: string, model: ModelConfig, dtype: WeightDType = 'float32', seed = 1) {
  const folder = join(root, name);
  const table = parameterTable(model);
  const weights = someWeights(table, model.vocabSize, seed);
  const metadata = { run: 'tiny', step: '7' };
  await writeModelFolder(folder, {
    model,
    table,
    read: reading(weights),
    dtype,
    tokenizer: letters,
    metadata,
    card: '# card',
  });
  return { folder, table, weights };
}
async function load(folder: string, table: ReturnType<typeof parameterTable>, vocabSize?: number) {
  const vector = new Float32Array(table.elements).fill(0);
  const opened = await openModelFolder(folder);
  try {
    await opened.loadInto(table, (offset, data) => vector.set(data, offset), vocabSize);
  } finally {
    await opened.close();
  }
  return vector;
}

const models = {
  padded: paddedModel,
  'with biases': modelConfig.parse({ ...paddedModel, paddedVocabSize: null, bias: true, gelu: 'tanh', dropout: 0.2 }),
  'scaled by layer': modelConfig.parse({ ...paddedModel, inverseLayerScaling: true }),
};

test.each(Object.entries(models))('%s: config and every bit come back', async (name, model) => {
  const { folder, table, weights } = await save(name, model);
  expect((await readdir(folder)).sort()).toEqual(['README.md', 'config.json', 'model.safetensors', 'tokenizer.json']);
  const opened = await openModelFolder(folder);
  expect(opened.model).toEqual(model);
  expect(opened.metadata).toEqual({ format: 'pt', run: 'tiny', step: '7' });
  await opened.close();
  expect(await load(folder, table)).toEqual(weights);
});

test('what transformers reads: names, shapes, all biases, no padded rows, no lm_head', async () => {
  const { folder } = await save('names', paddedModel);
  const file = await SafetensorsReader.open(join(folder, 'model.safetensors'));
  expect(file.info('transformer.wte.weight').shape).toEqual([11, 8]);
  expect(file.info('transformer.h.1.attn.c_attn.weight').shape).toEqual([8, 24]);
  expect(file.info('transformer.h.1.mlp.c_proj.weight').shape).toEqual([32, 8]);
  expect(file.tensors.size).toBe(2 + 2 * 12 + 2);
  expect([...(await file.floats('transformer.h.0.mlp.c_fc.bias', 0, 32))].every((x) => Object.is(x, 0))).toBe(true);
  await file.close();
  expect(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))).toMatchObject({
    architectures: ['GPT2LMHeadModel'],
    model_type: 'gpt2',
    vocab_size: 11,
    n_positions: 8,
    n_embd: 8,
    n_layer: 2,
    n_head: 2,
    activation_function: 'gelu',
    layer_norm_epsilon: 1e-5,
    tie_word_embeddings: true,
    eos_token_id: 3,
    torch_dtype: 'float32',
  });
});

test.each([
  ['float16', (x: Float32Array) => fromHalf(toHalf(x))],
  ['bfloat16', (x: Float32Array) => fromBfloat16(toBfloat16(x))],
] as const)('%s holds the rounded weights', async (dtype, round) => {
  const { folder, table, weights } = await save(dtype, paddedModel, dtype);
  expect(await load(folder, table)).toEqual(round(weights));
});

test('NaN, infinity and float16 overflow are named, and nothing is left behind', async () => {
  const table = parameterTable(paddedModel);
  const at = table.entries.find((e) => e.name === 'transformer.h.1.ln_2.weight')!.offset + 3;
  for (const [value, dtype, code] of [
    [Number.NaN, 'float32', 'not-finite'],
    [Number.NEGATIVE_INFINITY, 'bfloat16', 'not-finite'],
    [70_000, 'float16', 'out-of-range'],
  ] as const) {
    const weights = someWeights(table, 11, 1);
    weights[at] = value;
    const folder = join(root, 'refused');
    const content = { model: paddedModel, table, read: reading(weights), dtype, tokenizer: null, metadata: {} };
    await expect(writeModelFolder(folder, content)).rejects.toMatchObject({
      code,
      message: expect.stringContaining('transformer.h.1.ln_2.weight'),
    });
    expect((await readdir(root)).filter((name) => name.includes('refused'))).toEqual([]);
  }
});

describe('foreign folders', () => {
  const plain = modelConfig.parse({ ...paddedModel, paddedVocabSize: null, bias: true });

  /** As GPT-2 was released: no prefix, masks among the tensors, lm_head beside, no meander block. */
  async function foreign(name: string, config: object = {}, without: string | null = null) {
    const { folder, table, weights } = await save(name, plain);
    const path = join(folder, 'model.safetensors');
    const tensors = table.entries
      .filter((entry) => entry.name !== without)
      .map(({ name: tensor, shape, offset }) => ({
        name: tensor.replace('transformer.', ''),
        dtype: 'F32' as const,
        shape,
        chunks: [new Uint8Array(weights.slice(offset, offset + shape.reduce((a, b) => a * b)).buffer)],
      }));
    tensors.push({ name: 'h.0.attn.bias', dtype: 'F32', shape: [1, 1, 8, 8], chunks: [new Uint8Array(256)] });
    await writeSafetensors(path, tensors, { format: 'pt' });
    const { meander, ...hf } = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
    await writeFile(join(folder, 'config.json'), JSON.stringify({ ...hf, ...config }));
    return { folder, weights, table };
  }

  test('GPT-2 as released opens', async () => {
    const { folder, weights, table } = await foreign('released', { activation_function: 'gelu_new', resid_pdrop: 0.1 });
    const opened = await openModelFolder(folder);
    expect(opened.model).toEqual({ ...plain, gelu: 'tanh' });
    await opened.close();
    expect(await load(folder, table)).toEqual(weights);
  });

  test('its embedding fits a padded table; rows past the vocabulary are zero', async () => {
    const { folder, weights } = await foreign('padding');
    const padded = parameterTable({ ...plain, paddedVocabSize: 24 });
    const vector = await load(folder, padded, 10);
    expect(vector.slice(0, 80)).toEqual(weights.slice(0, 80));
    expect(vector.slice(80, 24 * 8).every((x) => x === 0)).toBe(true);
    await expect(load(folder, padded, 12)).rejects.toMatchObject({ code: 'model-mismatch' });
  });

  test.each([
    [{ model_type: 'mamba' }, /model_type is "mamba"/],
    [{ activation_function: 'relu' }, /activation_function "relu"/],
    [{ n_head: 3 }, /not a multiple of n_head/],
    [{ n_inner: 64 }, /n_inner is 64/],
    [{ layer_norm_epsilon: 1e-6 }, /layer_norm_epsilon is 0.000001/],
    [{ tie_word_embeddings: false }, /tie_word_embeddings is false/],
    [{ n_layer: -1 }, /n_layer/],
    [{ vocab_size: 'x' }, /vocab_size/],
  ])('%o is refused by name', async (config, reason) => {
    const { folder } = await foreign('odd', config);
    await expect(openModelFolder(folder)).rejects.toMatchObject({
      code: 'model-config',
      message: expect.stringMatching(reason),
    });
  });

  test('missing, wrong and surplus tensors: the first three differences', async () => {
    const missing = await foreign('missing', {}, 'transformer.h.1.ln_2.weight');
    await expect(openModelFolder(missing.folder)).rejects.toMatchObject({
      code: 'model-mismatch',
      message: expect.stringContaining('transformer.h.1.ln_2.weight is missing'),
    });
    const wider = await foreign('wider', { n_positions: 9, vocab_size: 12 });
    await expect(openModelFolder(wider.folder)).rejects.toMatchObject({
      message: expect.stringMatching(/wte.weight is \[11, 8\] and should be \[12, 8\]; .*wpe/),
    });
    const { folder } = await foreign('biased');
    await expect(load(folder, parameterTable({ ...plain, bias: false }))).rejects.toMatchObject({
      message: expect.stringMatching(/is not zero, but this model has no biases; .*; .*; and \d+ more/),
    });
    await expect(load(folder, parameterTable({ ...plain, layers: 3 }))).rejects.toMatchObject({
      message: expect.stringContaining('the model has no transformer.h.2'),
    });
  });

  test('an edited config.json that contradicts itself', async () => {
    const { folder } = await save('edited', paddedModel);
    const path = join(folder, 'config.json');
    await writeFile(
      path,
      (await readFile(path, 'utf8')).replace('"activation_function": "gelu"', '"activation_function": "gelu_new"'),
    );
    await expect(openModelFolder(folder)).rejects.toThrow('meander.model.gelu is exact');
  });

  test('no folder, no weights, a damaged index or pickle', async () => {
    await expect(openModelFolder(join(root, 'nowhere'))).rejects.toMatchObject({ code: 'model-missing' });
    const { folder } = await save('shards', paddedModel);
    await rm(join(folder, 'model.safetensors'));
    await expect(openModelFolder(folder)).rejects.toThrow('has no weights: none of model.safetensors');
    await writeFile(join(folder, 'pytorch_model.bin'), '');
    await expect(openModelFolder(folder)).rejects.toThrow('is not a usable PyTorch file');
    await writeFile(join(folder, 'model.safetensors.index.json'), '{}');
    await expect(openModelFolder(folder)).rejects.toThrow('is not a usable index');
  });
});
