import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ModelConfig, OptimizerConfig } from '../../../shared/config.ts';
import { estimateMemory } from '../../../shared/estimate.ts';
import { presetConfig } from '../../../shared/presets.ts';
import { evaluateProgram, ringRows, trainProgram, updateProgram } from '../../model/gpt.ts';
import { parameterTable } from '../../model/table.ts';
import type { Backend, BackendOptions, Store } from '../backend.ts';
import { addonCandidates, findAddon, loadAddon } from './addon.ts';
import { openMixed, withFamily } from './fixture.ts';
import { type NativeBackend, nativeStatus, openNative } from './index.ts';
import { lowerProgram } from './lower.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const model: ModelConfig = {
  blockSize: 16,
  vocabSize: 31,
  paddedVocabSize: 32,
  layers: 2,
  heads: 2,
  width: 24,
  dropout: 0.1,
  bias: true,
  gelu: 'exact',
  inverseLayerScaling: false,
};
const optimizer: OptimizerConfig = {
  kind: 'adamw',
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.1,
  decayEmbeddings: true,
  clip: 1,
};

/** Opens the engine with the kernels of one family. */
const openFamily = (family: string, options: BackendOptions) => withFamily(family, () => openNative(options));

describe('finding the addon', () => {
  it('takes the one that MEANDER_NATIVE names and no other', () => {
    expect(addonCandidates(import.meta.url, '/somewhere/meander.node')).toEqual(['/somewhere/meander.node']);
    expect(findAddon(import.meta.url, '/nowhere/meander.node')).toBeNull();
  });

  it('looks beside a bundle, in a package, and in the source tree', () => {
    const bundle = pathToFileURL(join(root, 'out/workers/main.js')).href;
    const candidates = addonCandidates(bundle, undefined);
    expect(candidates).toContain(join(root, 'out/workers/meander.node'));
    expect(candidates).toContain(join(root, 'out/native/meander.node'));
    expect(candidates).toContain(join(root, 'native/build/Release/meander.node'));
    const source = pathToFileURL(join(root, 'src/engine/backends/native/addon.ts')).href;
    expect(addonCandidates(source, undefined)).toContain(join(root, 'native/build/Release/meander.node'));
  });
});

const { addon } = loadAddon();
if (!addon) describe('native engine', () => it.skip(`${nativeStatus().reason}`, () => {}));
else {
  describe('native engine', () => {
    it('says which kernels it runs, and refuses a family that this processor lacks', async () => {
      expect(nativeStatus().family).toMatch(/float32$/);
      const foreign = process.arch === 'arm64' ? 'avx2' : 'neon';
      await expect(openFamily(foreign, {})).rejects.toMatchObject({ code: 'native-family' });
      await expect(openFamily(foreign, {})).rejects.toThrow(/cannot run on this processor/);
    });

    it('computes in the precision that is asked for, and says which; a forced family decides for itself', async () => {
      const precisionOf = async (backend: Promise<Backend>) => {
        const { info, close } = await backend.then((b) => ({ info: b.info, close: () => b.close() }));
        await close();
        return info.numerics.precision;
      };
      expect(await precisionOf(openNative({}))).toBe('float32');
      expect(await precisionOf(openNative({ precision: 'float32' }))).toBe('float32');
      const here = nativeStatus('mixed').mixed ? 'mixed' : 'float32';
      expect(await precisionOf(openNative({ precision: 'mixed' }))).toBe(here);
      expect(nativeStatus('mixed').family).toMatch(here === 'mixed' ? /bfloat16$/ : /float32$/);
      expect(await precisionOf(openFamily('portablebf16', { precision: 'float32' }))).toBe('mixed');
      expect(await precisionOf(openFamily('portable', { precision: 'mixed' }))).toBe('float32');
    });

    it('keeps packed weights with their store, and lets them go with it', async () => {
      const backend = await openMixed({ threads: 2 });
      const start = addon.memory();
      const table = parameterTable(model);
      const bound = {
        parameters: backend.store('f32', table.elements),
        tokens: backend.store('i32', 32),
        targets: backend.store('i32', 32),
      };
      const program = backend.compile(evaluateProgram(model, { batch: 2, tokens: 16 }));
      program.run(bound, {});
      await backend.drain();
      const once = addon.memory();
      for (let i = 0; i < 3; i++) {
        bound.parameters.write(0, Float32Array.of(i));
        program.run(bound, {});
      }
      await backend.drain();
      expect(addon.memory()).toBe(once);
      const scratch = backend.store('f32', table.elements);
      program.run({ ...bound, parameters: scratch }, {});
      await backend.drain();
      // The vector itself, and two bytes or more for each weight of a matrix.
      expect(addon.memory() - once).toBeGreaterThan(4 * table.elements + 2 * 12 * 2 * 24 * 24);
      scratch.free();
      await backend.drain();
      expect(addon.memory()).toBe(once);
      program.free();
      for (const store of Object.values(bound)) store.free();
      await backend.close();
      // A program's results wait for the garbage collector.
      expect(addon.memory() - start).toBeLessThan(1000);
    });

    it('keeps thread counts out of the numerics', async () => {
      const [one, three] = [await openNative({ threads: 1 }), await openNative({ threads: 3 })];
      expect(three.info.numerics).toEqual(one.info.numerics);
      expect([one.info.threads, three.info.threads]).toEqual([1, 3]);
      await Promise.all([one.close(), three.close()]);
    });

    it('fuses what its table says, with smaller programs and the same bits', async () => {
      const program = trainProgram(model, { batch: 2, tokens: 16 });
      expect(lowerProgram(program, true).code.length).toBeLessThan(lowerProgram(program, false).code.length);
      const outcome = [];
      for (const fusion of [true, false]) outcome.push(await train(await openNative({ threads: 2, fusion }), 3));
      expect(outcome[0]).toEqual(outcome[1]);
    });

    it('holds the same memory after 2,000 steps as after 5, in a process that grows no more, and gives all of it back', async () => {
      const start = addon.memory();
      const backend = await openNative({ threads: 2 });
      const counted: number[] = [];
      const resident: number[] = [];
      await train(backend, 2000, (step) => {
        if (step === 5 || step === 1999) counted.push(addon.memory());
        if (step === 999 || step === 1999) resident.push(process.memoryUsage.rss());
      });
      expect(counted[1]).toBe(counted[0]);
      // What leaks 8 KB a step would be over it; JavaScript's own heap breathes below it.
      expect(resident[1] - resident[0]).toBeLessThan(8 << 20);
      // What tests before this one left to the garbage collector may go meanwhile.
      expect(addon.memory()).toBeLessThanOrEqual(start);
    });

    it.each(['float32', 'mixed'] as const)('takes what was estimated before a run: %s', async (precision) => {
      const vocabSize = 97;
      const quickstart = { name: 'run', dataset: { folder: '/data', tokenizer: { vocabSize } } };
      const config = presetConfig('quickstart', quickstart);
      const estimate = estimateMemory({ ...config, policies: [], device: { ...config.device, precision } }, 64e9);
      const backend = precision === 'mixed' ? await openMixed({ threads: 2 }) : await openNative({ threads: 2 });
      const start = addon.memory();
      const size = { batch: config.batch.microBatch, tokens: config.model.blockSize };
      const programs = [trainProgram(config.model, size), evaluateProgram(config.model, size)];
      const elements = parameterTable(config.model).elements;
      const vectors = ['parameters', 'gradients', 'm', 'v'].map(
        (name) => [name, backend.store('f32', elements)] as const,
      );
      const tokens = backend.store('i32', size.batch * size.tokens);
      const bound = {
        ...Object.fromEntries(vectors),
        tokens,
        targets: tokens,
        ring: backend.store('f32', 4 * ringRows),
      };
      const compiled = programs.map((program) => backend.compile(program));
      await backend.drain();
      const planned = addon.memory();
      for (const program of compiled) program.run(bound, {});
      await backend.drain();
      // Scratch is the engine's own, bounded by the caches, and no part of the estimate; packed weights are.
      const packed = precision === 'mixed' ? estimate.parameters - estimate.gradients : 0;
      expect((planned - start + packed) / estimate.total).toBeGreaterThan(0.95);
      expect((planned - start + packed) / estimate.total).toBeLessThan(1.05);
      expect(addon.memory() - planned).toBeGreaterThan(packed);
      for (const program of compiled) program.free();
      for (const store of Object.values(bound)) store.free();
      await backend.close();
    });

    it('measures what operations take, once it is asked to', async () => {
      const backend = (await openNative({ threads: 1 })) as NativeBackend;
      expect(await backend.profile()).toEqual([]);
      await train(backend, 20, () => {}, false);
      const measured = await backend.profile();
      const runs = Object.fromEntries(measured.map((o) => [o.operation, o.runs / 20]));
      expect(runs).toMatchObject({ embedding: 1, linear: 4 * model.layers, attention: model.layers, adamw: 1 });
      const linear = measured.find((o) => o.operation === 'linear')!;
      expect(linear.products).toBeGreaterThan(0);
      expect(measured.every((o) => o.packing >= 0 && o.products >= 0 && o.other >= 0)).toBe(true);
      expect(measured.find((o) => o.operation === 'attention')).toMatchObject({ packing: 0, products: 0 });
      expect(await backend.profile()).toEqual([]);
      await backend.close();
    });

    it('names the size when memory is not to be had', async () => {
      const backend = await openNative({ threads: 1 });
      expect(() => backend.store('f32', 2 ** 45)).toThrow(/35184372088832 elements.*MB of memory/);
      await backend.close();
    });

    it('refuses work after it is closed', async () => {
      const backend = await openNative({ threads: 1 });
      await backend.close();
      await backend.close();
      expect(() => backend.store('f32', 64)).toThrow(/closed/);
    });
  });
}

/** Trains the little model and, unless told otherwise, closes the backend; returns the parameters. */
async function train(backend: Backend, steps: number, at = (_: number) => {}, close = true) {
  const table = parameterTable(model);
  const stores: Record<string, Store> = {
    ring: backend.store('f32', 4 * ringRows),
    counters: backend.store('f32', 4),
    tokens: backend.store('i32', 32),
    targets: backend.store('i32', 32),
  };
  for (const name of ['parameters', 'gradients', 'm', 'v']) stores[name] = backend.store('f32', table.elements);
  const start = Float32Array.from({ length: table.elements }, (_, i) => 0.1 * Math.sin(i));
  (stores.parameters as Store<'f32'>).write(0, start);
  const ids = Int32Array.from({ length: 32 }, (_, i) => (i * 7) % 31);
  (stores.tokens as Store<'i32'>).write(0, ids);
  (stores.targets as Store<'i32'>).write(0, ids);
  const forward = backend.compile(trainProgram(model, { batch: 2, tokens: 16 }));
  const update = backend.compile(updateProgram(table, optimizer));
  for (let step = 0; step < steps; step++) {
    forward.run(stores, { seed: 7, step, ringSlot: step % ringRows });
    update.run(stores, { learningRate: 1e-3, ringSlot: step % ringRows });
    await backend.drain();
    at(step);
  }
  const parameters = await stores.parameters.read(0, table.elements);
  for (const program of [forward, update]) program.free();
  for (const store of Object.values(stores)) store.free();
  if (close) await backend.close();
  return parameters;
}
