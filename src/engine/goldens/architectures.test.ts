/** Losses, logits and every gradient of GPT-NeoX and Llama against Transformers (bench/goldens/architectures.py). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend } from '../backends/backend.ts';
import { openBackend } from '../backends/select.ts';
import { fromHuggingFace, toHuggingFace } from '../checkpoint/model-config.ts';
import { cacheElements, decodeProgram, evaluateProgram, ringRows, trainProgram } from '../model/gpt.ts';
import { parameterTable } from '../model/table.ts';
import { backends } from './backends.ts';
import { group, readJson, readTensors, relativeError } from './fixture.ts';
import { readAll, slices, vectorOf } from './vectors.ts';

const fixtures = ['neox', 'neox-sequential', 'llama-grouped', 'llama-tied'];

describe.each(backends)('%s', (name) => {
  let backend: Backend;
  beforeAll(async () => {
    ({ backend } = await openBackend(name, { threads: 2 }));
  });
  afterAll(() => backend?.close());

  describe.each(fixtures)('%s', (fixture) => {
    const { config, loss } = readJson<{ config: object; loss: number }>(`arch-${fixture}`);
    const tensors = readTensors(`arch-${fixture}`);
    const model = fromHuggingFace('config.json', JSON.stringify(config));
    const table = parameterTable(model);
    const weights = group(tensors, 'weight');
    const [batch, length] = tensors.get('tokens')!.shape;

    function bind() {
      const stores = {
        parameters: vectorOf(backend, table, weights),
        tokens: backend.store('i32', batch * length),
        targets: backend.store('i32', batch * length),
        gradients: backend.store('f32', table.elements),
        ring: backend.store('f32', ringRows * 4),
      };
      for (const which of ['tokens', 'targets'] as const)
        stores[which].write(0, tensors.get(which)!.data as Int32Array);
      return stores;
    }

    test('the tensors of the file are the tensors of the table', () => {
      const shapes = (entries: Iterable<readonly [string, readonly number[]]>) =>
        new Map([...entries].map(([key, shape]) => [key, String(shape)]));
      expect(shapes(table.entries.map((entry) => [entry.name, entry.shape] as const))).toEqual(
        shapes([...weights].map(([key, { shape }]) => [key, shape] as const)),
      );
    });

    test('the configuration that is written means the same model', () => {
      const written = JSON.stringify({ ...toHuggingFace(model, 'float32', null), meander: undefined });
      expect(fromHuggingFace('config.json', written)).toEqual(model);
    });

    test('losses of evaluation', async () => {
      const program = backend.compile(evaluateProgram(model, { batch, tokens: length }));
      const { parameters, tokens, targets } = bind();
      program.run({ parameters, tokens, targets }, {});
      const losses = await program.result('losses');
      expect(relativeError(losses, tensors.get('losses')!.data)).toBeLessThan(1e-6);
      expect(Math.abs(losses.reduce((a, b) => a + b, 0) / losses.length / loss - 1)).toBeLessThan(1e-6);
    });

    test('gradients of every tensor', async () => {
      const program = backend.compile(trainProgram(model, { batch, tokens: length }));
      const stores = bind();
      program.run(stores, { accumulate: 0, lossScale: 1, ringSlot: 0 });
      const gradient = await readAll(stores.gradients);
      const expected = group(tensors, 'gradient');
      for (const [key, slice] of slices(table, gradient))
        expect(relativeError(slice, expected.get(key)!.data), key).toBeLessThan(1e-5);
    });

    test('logits through the cache, whatever the pieces', async () => {
      const { parameters } = bind();
      const ids = tensors.get('tokens')!.data as Int32Array;
      const logits = tensors.get('logits')!;
      const vocab = logits.shape[2];
      for (const pieces of [[length], [5, 1, 9, length - 15]]) {
        const caches = Object.fromEntries(
          Array.from({ length: model.layers }, (_, layer) =>
            ['keys', 'values'].map((kind) => [`${kind}.${layer}`, backend.store('f32', batch * cacheElements(model))]),
          ).flat(),
        );
        let position = 0;
        for (const piece of pieces) {
          const decode = backend.compile(decodeProgram(model, { batch, tokens: piece }));
          const tokens = backend.store('i32', batch * piece);
          for (let row = 0; row < batch; row++)
            tokens.write(row * piece, ids.slice(row * length + position, row * length + position + piece));
          decode.run({ parameters, tokens, ...caches }, { position });
          position += piece;
          const got = await decode.result('logits');
          for (let row = 0; row < batch; row++) {
            const at = (row * length + position - 1) * vocab;
            const want = logits.data.subarray(at, at + vocab);
            expect(relativeError(got.subarray(row * vocab, (row + 1) * vocab), want)).toBeLessThan(2e-6);
          }
        }
      }
    });
  });
});
