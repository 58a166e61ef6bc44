/** What conformance leaves out: shaders for cards, on a software adapter at the smallest shapes; arithmetic on any bits. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random, Streams } from '../../random.ts';
import type { Backend, Floats, VectorOps } from '../backend.ts';
import { disagreements, perform } from '../conformance/bench.ts';
import { operationTrials } from '../conformance/cases.ts';
import { openReference } from '../reference/index.ts';
import { listAdapters } from './adapters.ts';
import { lacksAdapter } from './fixture.ts';
import { openWebgpu, type WebgpuBackend } from './index.ts';
import { tokenOrder } from './kernels/embedding.ts';
import { stagedTiles } from './kernels/matmul.ts';

const { fround } = Math;
const reason = await lacksAdapter();
const small = [
  'layerNorm [5,7]',
  'residualLayerNorm [2,3,771]',
  'linear [3,11,65]',
  'linear [4,9,20]',
  'attention 2 × 3 heads × 5',
  'cachedAttention 2',
  'classifier [5,7]',
  'recordLoss of 37',
];

describe.skipIf(reason !== null)(`webgpu on a software adapter${reason ? `: ${reason}` : ''}`, () => {
  let backend: WebgpuBackend;
  let reference: Backend;
  beforeAll(async () => {
    // Sixteen threads: a software adapter takes long for every one that waits at a barrier.
    const size = { rows: 16, columns: 16, depth: 4, threadRows: 4, threadColumns: 4 };
    const tiles = { ...stagedTiles, ...size, name: 'staged, split early', splitDepth: 16 };
    backend = await openWebgpu({ software: true, tiles, logitBytes: 1 << 14 });
    reference = await openReference();
  });
  afterAll(async () => {
    await backend.close();
    await reference.close();
  });

  it.each(small)('%s, with workgroups that share memory', async (name) => {
    const trials = operationTrials.filter((trial) => trial.name.startsWith(name));
    expect(trials).toHaveLength(1);
    const want = await perform(reference, trials[0]);
    expect(disagreements(await perform(backend, trials[0]), want, 1e-5)).toEqual([]);
  });

  /** Any bits: subnormal numbers, infinities, NaN, and exponents that do not meet. */
  function bits(seed: number): Float32Array {
    const random = new Random(seed, Streams.probe, 0, 0);
    const words = Uint32Array.from({ length: 16_384 }, (_, i) => random.word(i));
    // A quarter near each other and near one, where sums cancel.
    for (let i = 0; i < words.length; i += 4) words[i] = (words[i] & 0x807fffff) | ((126 + (i & 1)) << 23);
    return new Float32Array(words.buffer);
  }
  const formulas: [keyof VectorOps, (t: number, s: number, by: number) => number][] = [
    ['add', (t, s) => t + s],
    ['divide', (t, _, by) => t / by],
    ['lerp', (t, s, by) => t + fround(by * fround(s - t))],
    ['running', (t, s, by) => t + fround(fround(s - t) / by)],
    ['scale', (t, _, by) => t * by],
    ['addScaled', (t, s, by) => t + fround(by * s)],
  ];
  it.each(formulas)('%s rounds any bits as IEEE 754 says', async (name, formula) => {
    const [t, s] = [bits(1), bits(2)];
    for (const by of [0.1, -3, 1e-38, 3e38].map(fround)) {
      const [target, source] = [backend.store('f32', t.length), backend.store('f32', t.length)];
      target.write(0, t);
      source.write(0, s);
      if (name === 'divide' || name === 'scale') backend.vectors[name](target, by);
      else (backend.vectors[name] as (t: Floats, s: Floats, by: number) => void)(target, source, by);
      const got = await target.read(0, t.length);
      const wrong = [...t.keys()].filter((i) => !Object.is(got[i], fround(formula(t[i], s[i], by))));
      expect(wrong.slice(0, 3).map((i) => `${t[i]}, ${s[i]} by ${by}: ${got[i]}`)).toEqual([]);
      target.free();
      source.free();
    }
  });

  it('lists the adapter with what it lacks, and takes none that computes on the processor unless asked', async () => {
    const { adapters } = await listAdapters();
    expect(adapters.length).toBeGreaterThan(0);
    const software = adapters.find((adapter) => adapter.software)!;
    expect(software.bufferBytes).toBeGreaterThan(2 ** 27);
    expect(software.features.length + software.lacks.length).toBe(4);
    if (adapters.every((adapter) => adapter.software))
      await expect(openWebgpu({})).rejects.toMatchObject({
        code: 'webgpu-missing',
        message: /on the processor|no graphics card/,
      });
  });
});

describe('the order of tokens', () => {
  it('lists rows by token, in their order, and where each token begins and ends', () => {
    const words = new Int32Array(20);
    tokenOrder(Int32Array.of(7, 0, 7, 3, 0), words);
    expect([...words.subarray(0, 5)]).toEqual([1, 4, 3, 0, 2]);
    expect([...words.subarray(5, 14)]).toEqual([0, 0, 2, 3, 2, 3, 7, 3, 5]);
    expect([words[14], words[17]]).toEqual([-1, -1]);
  });
});
