import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { modelConfig } from '../../../shared/config.ts';
import { findRevisions, mergeCheckpoints } from '../../averaging/index.ts';
import { parameterTable } from '../../model/table.ts';
import { llmcFile } from '../export/llmc.ts';
import { writeStream } from '../export/stream-file.ts';
import { reading, someWeights, temporaryFolder } from '../fixture.ts';
import { openModelFolder, writeModelFolder } from '../model-folder.ts';
import { SafetensorsReader } from '../safetensors.ts';
import { openTensorFile } from './file.ts';

const model = modelConfig.parse({
  blockSize: 8,
  vocabSize: 11,
  layers: 2,
  heads: 2,
  width: 8,
  gelu: 'tanh',
  bias: true,
});
const table = parameterTable(model);

let root: string;
beforeEach(async () => {
  root = await temporaryFolder();
});
afterEach(() => rm(root, { recursive: true }));

async function llmc(name: string, seed: number, dtype: 'float32' | 'bfloat16' = 'float32') {
  const weights = someWeights(table, 11, seed);
  const path = join(root, name);
  await writeStream(path, llmcFile({ model, table, read: reading(weights), dtype }));
  return { path, weights };
}

/** A vector as a model folder gives it. */
async function loaded(path: string): Promise<Float32Array> {
  const folder = await openModelFolder(path);
  const vector = new Float32Array(table.elements);
  await folder.loadInto(table, (offset, data) => vector.set(data, offset));
  await folder.close();
  return vector;
}

test('weights come back as they were written, turned the right way, without the rows that pad the vocabulary', async () => {
  const { path, weights } = await llmc('gpt2.bin', 3);
  expect(await loaded(path)).toEqual(weights);
  const folder = await openModelFolder(path);
  expect(folder.model).toMatchObject({ ...model, paddedVocabSize: 128 });
  await folder.close();
  const half = await loaded((await llmc('half.bin', 3, 'bfloat16')).path);
  expect(half.every((x, i) => Math.abs(x - weights[i]) <= Math.abs(weights[i]) * 2 ** -8)).toBe(true);
});

test('a mean of llm.c’s revisions and a Hugging Face folder is a Hugging Face folder', async () => {
  const a = await llmc('model_00000500.bin', 1);
  const b = await llmc('model_00001000.bin', 2);
  expect((await findRevisions(root)).map(({ step }) => step)).toEqual([500, 1000]);
  const weights = someWeights(table, 11, 3);
  const own = join(root, 'own');
  const content = { model, table, read: reading(weights), dtype: 'float32', tokenizer: null, metadata: {} } as const;
  await writeModelFolder(own, content);
  const target = join(root, 'mean');
  await mergeCheckpoints([a.path, b.path, own], target);
  const file = await SafetensorsReader.open(join(target, 'model.safetensors'));
  for (const { name, offset, shape } of table.entries) {
    const count = shape.reduce((x, y) => x * y, 1);
    const { fround } = Math;
    const mean = (_: unknown, i: number) =>
      fround(fround(fround(a.weights[offset + i] + b.weights[offset + i]) + weights[offset + i]) / 3);
    expect(await file.floats(name, 0, count), name).toEqual(Float32Array.from({ length: count }, mean));
  }
  await file.close();
});

describe('a head that lies is refused', () => {
  const cases: [what: string, change: (bytes: Buffer) => Buffer, message: string][] = [
    ['a file that is cut off', (bytes) => bytes.subarray(0, -4), 'its head asks for'],
    ['a file that is too long', (bytes) => Buffer.concat([bytes, Buffer.alloc(4)]), 'its head asks for'],
    ['half a head', (bytes) => bytes.subarray(0, 40), 'less than the 1024 of its head'],
    ['another version', (bytes) => set(bytes, 1, 1), 'version 1'],
    ['no layers', (bytes) => set(bytes, 4, 0), '0 for layers'],
    ['negative words', (bytes) => set(bytes, 3, -5), '-5 for vocabSize'],
    ['endless layers', (bytes) => set(bytes, 4, 2 ** 31 - 1), '2147483647 for layers'],
    ['a giant', (bytes) => set(set(bytes, 6, 1 << 20), 4, 10_000), 'its head asks for'],
    ['heads that do not divide', (bytes) => set(bytes, 5, 3), '3 heads do not divide'],
    ['less padding than words', (bytes) => set(bytes, 7, 5), 'padded to 5'],
  ];
  const set = (bytes: Buffer, i: number, value: number) => {
    bytes.writeInt32LE(value, 4 * i);
    return bytes;
  };
  for (const [what, change, message] of cases)
    test(what, async () => {
      const { path } = await llmc('gpt2.bin', 3);
      await writeFile(path, change(await readFile(path)));
      await expect(openTensorFile(path)).rejects.toMatchObject({
        code: 'file-damaged',
        message: expect.stringContaining(message),
      });
    });
});
