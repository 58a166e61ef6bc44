import { afterAll, describe, expect, it } from 'vitest';
import { type ModelConfig, optimizerConfig } from '../../../shared/config.ts';
import { decodeProgram, evaluateProgram, trainProgram, updateProgram } from '../../model/gpt.ts';
import { parameterTable } from '../../model/table.ts';
import type { AnyOp, Program } from '../../program/types.ts';
import type { Store } from '../backend.ts';
import { storesOf } from '../conformance/bench.ts';
import { operationTrials } from '../conformance/cases.ts';
import { dawn } from './dawn.ts';
import { WebgpuBackend } from './index.ts';
import { plainTiles, splitsOf, stagedTiles, stagedVariants } from './kernels/matmul.ts';

// Dawn's null backend computes nothing, but checks every shader, pipeline and binding. It comes with the package.
const gpu = (() => {
  try {
    return dawn(['backend=null']);
  } catch (error) {
    return (error as Error).message;
  }
})();
const opened: WebgpuBackend[] = [];
async function open(options: Parameters<typeof WebgpuBackend.open>[1]): Promise<WebgpuBackend> {
  const adapter = await (gpu as GPU).requestAdapter();
  const backend = await WebgpuBackend.open(adapter!, options);
  opened.push(backend);
  return backend;
}
afterAll(async () => {
  for (const backend of opened) await backend.close();
});

/** Compiles and runs a program; what the validator finds makes `drain` reject. */
async function validate(backend: WebgpuBackend, program: Program): Promise<void> {
  const executable = backend.compile(program);
  const stores: Record<string, Store> = {};
  for (const [name, { dtype, elements }] of storesOf(program)) stores[name] = backend.store(dtype, elements);
  executable.run(stores, {});
  await backend.drain();
  executable.free();
  for (const store of Object.values(stores)) store.free();
}

const gpt2: ModelConfig = {
  blockSize: 1024,
  vocabSize: 50_257,
  paddedVocabSize: 50_304,
  layers: 1,
  heads: 12,
  width: 768,
  dropout: 0.1,
  bias: true,
  gelu: 'tanh',
  inverseLayerScaling: false,
};
const small: ModelConfig = { ...gpt2, blockSize: 64, vocabSize: 1000, paddedVocabSize: null };

describe.skipIf(typeof gpu === 'string')(
  `shaders, on Dawn's null backend${typeof gpu === 'string' ? `: ${gpu}` : ''}`,
  () => {
    it.each([plainTiles, ...stagedVariants].map((tiles) => [tiles.name, tiles] as const))(
      'every operation, matrix products %s',
      async (_, tiles) => {
        const backend = await open({ tiles, logitBytes: 1 << 14 });
        for (const { program } of operationTrials) await validate(backend, program);
      },
    );

    it("GPT-2's widths, training to decoding, within the limits that every adapter has", async () => {
      const backend = await open({ tiles: stagedTiles });
      // The null backend has half a gigabyte in all: a smaller vocabulary, everything else as it is.
      const model = { ...gpt2, vocabSize: 8000, paddedVocabSize: 8064 };
      await validate(backend, trainProgram(model, { batch: 1, tokens: 1024 }));
      await validate(backend, evaluateProgram(model, { batch: 1, tokens: 1024 }));
      await validate(backend, decodeProgram(model, { batch: 1, tokens: 1 }));
      await validate(backend, updateProgram(parameterTable(model), optimizerConfig.parse({})));
    });

    it('cuts vectors into segments and the arena into pages where the adapter has little room', async () => {
      const backend = await open({ tiles: stagedTiles, bindingBytes: 1 << 20, pageBytes: 1 << 20 });
      const elements = 2 ** 20 + 4096;
      await validate(backend, updateProgram({ elements, count: elements, entries: [] }, optimizerConfig.parse({})));
      backend.vectors.lerp(backend.store('f32', elements), backend.store('f32', elements), 0.5);
      await validate(backend, evaluateProgram({ ...small, width: 96, blockSize: 256 }, { batch: 2, tokens: 256 }));
    });

    it('reports what the validator refuses when the queue is drained, and goes on', async () => {
      const backend = await open({});
      backend.device.device.createShaderModule({ code: 'fn broken( {' });
      await expect(backend.drain()).rejects.toThrow(/refused/);
      await backend.drain();
    });

    it('refuses an operation that it has no shaders for, by name', async () => {
      const backend = await open({});
      const op = { kind: 'rotary', in: {}, out: {}, attrs: {}, writes: {} } as unknown as AnyOp;
      expect(() => backend.compile({ name: 'foreign', ops: [op], results: [] })).toThrow(/no rotary/);
    });

    it('says what to lower, and to what, where a tensor is more than a binding takes', async () => {
      const backend = await open({ bindingBytes: 1 << 20 });
      const model = { ...gpt2, blockSize: 64, vocabSize: 1000, paddedVocabSize: null };
      const shape = { ...model, width: 192 };
      expect(() => backend.compile(trainProgram(shape, { batch: 16, tokens: 64 }))).toThrow(
        expect.objectContaining({
          code: 'device-memory',
          next: expect.stringMatching(/micro-batch.*at most 7 where it has 16/),
        }),
      );
      expect(() => backend.compile(evaluateProgram(model, { batch: 1, tokens: 8 }))).toThrow(
        expect.objectContaining({
          message: expect.stringMatching(/"transformer.wte.weight"/),
          next: expect.stringMatching(/vocabulary/),
        }),
      );
    });

    it('says how large one piece may be where a store is larger', async () => {
      const backend = await open({});
      expect(() => backend.store('f32', 2 ** 40)).toThrow(/256 MiB in one piece/);
    });
  },
);

describe('pieces of a sum over k', () => {
  it('follow from shape and tiles: none where tiles are many, some where k is long and they are few', () => {
    expect(splitsOf(stagedTiles, 12_288, 768, 3072)).toBe(1);
    expect(splitsOf(stagedTiles, 768, 768, 12_288)).toBe(2);
    expect(splitsOf(stagedTiles, 64, 64, 100_000)).toBe(32);
    expect(splitsOf(stagedTiles, 64, 64, 100)).toBe(1);
  });
});
