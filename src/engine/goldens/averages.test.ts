/** LAWA, WMA, EMA, SWA, power EMA and tail EMA against numpy float32, bit by bit (bench/goldens/averages.py). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EmaConfig, PolicyConfig } from '../../shared/config.ts';
import { createPolicy, type Policy, type Resolved, type SnapshotFiles, SnapshotPool } from '../averaging/index.ts';
import type { Backend, Floats } from '../backends/backend.ts';
import { openBackend } from '../backends/select.ts';
import { Random } from '../random.ts';
import { backends } from './backends.ts';
import { bits, readJson, readTensors, relativeError } from './fixture.ts';

const golden = readJson<{
  elements: number;
  lastStep: number;
  policies: { policy: Resolved<PolicyConfig>; steps: number[]; counts: number[] }[];
  long: {
    updates: number;
    elements: number;
    seed: number;
    stream: number;
    policies: { policy: Resolved<EmaConfig>; errorOfFloat32: number }[];
  };
}>('averages');
const tensors = readTensors('averages');
const floats = (name: string) => tensors.get(name)!.data as Float32Array;

describe.each(backends)('%s', (name) => {
  let backend: Backend;
  let weights: Floats;
  let average: Floats;
  const { elements, lastStep, policies } = golden;
  beforeAll(async () => {
    ({ backend } = await openBackend(name, { threads: 2 }));
    weights = backend.store('f32', elements);
    average = backend.store('f32', elements);
  });
  afterAll(() => backend?.close());

  test.each(['memory', 'disk'] as const)('all policies on one run, snapshots in %s', async (place) => {
    const snapshots = new SnapshotPool({
      backend,
      elements,
      files: place === 'disk' ? filesInMemory() : null,
      memoryBudget: place === 'disk' ? 0 : Number.POSITIVE_INFINITY,
    });
    const watched = policies.map((entry) => ({
      ...entry,
      created: createPolicy(entry.policy, { backend, elements, snapshots }),
      seen: [] as number[],
    }));
    const trajectory = floats('trajectory');
    for (let step = 0; step <= lastStep; step++) {
      weights.write(0, trajectory.slice(step * elements, (step + 1) * elements));
      for (const { created, seen } of watched) {
        if (!created.due(step)) continue;
        await created.observe(step, weights);
        seen.push(step);
      }
      await snapshots.settle();
      for (const { policy, created, seen, counts } of watched) {
        if (seen.at(-1) !== step) continue;
        const row = seen.length - 1;
        await created.value(average);
        const got = await average.read(0, elements);
        const expected = floats(policy.id).slice(row * elements, (row + 1) * elements);
        expect([...bits(got)], `${policy.id} after step ${step}`).toEqual([...bits(expected)]);
        // The golden n of an EMA does not count the weights that it starts from.
        expect(created.count, policy.id).toBe(counts[row] + (policy.kind === 'ema' ? 1 : 0));
      }
      // The weights that a policy watched are what they were.
      const after = await weights.read(0, elements);
      expect([...bits(after)]).toEqual([...bits(trajectory.slice(step * elements, (step + 1) * elements))]);
    }
    for (const { policy, seen, steps, created } of watched) {
      expect(seen, policy.id).toEqual(steps);
      created.close();
    }
    await snapshots.close();
  });

  test('no value before the first observation', async () => {
    const snapshots = new SnapshotPool({ backend, elements, files: null });
    for (const { policy } of policies) {
      const created = createPolicy(policy, { backend, elements, snapshots });
      expect(created.count).toBe(0);
      expect(created.full).toBe(false);
      await expect(created.value(average)).rejects.toThrow();
      created.close();
    }
    await snapshots.close();
  });

  test('7,000 updates at β = 0.9999', async () => {
    const { updates, elements: width, seed, stream, policies: emas } = golden.long;
    const snapshots = new SnapshotPool({ backend, elements: width, files: null });
    const watched: Policy[] = emas.map(({ policy }) => createPolicy(policy, { backend, elements: width, snapshots }));
    const row = new Float32Array(width);
    const store = backend.store('f32', width);
    for (let step = 0; step <= updates; step++) {
      const random = new Random(seed, stream, step, 0);
      for (let i = 0; i < width; i++) row[i] += (random.uniform(i) - 0.5) / 256;
      store.write(0, row);
      for (const policy of watched) await policy.observe(step, store);
    }
    expect([...bits(row)]).toEqual([...bits(floats('long-last-row'))]);
    for (const [i, policy] of watched.entries()) {
      const target = backend.store('f32', width);
      await policy.value(target);
      const got = await target.read(0, width);
      expect([...bits(got)], policy.id).toEqual([...bits(floats(policy.id))]);
      expect(emas[i].errorOfFloat32).toBeLessThan(1e-4);
      expect(relativeError(got, floats(policy.id))).toBe(0);
    }
    await snapshots.close();
  });
});

/** Snapshot files without a disk. */
function filesInMemory(): SnapshotFiles {
  const files = new Map<number, Float32Array>();
  return {
    async open(step) {
      const data = files.get(step);
      return data ? { read: async (offset, count) => data.slice(offset, offset + count), close: async () => {} } : null;
    },
    async write(step, read) {
      files.set(step, await read(0, golden.elements));
      return `sha-${step}`;
    },
    hash: async (step) => (files.has(step) ? `sha-${step}` : null),
    async discard(step) {
      files.delete(step);
    },
  };
}
