import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunConfig, RunConfigInput } from '../../shared/config.ts';
import type { EvaluationLine } from '../../shared/metrics.ts';
import { takeOrigin } from '../../shared/origin.ts';
import type { Backend } from '../backends/backend.ts';
import { openBackend } from '../backends/select.ts';
import { RunFolder } from '../checkpoint/index.ts';
import { microConfig, microDataset } from './fixture.ts';
import { Trainer } from './trainer.ts';

let home: string;
let backend: Backend;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'meander-free-'));
  ({ backend } = await openBackend('auto', {}));
});
afterAll(async () => {
  await backend.close();
  await rm(home, { recursive: true, force: true });
});

const dataset = microDataset();
const free = (changes: Partial<RunConfigInput> = {}): RunConfig =>
  microConfig({
    optimizer: { kind: 'schedule-free' },
    schedule: { kind: 'constant', peak: 1e-2, warmupSteps: 5 },
    checkpoints: { every: 3, keepLast: 2, keepEvery: 6 },
    ...changes,
  });

/** Trains to the end, or until `stopAt`. */
async function sit(path: string, config: RunConfig, stopAt: number | null = null): Promise<string> {
  const folder = await RunFolder.open(path).catch(() =>
    RunFolder.create(path, config, { datasetFingerprint: dataset.meta.fingerprint }),
  );
  await folder.lock();
  const trainer: Trainer = new Trainer({
    folder,
    dataset,
    backend,
    emit: (report) => {
      if (report.type === 'metrics' && report.line.type === 'train' && report.line.step === stopAt) trainer.stop();
    },
  });
  try {
    return (await trainer.run()).outcome;
  } finally {
    await folder.close();
  }
}

async function stateOf(path: string, step: number | null = null) {
  const folder = await RunFolder.open(path);
  const checkpoint = await folder.openCheckpoint(step);
  const { elements } = folder.table;
  const vectors: Record<string, Float32Array> = { raw: await (await checkpoint.weights('raw'))(0, elements) };
  for (const name of checkpoint.tensors) vectors[name] = await checkpoint.tensor(name)(0, elements);
  const { adamT, scheduleFree } = checkpoint.trainer;
  await checkpoint.close();
  return { vectors, adamT, scheduleFree };
}
const evaluations = async (path: string) =>
  (await (await RunFolder.open(path)).readMetrics()).filter(
    (line): line is EvaluationLine => line.type === 'evaluation',
  );

test('stopped and resumed, it ends with the same bits; its average learns more than the point that runs ahead', async () => {
  const whole = join(home, 'whole');
  const parts = join(home, 'parts');
  expect(await sit(whole, free())).toBe('finished');
  expect(await sit(parts, free(), 7)).toBe('stopped');
  expect(await sit(parts, free(), 16)).toBe('stopped');
  expect(await sit(parts, free())).toBe('finished');
  const state = await stateOf(whole);
  expect(Object.keys(state.vectors)).toEqual(expect.arrayContaining(['raw', 'z', 'v']));
  expect(await stateOf(parts)).toEqual(state);
  expect(state.adamT).toBe(24);
  expect(state.scheduleFree!.rate).toBe(Math.fround(1e-2));
  const losses = (await evaluations(whole)).map(({ raw }) => raw!);
  expect(losses.at(-1)).toBeLessThan(losses[0] - 0.3);
  expect((await evaluations(parts)).map(({ raw }) => raw)).toEqual(losses);
});

test('a fork takes its state over, and an optimizer of another kind is refused', async () => {
  const trunk = join(home, 'trunk');
  await sit(trunk, free());
  const child = {
    ...free(),
    name: 'child',
    steps: 30,
    init: { from: 'checkpoint', run: trunk, step: 24, purpose: 'continue' },
  } as const;
  const path = join(home, 'child');
  await takeOrigin(trunk, path, { checkpoint: 24 });
  expect(await sit(path, child)).toBe('finished');
  expect((await stateOf(path)).adamT).toBe(30);
  const other = join(home, 'other');
  await takeOrigin(trunk, other, { checkpoint: 24 });
  await expect(sit(other, { ...child, optimizer: microConfig().optimizer })).rejects.toMatchObject({
    code: 'fork-mismatch',
  });
});
