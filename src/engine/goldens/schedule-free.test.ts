/** Schedule-free AdamW against numpy in float64 (bench/goldens/schedule_free.py). */
import { describe, expect, test } from 'vitest';
import { optimizerConfig } from '../../shared/config.ts';
import { openBackend } from '../backends/select.ts';
import { ringRows, updateProgram } from '../model/gpt.ts';
import { backends } from './backends.ts';
import { readJson, readTensors, relativeError } from './fixture.ts';

const golden = readJson<{
  settings: { beta1: number; beta2: number; epsilon: number; weightDecay: number; clip: number };
  decayed: [number, number];
  rates: number[];
  weights: number;
  rate: number;
}>('schedule-free');
const tensors = readTensors('schedule-free');
const data = (name: string) => tensors.get(name)!.data as Float32Array;
const elements = data('start').length;
const [from, to] = golden.decayed;
const table = {
  elements,
  count: elements,
  entries: [
    { name: 'a', shape: [to - from, 1], offset: from, decay: true },
    { name: 'b', shape: [elements - to], offset: to, decay: false },
  ],
};

describe.each(backends)('%s', (name) => {
  test('40 updates end where numpy’s do', async () => {
    const { backend } = await openBackend(name, {});
    const store = (size: number) => backend.store('f32', size);
    const vectors = { parameters: store(elements), z: store(elements), v: store(elements), point: store(elements) };
    const stores = { ...vectors, gradients: store(elements), counters: store(4), ring: store(ringRows * 4) };
    for (const key of ['parameters', 'z', 'point'] as const) stores[key].write(0, data('start'));
    const update = backend.compile(
      updateProgram(table, optimizerConfig.parse({ kind: 'schedule-free', ...golden.settings })),
    );
    for (const [step, learningRate] of golden.rates.entries()) {
      stores.gradients.write(0, data('gradients').slice(step * elements, (step + 1) * elements));
      update.run(stores, { learningRate, ringSlot: 0 });
    }
    expect(relativeError(await stores.parameters.read(0, elements), data('x'))).toBeLessThan(1e-6);
    expect(relativeError(await stores.z.read(0, elements), data('z'))).toBeLessThan(1e-6);
    const [t, rate, high, low] = await stores.counters.read(0, 4);
    expect(t).toBe(golden.rates.length);
    expect(rate).toBe(Math.fround(golden.rate));
    expect((high + low) / golden.weights).toBeCloseTo(1, 6);
    await backend.close();
  });
});
