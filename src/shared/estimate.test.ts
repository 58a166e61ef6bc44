import { describe, expect, it } from 'vitest';
import { parameterCount } from './architecture.ts';
import type { RunConfig } from './config.ts';
import { diskRelief, estimateDisk, estimateMemory, fitOf, memoryRelief, vectorElements } from './estimate.ts';
import { presetConfig } from './presets.ts';

const GB = 1e9;
const of = (preset: string, vocabSize = 50_257): RunConfig =>
  presetConfig(preset, { name: 'run', dataset: { folder: '/data', tokenizer: { vocabSize } } });
const small = of('gpt2-small');
const quick = of('quickstart', 98);
const without = (config: RunConfig): RunConfig => ({ ...config, policies: [] });

describe('memory', () => {
  it('counts one vector each for parameters and gradients, two for moments', () => {
    const { parameters, gradients, moments } = estimateMemory(small, 64 * GB);
    expect(parameters).toBe(4 * vectorElements(small.model));
    expect([gradients, moments]).toEqual([parameters, 2 * parameters]);
    // Padded rows and alignment are all that the vector has beyond the weights.
    expect(vectorElements(small.model) - parameterCount(small.model)).toBe(47 * 768);
  });

  it('adds two packed forms of the matrices in mixed precision, and one of an average that is evaluated', () => {
    const mixed: RunConfig = { ...small, device: { ...small.device, precision: 'mixed' } };
    const matrices = 12 * 12 * 768 ** 2 + 50_257 * 768;
    const [plain, packed] = [estimateMemory(small, 64 * GB), estimateMemory(mixed, 64 * GB)];
    expect(packed.parameters - plain.parameters).toBe(4 * matrices);
    expect(packed.averages - plain.averages).toBe(2 * matrices);
    expect(packed.total - plain.total).toBe(6 * matrices);
    expect(estimateMemory(without(mixed), 64 * GB).averages).toBe(0);
  });

  it('gives activations of one micro-batch, whatever is accumulated', () => {
    const twice: RunConfig = { ...small, batch: { ...small.batch, microBatch: 2 * small.batch.microBatch } };
    const longer: RunConfig = { ...small, batch: { ...small.batch, accumulation: 100 } };
    const { activations } = estimateMemory(small, 64 * GB);
    expect(estimateMemory(twice, 64 * GB).activations).toBe(2 * activations);
    expect(estimateMemory(longer, 64 * GB).activations).toBe(activations);
  });

  it('holds accumulators, a scratch and as many snapshots as a quarter of the memory takes', () => {
    const lawa: RunConfig = { ...small, policies: [{ kind: 'lawa', id: 'lawa', k: 20, spacing: 10, start: null }] };
    const vector = 4 * vectorElements(small.model);
    expect(estimateMemory(without(small), 64 * GB).averages).toBe(0);
    expect(estimateMemory(lawa, 640 * GB).averages).toBe(21 * vector);
    expect(estimateMemory(lawa, 8 * GB).averages).toBe(vector + 2 * GB);
    const shared: RunConfig = { ...lawa, policies: [...lawa.policies, { ...lawa.policies[0], id: 'same' }] };
    expect(estimateMemory(shared, 640 * GB).averages).toBe(21 * vector);
  });
});

describe('disk', () => {
  const weights = 4 * parameterCount(quick.model);

  it('is what the quickstart wrote: two checkpoints of five vectors, the best, one more while writing, and windows', () => {
    const run: RunConfig = {
      ...quick,
      steps: 3225,
      schedule: { ...quick.schedule, warmupSteps: 215 },
      policies: [
        { kind: 'lawa', id: 'lawa', k: 5, spacing: 43, start: null },
        { kind: 'ema', id: 'ema', decay: 0.97, every: 2, start: null, warmup: true },
        { kind: 'swa', id: 'swa', every: 22, start: null },
      ],
      checkpoints: { every: 645, keepLast: 2, keepEvery: 0, keepBest: false, diskBudget: null },
    };
    const { checkpoints, snapshots, averages } = estimateDisk(run);
    expect(checkpoints).toBe(3 * 5 * weights);
    // 645 is 15 · 43, so each kept checkpoint is the newest snapshot of its own window.
    expect(snapshots).toBe(2 * 4 * weights);
    expect(averages).toBe(3 * weights);
    const best = estimateDisk({ ...run, checkpoints: { ...run.checkpoints, keepBest: true } });
    expect(best.checkpoints).toBe(4 * 5 * weights);
    expect(best.snapshots).toBe(3 * 4 * weights);
  });

  it('counts both vectors of a power EMA, in checkpoints and in every pair', () => {
    const { steps } = quick;
    const power = {
      kind: 'power',
      id: 'power',
      widths: [0.05, 0.1],
      every: 1,
      storeEvery: steps / 10,
      start: 1,
    } as const;
    const run: RunConfig = {
      ...quick,
      policies: [{ ...power, widths: [0.05, 0.1] }],
      checkpoints: { ...quick.checkpoints, every: 0 },
    };
    const vector = 4 * vectorElements(quick.model);
    expect(estimateDisk(run)).toMatchObject({ checkpoints: 5 * weights, snapshots: 9 * 2 * vector });
    expect(estimateMemory(run, 64 * GB).averages).toBe(3 * vector);
  });

  it('counts a weighted window as it counts LAWA’s', () => {
    const lawa = { kind: 'lawa', id: 'a', k: 7, spacing: 20, start: null } as const;
    const wma = { ...lawa, kind: 'wma', weights: 'linear', a: 0.2 } as const;
    const disk = (policy: RunConfig['policies'][number]) => estimateDisk({ ...quick, policies: [policy] });
    expect(disk(wma)).toEqual(disk(lawa));
    expect(disk(wma).snapshots).toBeGreaterThan(0);
  });

  it('is one checkpoint where only the last is written', () => {
    const last = { ...without(quick), checkpoints: { ...quick.checkpoints, every: 0 } };
    expect(estimateDisk(last)).toEqual({ checkpoints: 3 * weights, snapshots: 0, averages: 0, total: 3 * weights });
  });

  it('grows with every multiple that is kept, and is counted where they are too many to list', () => {
    const each = (every: number, steps: number): RunConfig => ({
      ...quick,
      steps,
      checkpoints: { every, keepLast: 1, keepEvery: every, keepBest: false, diskBudget: null },
    });
    expect(estimateDisk({ ...each(10, 100), policies: [] }).checkpoints).toBe(10 * 3 * weights);
    const started = performance.now();
    expect(estimateDisk(each(1, 1e9)).total).toBeGreaterThan(1e9 * weights);
    expect(performance.now() - started).toBeLessThan(100);
  });

  it('stays within a disk budget, as far as the newest checkpoint allows', () => {
    const budget = (diskBudget: number) =>
      estimateDisk({ ...quick, checkpoints: { ...quick.checkpoints, diskBudget } });
    const free = estimateDisk(quick);
    const tight = budget(free.checkpoints);
    expect(tight.checkpoints + tight.snapshots).toBeLessThanOrEqual(free.checkpoints);
    expect(budget(1).checkpoints).toBe(5 * weights);
  });
});

describe('what fits, and what to lower', () => {
  it.each([
    [70, 100, 'fits'],
    [90, 100, 'tight'],
    [96, 100, 'too-large'],
    [1, 0, 'too-large'],
  ])('%d of %d: %s', (need, have, fit) => expect(fitOf(need, have)).toBe(fit));

  it('takes the largest micro-batch that fits, at the same tokens per step', () => {
    const { change, total } = memoryRelief(small, 12 * GB);
    if (change.kind !== 'micro-batch') throw new Error(change.kind);
    expect(change.microBatch * change.accumulation).toBe(small.batch.microBatch * small.batch.accumulation);
    expect(change.microBatch).toBeLessThan(small.batch.microBatch);
    expect(fitOf(total, 12 * GB)).toBe('fits');
    expect(estimateMemory({ ...small, batch: change }, 12 * GB).total).toBe(total);
  });

  it('names the model where no micro-batch helps', () => {
    expect(memoryRelief(of('paper-large'), 8 * GB).change.kind).toBe('model');
  });

  it('names what takes most of the disk', () => {
    const lots: RunConfig = { ...quick, checkpoints: { ...quick.checkpoints, every: 10, keepEvery: 10 } };
    expect(diskRelief(lots).change.kind).toBe('keep-every');
    const wide: RunConfig = { ...quick, policies: [{ kind: 'lawa', id: 'wide', k: 60, spacing: 5, start: null }] };
    expect(diskRelief({ ...wide, checkpoints: { ...wide.checkpoints, keepLast: 1, keepBest: false } }).change).toEqual({
      kind: 'window',
      id: 'wide',
      k: 30,
    });
    const bare = { ...without(quick), checkpoints: { ...quick.checkpoints, keepLast: 1 } };
    expect(diskRelief(bare).change.kind).toBe('model');
  });
});
