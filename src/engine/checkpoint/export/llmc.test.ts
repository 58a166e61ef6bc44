import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { modelConfig } from '../../../shared/config.ts';
import { parameterTable } from '../../model/table.ts';
import { reading, someWeights, temporaryFolder } from '../fixture.ts';
import { toBfloat16 } from '../half.ts';
import { llmcFile } from './llmc.ts';
import { writeStream } from './stream-file.ts';

let root: string;
beforeEach(async () => {
  root = await temporaryFolder();
});
afterEach(() => rm(root, { recursive: true }));

const model = modelConfig.parse({
  blockSize: 8,
  vocabSize: 11,
  paddedVocabSize: 16,
  layers: 2,
  heads: 2,
  width: 8,
  gelu: 'tanh',
  inverseLayerScaling: true,
});
const table = parameterTable(model);
// Padded rows are not zero here, as those of a run are not either.
const weights = someWeights(table, 16, 3);
const offsetOf = (name: string) => table.entries.find((entry) => entry.name === `transformer.${name}`)!.offset;

test('header, order, orientation, padded vocabulary, folded attention', async () => {
  const path = join(root, 'model.bin');
  const { bytes } = await writeStream(path, llmcFile({ model, table, read: reading(weights), dtype: 'float32' }));
  const file = await readFile(path);
  expect(file.length).toBe(bytes);
  const head = new Int32Array(Uint8Array.from(file.subarray(0, 1024)).buffer);
  expect([...head.subarray(0, 9)]).toEqual([20240326, 3, 8, 11, 2, 2, 8, 128, 0]);
  const data = new Float32Array(Uint8Array.from(file.subarray(1024)).buffer);
  expect(data.length).toBe(128 * 8 + 8 * 8 + 2 * (4 * 8 + 24 * 8 + 24 + 64 + 8 + 32 * 8 + 32 + 8 * 32 + 8) + 16);
  const [embedding, row] = [offsetOf('wte.weight'), 11 * 8];
  expect(data.subarray(0, row)).toEqual(weights.subarray(embedding, embedding + row));
  expect(data.subarray(row, 128 * 8).every((x) => x === 0)).toBe(true);
  // After the embeddings: ln_1 of both layers, its absent biases, then the projections of both layers.
  const norms = 128 * 8 + 8 * 8;
  const second = offsetOf('h.1.ln_1.weight');
  expect(data.subarray(norms + 8, norms + 16)).toEqual(weights.subarray(second, second + 8));
  expect(data.subarray(norms + 16, norms + 32)).toEqual(new Float32Array(16));
  const projection = norms + 32 + 24 * 8;
  const ours = offsetOf('h.1.attn.c_attn.weight');
  for (let i = 0; i < 8; i++) {
    expect(data[projection + 3 * 8 + i]).toBe(weights[ours + i * 24 + 3] / 2);
    expect(data[projection + 20 * 8 + i]).toBe(weights[ours + i * 24 + 20]);
  }
});

test('bfloat16 is version 5', async () => {
  const path = join(root, 'model.bin');
  await writeStream(path, llmcFile({ model, table, read: reading(weights), dtype: 'bfloat16' }));
  const file = await readFile(path);
  expect(file.readInt32LE(4)).toBe(5);
  const embedding = offsetOf('wte.weight');
  const [first] = toBfloat16(weights.slice(embedding, embedding + 1));
  expect(file.readUInt16LE(1024)).toBe(first);
});

test('exact GELU is refused by name', () => {
  const content = { model: { ...model, gelu: 'exact' as const }, table, read: reading(weights) };
  expect(() => llmcFile({ ...content, dtype: 'float32' })).toThrow('the exact form of GELU');
});
