import { open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ModelConfig, modelConfig } from '../../../shared/config.ts';
import { parameterTable } from '../../model/table.ts';
import { reading, someWeights, temporaryFolder } from '../fixture.ts';
import { fromBfloat16, toBfloat16 } from '../half.ts';
import { TorchFile } from '../import/torch-file.ts';
import { ZipReader } from '../import/zip.ts';
import { openModelFolder } from '../model-folder.ts';
import type { WeightDType } from '../vector.ts';
import { writeNanoGpt } from './nanogpt.ts';
import { ZipWriter } from './zip-writer.ts';

let root: string;
let path: string;
beforeEach(async () => {
  root = await temporaryFolder();
  path = join(root, 'ckpt.pt');
});
afterEach(() => rm(root, { recursive: true }));

const small = { blockSize: 8, vocabSize: 11, paddedVocabSize: 16, layers: 2, heads: 2, width: 8 };

async function save(changes: Partial<ModelConfig> = {}, dtype: WeightDType = 'float32') {
  const model = modelConfig.parse({ ...small, ...changes });
  const table = parameterTable(model);
  const weights = someWeights(table, model.vocabSize, 3);
  const content = { model, table, read: reading(weights), dtype, step: 40, bestLoss: 1.5, metadata: { run: 'tiny' } };
  const { bytes } = await writeNanoGpt(path, content);
  return { model, table, weights, bytes };
}
async function load(table: ReturnType<typeof parameterTable>, vocabSize?: number) {
  const opened = await openModelFolder(path);
  const vector = new Float32Array(table.elements);
  await opened.loadInto(table, (offset, data) => vector.set(data, offset), vocabSize);
  await opened.close();
  return { vector, model: opened.model };
}

test.each([false, true])('a checkpoint comes back to the last bit, bias %s', async (bias) => {
  const { model, table, weights, bytes } = await save({ bias });
  expect((await readFile(path)).length).toBe(bytes);
  const { vector, model: read } = await load(table);
  expect(read).toEqual({ ...model, paddedVocabSize: null });
  expect(vector).toEqual(weights);
});

test('names, orientation and what else nanoGPT expects', async () => {
  const { table, weights } = await save({ bias: true });
  const file = await TorchFile.open(path);
  const linear = file.tensors.get('transformer.h.1.mlp.c_fc.weight')!;
  expect(linear.shape).toEqual([32, 8]);
  const at = table.entries.find(({ name }) => name === linear.name)!.offset;
  // Row 5 of theirs is column 5 of ours.
  expect([...(await file.floats(linear.name, 5 * 8, 8))]).toEqual(
    Array.from({ length: 8 }, (_, i) => weights[at + i * 32 + 5]),
  );
  expect(file.tensors.get('lm_head.weight')!.shape).toEqual([11, 8]);
  expect(file.sameBytes('lm_head.weight', 'transformer.wte.weight')).toBe(true);
  expect(file.extra.get('model_args')).toEqual(
    new Map(
      Object.entries({ n_layer: 2, n_head: 2, n_embd: 8, block_size: 8, bias: true, vocab_size: 11, dropout: 0 }),
    ),
  );
  expect([file.extra.get('iter_num'), file.extra.get('best_val_loss')]).toEqual([40, 1.5]);
  expect(file.extra.get('meander')).toEqual(new Map([['run', 'tiny']]));
  await file.close();
});

test('in half precision', async () => {
  const { table, weights } = await save({}, 'bfloat16');
  expect((await load(table)).vector).toEqual(fromBfloat16(toBfloat16(weights)));
});

test('attention divided by its layer is folded into the queries', async () => {
  const { table, weights } = await save({ inverseLayerScaling: true, bias: true });
  const { vector } = await load(table);
  const expected = weights.slice();
  for (const { name, offset, shape } of table.entries)
    if (name.startsWith('transformer.h.1.attn.c_attn'))
      for (let i = 0; i < shape.reduce((a, b) => a * b); i++) if (i % 24 < 8) expected[offset + i] /= 2;
  expect(vector).toEqual(expected);
});

test('GPT-2’s padded rows are cut when read, and fit a padded table', async () => {
  const { weights } = await save({ vocabSize: 50304, paddedVocabSize: null, width: 2, heads: 1, layers: 1 });
  const table = parameterTable(
    modelConfig.parse({ ...small, vocabSize: 50257, paddedVocabSize: 50304, width: 2, heads: 1, layers: 1 }),
  );
  const { vector, model } = await load(table, 50257);
  expect(model).toMatchObject({ vocabSize: 50257, paddedVocabSize: 50304 });
  expect(vector.slice(0, 100_514)).toEqual(weights.slice(0, 100_514));
  expect(vector.slice(100_514, 100_608).every((x) => x === 0)).toBe(true);
  expect(vector.slice(100_608)).toEqual(weights.slice(100_608));
});

describe('refused', () => {
  test('the tanh form of GELU', async () => {
    await expect(save({ gelu: 'tanh' })).rejects.toMatchObject({ code: 'layout-unsupported' });
    expect(await readdir(root)).toEqual([]);
  });

  test('NaN', async () => {
    const model = modelConfig.parse(small);
    const table = parameterTable(model);
    const weights = someWeights(table, 11, 3);
    weights[table.entries.at(-2)!.offset] = Number.NaN;
    const content = {
      model,
      table,
      read: reading(weights),
      dtype: 'float32' as const,
      step: 1,
      bestLoss: null,
      metadata: {},
    };
    await expect(writeNanoGpt(path, content)).rejects.toMatchObject({ code: 'not-finite' });
    expect(await readdir(root)).toEqual([]);
  });
});

test('entries past 4 GiB are found again', async () => {
  const handle = await open(path, 'w');
  // The file is sparse.
  const zip = new ZipWriter(handle, 5_000_000_000);
  for (const name of ['a', 'b']) await zip.add(name, [Buffer.from(name), Buffer.from('!')]);
  await zip.finish();
  await handle.close();
  const reader = await ZipReader.open(path);
  expect(Buffer.from(await reader.read('b', 10)).toString()).toBe('b!');
  await reader.close();
});
