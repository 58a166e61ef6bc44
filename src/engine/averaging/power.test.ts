/** Widths made after the run against averages of those widths kept during it, in float64. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { PowerConfig } from '../../shared/config.ts';
import { powerExponent, powerShare } from '../../shared/power.ts';
import { openReference } from '../backends/reference/index.ts';
import type { WeightReader } from '../checkpoint/vector.ts';
import { pairsFor, widthAsked, widthReader } from '../checkpoint/width.ts';
import { Random } from '../random.ts';
import { createPolicy, type PairFiles, type Resolved, SnapshotPool, solveProfile } from './index.ts';

const steps = 4096;
const elements = 64;

/** Drift that slows down, and noise that does not. */
const trajectory: Float32Array[] = [];
beforeAll(() => {
  const toward = new Random(3, 5, 0, 0);
  for (let s = 1; s <= steps; s++) {
    const random = new Random(3, 1, s, 0);
    const moved = 1 - Math.exp((-3 * s) / steps);
    trajectory.push(
      Float32Array.from({ length: elements }, (_, i) => toward.normal(i) * moved + 0.3 * random.normal(i)),
    );
  }
});

function direct(width: number, until = steps): Float64Array {
  const gamma = powerExponent(width);
  const value = new Float64Array(elements);
  for (let n = 1; n <= until; n++) {
    const share = powerShare(gamma, n);
    for (let i = 0; i < elements; i++) value[i] += share * (trajectory[n - 1][i] - value[i]);
  }
  return value;
}

class Pairs implements PairFiles {
  readonly held = new Map<number, Float32Array[]>();
  full = false;
  async write(_: string, step: number, reads: readonly WeightReader[]) {
    if (this.full) throw new Error('full');
    this.held.set(step, await Promise.all(reads.map((read) => read(0, elements))));
    return 'f'.repeat(64);
  }
}
const reading =
  (data: Float32Array): WeightReader =>
  async (offset, count) =>
    data.slice(offset, offset + count);

async function watch(pairs: number) {
  const backend = await openReference();
  const snapshots = new SnapshotPool({ backend, elements, files: null });
  const config: Resolved<PowerConfig> = {
    kind: 'power',
    id: 'power',
    widths: [0.05, 0.1],
    every: 1,
    start: 1,
    storeEvery: steps / pairs,
  };
  const files = new Pairs();
  const policy = createPolicy(config, { backend, elements, snapshots, pairs: files });
  const weights = backend.store('f32', elements);
  for (let s = 1; s <= steps; s++) {
    weights.write(0, trajectory[s - 1]);
    await policy.observe(s, weights);
  }
  const own = await Promise.all(policy.tensors().map(({ store }) => store.read(0, elements)));
  const state = policy.state();
  await backend.close();
  return { config, files, own, state };
}

describe.each([
  // Found: 4.3e-5, 1.4e-4, 1.3e-2; 1.4e-4, 9.3e-4, 3e-2; 7.8e-4, 4e-3 and, at .25, a refusal.
  [16, 6e-5, 2e-4, 2e-2],
  [8, 2e-4, 1.2e-3, 4e-2],
  [4, 1.2e-3, 6e-3, null],
])('%i stored pairs of .05 and .10', (count, near, middle, wide) => {
  let watched: Awaited<ReturnType<typeof watch>>;
  beforeAll(async () => {
    watched = await watch(count);
  });

  test('are those that its interval names, with what they hold', () => {
    // It starts at 1, so the last pair is the checkpoint's own.
    expect(watched.state.stored!.map(({ step }) => step)).toEqual(
      Array.from({ length: count - 1 }, (_, i) => ((i + 1) * steps) / count + 1),
    );
    expect(watched.state.stored!.every((pair) => pair.count === pair.step)).toBe(true);
    const [first] = watched.files.held.get(steps / count + 1)!;
    const exact = direct(0.05, steps / count + 1);
    for (const [i, x] of first.entries()) expect(x).toBeCloseTo(exact[i], 5);
  });

  test.each([
    [0.075, near],
    [0.15, middle],
    [0.25, wide],
  ])('make width %f to %f', async (width, bound) => {
    const { config, files, own, state } = watched;
    const pairs = pairsFor(state).map((pair) => ({
      count: pair.count,
      reads: files.held.get(pair.step)!.map(reading),
    }));
    const make = () => widthReader(config, width, [...pairs, { count: state.count, reads: own.map(reading) }]);
    if (bound === null) return void expect(make).toThrow(/cannot be made: the weighting would be 39% off/);
    const made = await make()(0, elements);
    const exact = direct(width);
    const distance = Math.hypot(...made.map((x, i) => x - exact[i])) / Math.hypot(...exact);
    expect(distance).toBeLessThan(bound);
  });
});

test('what is stored already comes back as it is', () => {
  const gammas = [0.05, 0.1].map(powerExponent);
  const stored = [1000, 2000, 3000].flatMap((time) => gammas.map((gamma) => ({ time, gamma })));
  const { coefficients, error } = solveProfile(stored, { time: 3000, gamma: gammas[1] });
  expect(error).toBeLessThan(1e-7);
  for (const [i, c] of coefficients.entries()) expect(c).toBeCloseTo(i === 5 ? 1 : 0, 6);
});

test('a width that cannot be made is refused', () => {
  const config = { widths: [0.05, 0.1] } as PowerConfig;
  const reads = [reading(new Float32Array(4)), reading(new Float32Array(4))];
  expect(() => widthReader(config, 0.28, [{ count: 100, reads }])).toThrow(/cannot be made/);
  expect(() => widthReader(config, 0.01, [{ count: 100, reads }])).toThrow(/cannot be made/);
});

test('widths are named after an @', () => {
  expect(widthAsked('power')).toBeNull();
  expect(widthAsked('my-power@0.15')).toEqual({ id: 'my-power', width: 0.15 });
  expect(widthAsked('power@.2')).toEqual({ id: 'power', width: 0.2 });
  for (const wrong of ['power@', 'power@x', 'power@0', 'power@1', 'power@-0.1', 'power@1e-1', 'power@0.15@'])
    expect(() => widthAsked(wrong)).toThrow(/no width/);
});

test('at most 32 earlier pairs are read, the newest among them, none of the checkpoint’s own count', () => {
  const stored = Array.from({ length: 100 }, (_, i) => ({ step: 10 * (i + 1), count: i + 1, sha256: '' }));
  const some = pairsFor({ count: 100, stored });
  expect(some.length).toBe(32);
  expect(some.at(-1)!.count).toBe(99);
  expect(new Set(some.map(({ step }) => step)).size).toBe(32);
  expect(pairsFor({ count: 3, stored }).map(({ count }) => count)).toEqual([1, 2]);
});

test('a pair that finds no room is tried again, and the observation counts once', async () => {
  const backend = await openReference();
  const snapshots = new SnapshotPool({ backend, elements, files: null });
  const files = new Pairs();
  const widths: [number, number] = [0.05, 0.1];
  const config = { kind: 'power', id: 'p', widths, every: 1, start: 1, storeEvery: 2 } as const;
  const policy = createPolicy(config, { backend, elements, snapshots, pairs: files });
  const weights = backend.store('f32', elements);
  const show = (s: number) => {
    weights.write(0, trajectory[s - 1]);
    return policy.observe(s, weights);
  };
  await show(1);
  await show(2);
  expect(policy.state().stored).toBeUndefined();
  files.full = true;
  await expect(show(3)).rejects.toThrow('full');
  files.full = false;
  await show(3);
  expect(policy.state()).toMatchObject({ count: 3, newest: 3, stored: [{ step: 3, count: 3 }] });
  const alone = (await policy.tensors()[1].store.read(0, 4))[0];
  expect(alone).toBeCloseTo(direct(0.1, 3)[0], 5);
  await backend.close();
});
