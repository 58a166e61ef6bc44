import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunConfig } from '../../shared/config.ts';
import { rescueConfig } from '../../shared/fork.ts';
import type { Report } from '../../shared/jobs.ts';
import type { MetricsLine, SpikeLine } from '../../shared/metrics.ts';
import { meanReader } from '../averaging/index.ts';
import type { Backend } from '../backends/backend.ts';
import { openBackend } from '../backends/select.ts';
import { copyVector, RunFolder } from '../checkpoint/index.ts';
import type { Dataset } from '../data/source.ts';
import { Evaluator, mean } from '../evaluate/index.ts';
import { microConfig, microDataset } from './fixture.ts';
import { Trainer } from './trainer.ts';

let home: string;
let backend: Backend;
let folders = 0;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'meander-rescue-'));
  ({ backend } = await openBackend('auto', {}));
});
afterAll(async () => {
  await backend.close();
  await rm(home, { recursive: true, force: true });
});
const newFolder = () => join(home, `run-${folders++}`);

/** Rows of the batches that steps 220 to 225 draw are one letter over and over: the loss jumps. */
const bad = { from: 220, to: 226 };
const rowsPerStep = 6;

/** @param from step that the sitting begins at */
function poisoned(from: number): Dataset {
  const data = microDataset();
  let rows = from * rowsPerStep;
  return {
    ...data,
    train: {
      ...data.train,
      read(start, target) {
        const step = Math.floor(rows++ / rowsPerStep);
        if (step >= bad.from && step < bad.to) target.fill(27);
        else data.train.read(start, target);
      },
    },
  };
}

const config = microConfig({
  steps: 260,
  model: { ...microConfig().model, dropout: 0 },
  schedule: { kind: 'constant', peak: 5e-3, warmupSteps: 5 },
  policies: [{ kind: 'lawa', id: 'lawa', k: 4, spacing: 10 }],
  evaluation: { every: 100, blocks: 8 },
  checkpoints: { every: 75, keepLast: 1, keepBest: false },
});

async function sit(path: string, run: RunConfig, dataset: Dataset, watch: (report: Report) => void = () => {}) {
  const folder = await RunFolder.open(path).catch(() =>
    RunFolder.create(path, run, { datasetFingerprint: dataset.meta.fingerprint }),
  );
  await folder.lock();
  await folder.sweep();
  try {
    return await new Trainer({ folder, dataset, backend, emit: watch }).run();
  } finally {
    await folder.close();
  }
}

const metricsOf = async (path: string): Promise<MetricsLine[]> => (await RunFolder.open(path)).readMetrics();
const spikes = (lines: MetricsLine[]) => lines.filter((line): line is SpikeLine => line.type === 'spike');
const snapshotsIn = async (path: string) => (await readdir(join(path, 'snapshots'))).sort();

describe('a run whose loss spikes', () => {
  it('notes it once, trains on, and keeps three snapshots from before it to the end', async () => {
    const path = newFolder();
    expect(await sit(path, config, poisoned(0))).toEqual({ outcome: 'finished', step: 260 });
    const lines = await metricsOf(path);
    expect(spikes(lines)).toMatchObject([{ onset: 220, step: 222, snapshots: [190, 200, 210] }]);
    const [{ loss, limit }] = spikes(lines);
    expect(loss).toBeGreaterThan(limit!);
    const kept = ['190', '200', '210'].map((step) => `step-00000${step}.safetensors`);
    expect(await snapshotsIn(path)).toEqual(expect.arrayContaining(kept));
    const notes = lines.filter((line) => line.type === 'note').map((line) => line.text);
    expect(notes).toEqual([
      expect.stringContaining('A rescue can begin at the mean of the weights of steps 190, 200, 210'),
    ]);
  });

  it('says the same after a kill in the middle of it', async () => {
    const path = newFolder();
    class Killed extends Error {}
    const at = (step: number) => (report: Report) => {
      if (report.type === 'metrics' && report.line.type === 'train' && report.line.step === step) throw new Killed();
    };
    const often = { ...config, checkpoints: { ...config.checkpoints, every: 37 } };
    await expect(sit(path, often, poisoned(0), at(221))).rejects.toThrow(Killed);
    await sit(path, often, poisoned(185));
    const [again, ...more] = spikes(await metricsOf(path));
    expect(more).toEqual([]);
    const whole = newFolder();
    await sit(whole, often, poisoned(0));
    expect(again).toEqual(spikes(await metricsOf(whole))[0]);
  });

  it('says so where nothing from before was kept', async () => {
    const path = newFolder();
    await sit(path, { ...config, policies: [], checkpoints: { ...config.checkpoints, every: 0 } }, poisoned(0));
    const lines = await metricsOf(path);
    expect(spikes(lines)).toMatchObject([{ onset: 220, snapshots: [] }]);
    expect(() => rescueConfig(config, 'run', 'child', spikes(lines)[0])).toThrow('cannot be rescued');
  });

  it('takes snapshots of its own where it is asked to, and a checkpoint where there is one', async () => {
    const path = newFolder();
    const own = { ...config, policies: [], spikes: { action: 'note' as const, snapshotEvery: 100 } };
    await sit(path, own, poisoned(0));
    expect(spikes(await metricsOf(path))).toMatchObject([{ snapshots: [100, 150, 200] }]);
  });
});

it('keeps nothing where nothing happened', async () => {
  const path = newFolder();
  const calm = { ...config, steps: 230, checkpoints: { ...config.checkpoints, every: 100 } };
  await sit(path, calm, microDataset());
  expect(spikes(await metricsOf(path))).toEqual([]);
  // LAWA's window, the last of which is the checkpoint itself.
  expect(await snapshotsIn(path)).toEqual(['200', '210', '220'].map((step) => `step-00000${step}.safetensors`));
});

describe('a rescue', () => {
  it('begins at the mean of the snapshots, after the spike’s batches, with fresh moments and a second warm-up', async () => {
    const path = newFolder();
    const stopping = { ...config, steps: 400, spikes: { action: 'stop' as const, snapshotEvery: null } };
    const { outcome, step } = await sit(path, stopping, poisoned(0));
    expect(outcome).toBe('stopped');
    expect(step).toBeLessThan(bad.to);
    const [spike] = spikes(await metricsOf(path));
    const child = rescueConfig(stopping, path, 'rescue', spike);
    expect(child.policies).toMatchObject([{ id: 'lawa', start: 330 }]);

    const parent = await RunFolder.open(path);
    const open = await Promise.all(spike.snapshots.map((s) => parent.snapshotFiles().open(s)));
    const start = backend.store('f32', parent.table.elements);
    await copyVector(
      meanReader(open.map((file) => file!.read)),
      (offset, data) => start.write(offset, data),
      start.elements,
    );
    const { model, batch, evaluation } = config;
    const evaluator = new Evaluator(backend, {
      model,
      source: microDataset().val,
      blocks: evaluation.blocks,
      batch: batch.microBatch,
    });
    const expected = mean(await evaluator.losses(start));
    for (const file of open) await file!.close();

    const rescued = newFolder();
    expect(await sit(rescued, child, microDataset())).toEqual({ outcome: 'finished', step: 400 });
    const lines = await metricsOf(rescued);
    const [first] = lines.filter((line) => line.type === 'evaluation');
    expect(first).toMatchObject({ step: 223, raw: expected });
    const train = lines.filter((line) => line.type === 'train');
    expect(train[0].step).toBe(223);
    expect(train[0].learningRate).toBeCloseTo(5e-3 / 101, 12);
    expect(train[100].learningRate).toBe(5e-3);
    // Below the level that counted as a spike, and as low as before it.
    expect(Math.max(...train.map((line) => line.loss!))).toBeLessThan(spike.limit!);
    expect(spikes(lines)).toEqual([]);
    const end = await (await RunFolder.open(rescued)).openCheckpoint(null);
    expect(end.trainer.adamT).toBe(400 - 223);
    await end.close();
  });

  it('lives on without its parent', async () => {
    const path = newFolder();
    await sit(path, { ...config, spikes: { action: 'stop', snapshotEvery: null } }, poisoned(0));
    const [spike] = spikes(await metricsOf(path));
    const rescued = newFolder();
    class Killed extends Error {}
    const killed = (report: Report) => {
      if (report.type === 'metrics' && report.line.type === 'train' && report.line.step === 230) throw new Killed();
    };
    const child = { ...rescueConfig(config, path, 'rescue', spike), steps: 240 };
    await expect(sit(rescued, child, microDataset(), killed)).rejects.toThrow(Killed);
    await rm(path, { recursive: true });
    expect(await sit(rescued, child, microDataset())).toEqual({ outcome: 'finished', step: 240 });
  });
});
