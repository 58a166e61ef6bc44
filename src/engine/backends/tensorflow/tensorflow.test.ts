/** What is TensorFlow's own: nothing is left behind, stores in pieces, its errors in our words. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { trainingBatch } from '../../data/batch.ts';
import { evaluateProgram } from '../../model/gpt.ts';
import { parameterTable } from '../../model/table.ts';
import { TrainingDevice } from '../../train/device.ts';
import { microConfig, microDataset } from '../../train/fixture.ts';
import { TensorflowBackend } from './index.ts';
import type { Library, Tf } from './library.ts';
import { pureLibrary } from './pure.ts';

let library: Library;
let backend: TensorflowBackend;
beforeAll(async () => {
  library = await pureLibrary();
});
beforeEach(() => {
  backend = new TensorflowBackend(library);
});
afterAll(() => backend.close());

const held = () => {
  const { numTensors, numBytes, numDataBuffers } = library.tf.memory();
  return { numTensors, numBytes, numDataBuffers };
};

/** Smallest model that has every operation of training in it, dropout included. */
const config = microConfig({
  model: { blockSize: 4, vocabSize: 28, paddedVocabSize: 30, layers: 1, heads: 2, width: 4, dropout: 0.1 },
  batch: { microBatch: 1, accumulation: 2 },
});
const { train, meta } = microDataset();

function batchOf(step: number, microBatch: number) {
  const at = { fingerprint: meta.fingerprint, seed: config.seed, step, microBatch };
  return trainingBatch(train, at, { batch: config.batch.microBatch, tokens: config.model.blockSize });
}

function step(device: TrainingDevice, at: number): void {
  for (let micro = 0; micro < config.batch.accumulation; micro++) {
    device.microStep(at, micro, batchOf(at, micro));
  }
  device.update(at, 1e-3);
}

describe('memory', () => {
  it('holds as many tensors and bytes after 150 steps as before, and none once all is freed', async () => {
    const nothing = held();
    const device = new TrainingDevice(backend, config);
    const average = backend.store('f32', device.table.elements);
    const at = async (from: number, to: number) => {
      for (let s = from; s < to; s++) {
        step(device, s);
        // As a policy does.
        if (s === 0) backend.vectors.copy(average, device.parameters);
        else backend.vectors.lerp(average, device.parameters, 0.1);
      }
      await device.result(to - 1);
      return held();
    };
    const early = await at(0, 2);
    expect(early.numTensors).toBeGreaterThan(nothing.numTensors);
    expect(await at(2, 152)).toEqual(early);
    device.free();
    average.free();
    await backend.drain();
    expect(held()).toEqual(nothing);
  }, 20_000);

  it('is let go of by a run that fails half way, and by evaluation', async () => {
    const nothing = held();
    const executable = backend.compile(evaluateProgram(config.model, { batch: 1, tokens: 4 }));
    const bindings = {
      parameters: backend.store('f32', parameterTable(config.model).elements),
      tokens: backend.store('i32', 4),
      targets: backend.store('i32', 4),
    };
    executable.run(bindings, {});
    expect(await executable.result('losses')).toHaveLength(4);
    const before = held();
    bindings.targets.write(0, Int32Array.of(0, 28, 0, 0));
    executable.run(bindings, {});
    await expect(backend.drain()).rejects.toThrow(/token 28/);
    expect(held()).toEqual(before);
    executable.free();
    for (const store of Object.values(bindings)) store.free();
    await backend.drain();
    expect(held()).toEqual(nothing);
  });

  it('does not grow with writes and copies across the pieces of a store', async () => {
    const [a, b] = [backend.store('f32', 100), backend.store('f32', 100)];
    const values = Float32Array.from({ length: 100 }, (_, i) => i);
    for (let round = 0; round < 5; round++) {
      a.write(0, values.subarray(0, 40));
      a.write(30, values.subarray(30));
      a.write(33, Float32Array.of(7, 8, 9));
      backend.vectors.copy(b, a);
      backend.vectors.add(b, a);
      const want = values.map((x, i) => 2 * (i >= 33 && i < 36 ? i - 26 : x));
      expect(await b.read(0, 100)).toEqual(want);
      expect(await b.read(29, 10)).toEqual(want.subarray(29, 39));
    }
    const before = held();
    a.write(33, Float32Array.of(7, 8, 9));
    await backend.drain();
    expect(held()).toEqual(before);
    a.free();
    b.free();
    await backend.drain();
    expect(() => a.write(0, values)).toThrow(/freed/);
  });
});

describe('errors of TensorFlow', () => {
  /** The same library, but for one function. */
  const failing = (message: string) =>
    new TensorflowBackend({
      ...library,
      tf: Object.assign(Object.create(library.tf), {
        matMul: () => {
          throw new Error(message);
        },
      }) as Tf,
    });

  it.each([
    [
      'OOM when allocating tensor with shape[8192,50257] and type float on /device:GPU:0 by allocator GPU_0_bfc\nHint',
      { code: 'device-memory', message: expect.stringContaining('shape[8192,50257]') },
    ],
    [
      "Kernel 'Erf' not registered for backend 'wasm'. Did you forget to import …",
      { code: 'tensorflow-operation', message: expect.stringContaining('Erf') },
    ],
    ['something else', { message: 'something else' }],
  ])('come as %s', async (message, expected) => {
    const device = new TrainingDevice(failing(message), config);
    step(device, 0);
    await expect(device.result(0)).rejects.toMatchObject(expected);
  });
});
