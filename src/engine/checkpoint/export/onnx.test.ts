import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ModelConfig, modelConfig } from '../../../shared/config.ts';
import type { Backend } from '../../backends/backend.ts';
import { generateArchitecture, generateModel } from '../../backends/conformance/generate.ts';
import { openReference } from '../../backends/reference/index.ts';
import { loudWeights, tokenLosses } from '../../goldens/vectors.ts';
import { parameterTable } from '../../model/table.ts';
import { temporaryFolder } from '../fixture.ts';
import { fromHalf, toHalf } from '../half.ts';
import { onnxFile } from './onnx.ts';
import { initializers, messages, numbers, readMessage, runOnnx, texts } from './onnx-runner.ts';
import { verifyStream, writeStream } from './stream-file.ts';

let root: string;
let backend: Backend;
beforeAll(async () => {
  root = await temporaryFolder();
  backend = await openReference();
});
afterAll(async () => {
  await rm(root, { recursive: true });
  await backend.close();
});

async function written(model: ModelConfig, dtype: 'float32' | 'float16', name: string) {
  const table = parameterTable(model);
  const weights = loudWeights(backend, model, 5);
  const read = (offset: number, count: number) => weights.read(offset, count);
  const metadata = { run: 'tiny', step: '40' };
  const file = onnxFile({ model, table, read, dtype, name: 'tiny', metadata, card: '# tiny' });
  const path = join(root, `${name}.onnx`);
  await writeStream(path, file);
  return { path, file, table, weights };
}

const cases: [string, ModelConfig][] = [
  ...[1, 2, 4].map((seed): [string, ModelConfig] => [`GPT-2 of seed ${seed}`, generateModel(seed)]),
  ...[1, 2, 3, 4].map((seed): [string, ModelConfig] => {
    const model = generateArchitecture(seed);
    return [`${model.architecture!.kind} of seed ${seed}`, model];
  }),
];

describe.each(cases)('%s', (name, drawn) => {
  const model = { ...drawn, dropout: 0 };
  const ids = [0, 1].map((row) =>
    Array.from({ length: model.blockSize + 1 }, (_, i) => (i * 7 + row * 3) % model.vocabSize),
  );

  test.each(['float32', 'float16'] as const)('computes the loss of the model, %s', async (dtype) => {
    const { path, weights } = await written(model, dtype, `${name}-${dtype}`);
    const ours = await tokenLosses(backend, model, weights, ids);
    const [graph] = messages(readMessage(await readFile(path)), 7);
    const inputs = ids.map((row) => row.slice(0, -1));
    const logits = runOnnx(
      graph,
      new Map([['input_ids', { shape: [2, model.blockSize], data: Float64Array.from(inputs.flat()) }]]),
    );
    expect(logits.shape).toEqual([2, model.blockSize, model.vocabSize]);
    const targets = ids.flatMap((row) => row.slice(1));
    const theirs = targets.map((target, i) => {
      const row = logits.data.subarray(i * model.vocabSize, (i + 1) * model.vocabSize);
      return Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0)) - row[target];
    });
    const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;
    expect(Math.abs(mean(theirs) / mean(ours) - 1)).toBeLessThan(dtype === 'float32' ? 1e-5 : 1e-3);
    if (dtype === 'float32')
      theirs.forEach((loss, i) => {
        expect(loss).toBeCloseTo(ours[i], 4);
      });
  });
});

test('holds every weight as it is, matrices of a float16 file rounded, provenance and the card', async () => {
  const model = modelConfig.parse({ blockSize: 6, vocabSize: 9, paddedVocabSize: 16, layers: 1, heads: 2, width: 8 });
  const { path, table, weights } = await written(model, 'float16', 'whole');
  const file = readMessage(await readFile(path));
  expect([numbers(file, 1), texts(file, 2), texts(file, 6)]).toEqual([[8], ['Meander'], ['# tiny']]);
  expect(messages(file, 8).map((opset) => numbers(opset, 2))).toEqual([[17]]);
  const said = messages(file, 14).map((entry) => [texts(entry, 1)[0], texts(entry, 2)[0]]);
  expect(said).toEqual([
    ['run', 'tiny'],
    ['step', '40'],
  ]);
  const stored = initializers(messages(file, 7)[0]);
  for (const { name, shape, offset } of table.entries) {
    const rows = name === 'transformer.wte.weight' ? 9 : shape[0];
    const count = shape.slice(1).reduce((a, b) => a * b, rows);
    const own = await weights.read(offset, count);
    expect([...stored.get(name)!.data]).toEqual([...(shape.length > 1 ? fromHalf(toHalf(own)) : own)]);
  }
});

test('a damaged file is found; one that no protobuf holds is refused before anything is written', async () => {
  const model = modelConfig.parse({ blockSize: 6, vocabSize: 9, layers: 1, heads: 2, width: 8 });
  const { path, file } = await written(model, 'float32', 'damaged');
  await verifyStream(path, file);
  const bytes = await readFile(path);
  bytes[bytes.length - 5] ^= 1;
  await writeFile(path, bytes);
  await expect(verifyStream(path, file)).rejects.toMatchObject({ code: 'export-damaged' });

  const large = modelConfig.parse({ blockSize: 1024, vocabSize: 50_257, layers: 36, heads: 20, width: 1280 });
  const table = parameterTable(large);
  const never = () => Promise.reject(new Error('nothing should be read'));
  const content = { model: large, table, read: never, name: 'large', metadata: {}, card: '' };
  expect(() => onnxFile({ ...content, dtype: 'float32' })).toThrow(
    /3\.1 GB in float32, and one ONNX file holds 2\.1 GB/,
  );
  expect(onnxFile({ ...content, dtype: 'float16' }).bytes).toBeLessThan(2 ** 31);
});
