import { describe, expect, it } from 'vitest';
import type { ModelConfig } from '../../../shared/config.ts';
import { evaluateProgram } from '../../model/gpt.ts';
import { initialWeights } from '../../model/init.ts';
import { parameterTable } from '../../model/table.ts';
import type { Backend, Store } from '../backend.ts';
import type { Bench } from './conformance.ts';

const model: ModelConfig = {
  blockSize: 32,
  vocabSize: 29,
  paddedVocabSize: null,
  layers: 2,
  heads: 2,
  width: 32,
  dropout: 0,
  bias: false,
  gelu: 'tanh',
  inverseLayerScaling: false,
};

function setUp(backend: Backend, batch: number, tokens = model.blockSize) {
  const executable = backend.compile(evaluateProgram(model, { batch, tokens }));
  const bindings: Record<string, Store> = {
    parameters: backend.store('f32', parameterTable(model).elements),
    tokens: backend.store('i32', batch * tokens),
    targets: backend.store('i32', batch * tokens),
  };
  for (const { offset, data } of initialWeights(model, 1)) bindings.parameters.write(offset, data);
  return { executable, bindings };
}

export function queueSuite(bench: Bench): void {
  describe('stores', () => {
    it('are zero when made, keep what is written, and copy it at once', async () => {
      const store = bench.tested.store('f32', 1000);
      expect((await store.read(0, 1000)).every((x) => x === 0)).toBe(true);
      const data = Float32Array.of(1.5, -2.25);
      store.write(997, data);
      data.fill(7);
      expect([...(await store.read(996, 4))]).toEqual([0, 1.5, -2.25, 0]);
      const ids = bench.tested.store('i32', 3);
      ids.write(1, Int32Array.of(-5, 2 ** 31 - 1));
      expect([...(await ids.read(0, 3))]).toEqual([0, -5, 2 ** 31 - 1]);
    });

    it('hand out what was there when the read was asked for', async () => {
      const store = bench.tested.store('f32', 4);
      store.write(0, Float32Array.of(1, 1, 1, 1));
      const before = store.read(0, 4);
      store.write(0, Float32Array.of(2, 2, 2, 2));
      expect([...(await before)]).toEqual([1, 1, 1, 1]);
      expect([...(await store.read(0, 4))]).toEqual([2, 2, 2, 2]);
    });

    it('refuse what passes their end, and reads over 8 MiB', async () => {
      const store = bench.tested.store('f32', 2_097_153);
      expect(() => store.write(2_097_153, Float32Array.of(1))).toThrow(RangeError);
      expect(() => store.write(-1, Float32Array.of(1))).toThrow(RangeError);
      await expect((async () => store.read(2_097_150, 4))()).rejects.toThrow(RangeError);
      await expect((async () => store.read(0, 2_097_153))()).rejects.toThrow(RangeError);
      expect(await store.read(1, 2_097_152)).toHaveLength(2_097_152);
      store.free();
    });
  });

  describe('the queue', () => {
    it('names a missing, a short and a mistyped binding', async () => {
      const { executable, bindings } = setUp(bench.tested, 1);
      const { targets: _, ...missing } = bindings;
      expect(() => executable.run(missing, {})).toThrow(/targets/);
      expect(() => executable.run({ ...bindings, tokens: bench.tested.store('i32', 31) }, {})).toThrow(/tokens/);
      expect(() => executable.run({ ...bindings, parameters: bench.tested.store('f32', 64) }, {})).toThrow(
        /parameters/,
      );
      expect(() => executable.run({ ...bindings, tokens: bench.tested.store('f32', 32) }, {})).toThrow(/tokens/);
      executable.run(bindings, {});
      await bench.tested.drain();
    });

    it('reports a token outside the vocabulary, and goes on afterwards', async () => {
      const { executable, bindings } = setUp(bench.tested, 1);
      for (const [name, id] of [
        ['tokens', 29],
        ['tokens', -1],
        ['targets', 29],
      ] as const) {
        bindings[name].write(3, Int32Array.of(id));
        const attempt = async () => {
          executable.run(bindings, {});
          await bench.tested.drain();
        };
        await expect(attempt()).rejects.toThrow(/29|-1/);
        bindings[name].write(3, Int32Array.of(0));
      }
      executable.run(bindings, {});
      const losses = await executable.result('losses');
      expect(losses.every(Number.isFinite)).toBe(true);
      await bench.tested.drain();
    });

    it("keeps one program's results while another runs in the same arena", async () => {
      const first = setUp(bench.tested, 1);
      const second = setUp(bench.tested, 2);
      first.executable.run(first.bindings, {});
      const alone = await first.executable.result('losses');
      first.executable.run(first.bindings, {});
      second.bindings.tokens.write(0, new Int32Array(64).fill(5));
      second.executable.run(second.bindings, {});
      expect(await first.executable.result('losses')).toEqual(alone);
      expect(await second.executable.result('losses')).toHaveLength(64);
    });

    it('lets the event loop turn while it works', async () => {
      const { executable, bindings } = setUp(bench.tested, 16);
      executable.run(bindings, {});
      await bench.tested.drain();
      let turns = 0;
      const timer = setInterval(() => turns++, 1);
      const start = performance.now();
      let runs = 0;
      while (performance.now() - start < 200) {
        for (let i = 0; i < 4; i++) executable.run(bindings, {});
        runs += 4;
        await bench.tested.drain();
      }
      clearInterval(timer);
      expect(runs).toBeGreaterThan(0);
      // A turn every 50 ms: several times the bound of 10, for a machine that is busy with other things.
      expect(turns).toBeGreaterThan((performance.now() - start) / 50);
    });
  });
}
