import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PolicyConfig } from '../../shared/config.ts';
import type { Backend, Floats } from '../backends/backend.ts';
import { openReference } from '../backends/reference/index.ts';
import type { WeightReader } from '../checkpoint/vector.ts';
import { UserError } from '../errors.ts';
import { Random } from '../random.ts';
import {
  backfill,
  backfillSteps,
  createPolicy,
  meanReader,
  type Policy,
  type Resolved,
  type SnapshotFiles,
  SnapshotPool,
} from './index.ts';

const elements = 97;
const last = 60;
const policies: Resolved<PolicyConfig>[] = [
  { kind: 'lawa', id: 'lawa', k: 5, spacing: 4, start: 8 },
  { kind: 'lawa', id: 'lawa-wide', k: 3, spacing: 12, start: 12 },
  { kind: 'wma', id: 'wma', k: 4, spacing: 4, start: 8, weights: 'exponential', a: 0.3 },
  { kind: 'ema', id: 'ema', decay: 0.9, every: 2, start: 6, warmup: true },
  { kind: 'swa', id: 'swa', every: 3, start: 30 },
  { kind: 'power', id: 'power', widths: [0.05, 0.1], every: 2, storeEvery: 8, start: 6 },
  { kind: 'power', id: 'power-turned', widths: [0.1, 0.05], every: 2, storeEvery: 8, start: 6 },
  { kind: 'tail', id: 'tail', decay: 0.9, every: 2, start: 6, blend: 0.6 },
];

/** θ_s: a random walk. */
const walk: Float32Array[] = [];
beforeAll(() => {
  const row = new Float32Array(elements);
  for (let s = 0; s <= last; s++) {
    const random = new Random(7, 1, s, 0);
    for (let i = 0; i < elements; i++) row[i] += random.uniform(i) - 0.5;
    walk.push(row.slice());
  }
});

let backend: Backend;
let weights: Floats;
let target: Floats;
beforeEach(async () => {
  backend = await openReference();
  weights = backend.store('f32', elements);
  target = backend.store('f32', elements);
});
afterEach(() => backend.close());

/** Snapshot files in memory; `full` makes every write fail like a full disk. */
class Files implements SnapshotFiles {
  readonly data = new Map<number, Float32Array>();
  full = false;
  named = new Set<number>();
  async open(step: number) {
    const data = this.data.get(step);
    return data ? { read: (async (o, n) => data.slice(o, o + n)) as WeightReader, close: async () => {} } : null;
  }
  async write(step: number, read: WeightReader) {
    if (this.full) throw new UserError('disk-full', 'full', 'make space');
    this.data.set(step, await read(0, elements));
    return `sha-${step}`;
  }
  async hash(step: number) {
    return this.data.has(step) ? `sha-${step}` : null;
  }
  async discard(step: number) {
    if (!this.named.has(step)) this.data.delete(step);
  }
}

async function show(list: readonly Policy[], from: number, to: number) {
  for (let s = from; s <= to; s++) {
    weights.write(0, walk[s]);
    for (const policy of list) if (policy.due(s)) await policy.observe(s, weights);
  }
}
async function bitsOf(policy: Policy) {
  await policy.value(target);
  return new Uint32Array((await target.read(0, elements)).buffer);
}

test('observing enqueues a copy: the weights may change as soon as the call returns', async () => {
  const snapshots = new SnapshotPool({ backend, elements, files: null });
  const [policy] = policies.map((config) => createPolicy(config, { backend, elements, snapshots }));
  const seen = [];
  for (const s of [8, 12]) {
    weights.write(0, walk[s]);
    seen.push(policy.observe(s, weights));
    weights.write(0, new Float32Array(elements).fill(99));
  }
  await Promise.all(seen);
  const mean = await meanReader(
    [8, 12].map(
      (s): WeightReader =>
        async () =>
          walk[s],
    ),
  )(0, elements);
  expect([...(await bitsOf(policy))]).toEqual([...new Uint32Array(mean.buffer)]);
  expect(policy.full).toBe(false);
});

test('a uniform WMA has the bits of LAWA, in memory and on disk', async () => {
  for (const memoryBudget of [0, 1e9]) {
    const snapshots = new SnapshotPool({ backend, elements, files: new Files(), memoryBudget });
    const window = { k: 5, spacing: 4, start: 8 };
    const lawa = createPolicy({ kind: 'lawa', id: 'lawa', ...window }, { backend, elements, snapshots });
    const uniform = { kind: 'wma', id: 'wma', ...window, weights: 'uniform', a: 0.2 } as const;
    const wma = createPolicy(uniform, { backend, elements, snapshots });
    for (let s = 8; s <= last; s += 4) {
      await show([lawa, wma], s, s);
      expect([...(await bitsOf(wma))]).toEqual([...(await bitsOf(lawa))]);
    }
  }
});

test('a power EMA folds both widths as each alone would be', async () => {
  const snapshots = new SnapshotPool({ backend, elements, files: null });
  const [one, other] = policies
    .filter(({ kind }) => kind === 'power')
    .map((config) => createPolicy(config, { backend, elements, snapshots }));
  await show([one, other], 0, last);
  const second = async (policy: Policy) => [...(await policy.tensors()[1].store.read(0, elements))];
  expect(await second(one)).toEqual([...new Float32Array((await bitsOf(other)).buffer)]);
  expect(await second(other)).toEqual([...new Float32Array((await bitsOf(one)).buffer)]);
});

test('policies that share a step share one snapshot, and the last to let go frees it', async () => {
  const files = new Files();
  const snapshots = new SnapshotPool({ backend, elements, files, memoryBudget: 1e9 });
  const list = policies.slice(0, 2).map((config) => createPolicy(config, { backend, elements, snapshots }));
  await show(list, 0, last);
  // 44, 48, 52, 56, 60 and 36, 48, 60.
  expect(snapshots.steps).toEqual([36, 44, 48, 52, 56, 60]);
  expect(snapshots.memoryBytes).toBe(6 * elements * 4);
  expect(files.data.size).toBe(0);
  list[0].close();
  expect(snapshots.steps).toEqual([36, 48, 60]);
  list[1].close();
  expect(snapshots.memoryBytes).toBe(0);
});

describe('a memory budget of', () => {
  test.each([
    [0, 0],
    [1, 0],
    [3, 0],
    [6, 0],
    [0, 2],
    [2, 2],
  ])('%i snapshots gives policy %#: the same bits and is kept', async (budget, which) => {
    const files = new Files();
    const bounded = new SnapshotPool({ backend, elements, files, memoryBudget: budget * elements * 4 });
    const free = new SnapshotPool({ backend, elements, files: null });
    const make = (snapshots: SnapshotPool) => createPolicy(policies[which], { backend, elements, snapshots });
    const [a, b] = [make(bounded), make(free)];
    for (let s = 0; s <= last; s++) {
      await show([a, b], s, s);
      expect(bounded.memoryBytes).toBeLessThanOrEqual(budget * elements * 4);
      if (a.count > 0) expect([...(await bitsOf(a))]).toEqual([...(await bitsOf(b))]);
    }
    await bounded.settle();
    // Files of snapshots that left the window are gone.
    expect([...files.data.keys()].every((step) => a.describe().steps.includes(step))).toBe(true);
  });
});

test('a full disk loses no observation, and observing again tries the disk again', async () => {
  const files = new Files();
  const snapshots = new SnapshotPool({ backend, elements, files, memoryBudget: 0 });
  const policy = createPolicy(policies[0], { backend, elements, snapshots });
  await show([policy], 0, 8);
  files.full = true;
  weights.write(0, walk[12]);
  await expect(policy.observe(12, weights)).rejects.toMatchObject({ code: 'disk-full' });
  expect(policy.describe().steps).toEqual([8, 12]);
  files.full = false;
  weights.write(0, walk[13]);
  await policy.observe(12, weights);
  expect(policy.count).toBe(2);
  expect([...files.data.get(12)!]).toEqual([...walk[12]]);
});

test.each([7, 10, 13, 29, 30, 41, 59])(
  'saved at step %i and restored, every average ends with the same bits',
  async (stop) => {
    const files = new Files();
    const make = () => {
      const snapshots = new SnapshotPool({ backend, elements, files, memoryBudget: 2 * elements * 4 });
      return { snapshots, list: policies.map((config) => createPolicy(config, { backend, elements, snapshots })) };
    };
    const whole = make();
    await show(whole.list, 0, last);

    const first = make();
    await show(first.list, 0, stop);
    // The step's own weights are the checkpoint's.
    await first.snapshots.persist(stop);
    files.data.set(stop, walk[stop]);
    files.named = new Set([...files.data.keys()]);
    const saved = await Promise.all(
      first.list.map(async (policy) => ({
        state: policy.state(),
        tensors: await Promise.all(
          policy.tensors().map(async ({ name, store }) => [name, await store.read(0, elements)] as const),
        ),
      })),
    );
    // Steps that will be lost.
    await show(first.list, stop + 1, Math.min(last, stop + 9));
    for (const policy of first.list) policy.close();
    await first.snapshots.close();

    const second = make();
    for (const [i, policy] of second.list.entries()) {
      const tensors = new Map(saved[i].tensors);
      await policy.restore(
        saved[i].state,
        (name) => async (offset, count) => tensors.get(name)!.slice(offset, offset + count),
      );
      expect(policy.state()).toEqual(saved[i].state);
    }
    await show(second.list, stop + 1, last);
    for (const [i, policy] of second.list.entries()) {
      expect([...(await bitsOf(policy))], policy.id).toEqual([...(await bitsOf(whole.list[i]))]);
      expect(policy.describe()).toEqual(whole.list[i].describe());
    }
  },
);

test('a window whose weights are gone is named', async () => {
  const snapshots = new SnapshotPool({ backend, elements, files: new Files() });
  const policy = createPolicy(policies[0], { backend, elements, snapshots });
  const state = { count: 2, window: [8, 12] };
  await expect(policy.restore(state, () => async () => new Float32Array())).rejects.toMatchObject({
    code: 'snapshot-missing',
    message: expect.stringContaining('step 8'),
  });
});

describe('back-filling', () => {
  const [lawa, , wma, ema, swa] = policies;
  test.each<[string, Resolved<PolicyConfig>, number[], number, number[]]>([
    ['the last k', lawa, [4, 8, 12, 16, 20, 24, 28, 30], 31, [12, 16, 20, 24, 28]],
    ['the last k of a weighted window', wma, [12, 16, 20, 24, 28], 29, [16, 20, 24, 28]],
    ['not before the start', lawa, [4, 8, 12], 13, [8, 12]],
    ['only what follows a gap', lawa, [12, 20, 24], 25, [20, 24]],
    ['nothing when the newest is missing', lawa, [8, 12, 16], 20, []],
    ['an EMA from an unbroken stretch', ema, [6, 8, 10, 12], 13, [6, 8, 10, 12]],
    ['SWA in its own phase', { ...swa, start: 31 }, [30, 31, 33, 34, 37], 38, [31, 34, 37]],
    ['nothing before anything is due', lawa, [4], 5, []],
  ])('%s', (_, config, kept, now, steps) => {
    expect(backfillSteps(config, kept, now)).toEqual(steps);
  });

  test('gives what the policy would have been, and says that it was back-filled', async () => {
    const files = new Files();
    for (let s = 0; s <= 40; s++) files.data.set(s, walk[s]);
    for (const config of policies) {
      const snapshots = new SnapshotPool({ backend, elements, files });
      const live = createPolicy(config, {
        backend,
        elements,
        snapshots: new SnapshotPool({ backend, elements, files: null }),
      });
      await show([live], 0, 40);
      const late = createPolicy(config, { backend, elements, snapshots });
      const taken = await backfill(late, { backend, elements, files }, [...files.data.keys()], 40);
      expect(taken.at(-1)).toBe(live.describe().newestStep);
      expect([...(await bitsOf(late))], config.id).toEqual([...(await bitsOf(live))]);
      expect(late.state()).toEqual({ ...live.state(), backfilled: true });
    }
  });
});
