import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunConfig } from '../../shared/config.ts';
import { continueConfig, cooldownConfig } from '../../shared/fork.ts';
import { type Report, sampleOptions } from '../../shared/jobs.ts';
import type { EvaluationLine, MetricsLine } from '../../shared/metrics.ts';
import { takeOrigin } from '../../shared/origin.ts';
import { learningRate } from '../../shared/schedule.ts';
import type { Backend } from '../backends/backend.ts';
import { openMixed } from '../backends/native/fixture.ts';
import { nativeStatus } from '../backends/native/index.ts';
import { openBackend } from '../backends/select.ts';
import { openModelFolder, RunFolder, type WeightReader } from '../checkpoint/index.ts';
import { UserError } from '../errors.ts';
import { Evaluator, mean } from '../evaluate/index.ts';
import { microConfig, microDataset } from './fixture.ts';
import { Trainer } from './trainer.ts';

let home: string;
let backend: Backend;
let folders = 0;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'meander-train-'));
  ({ backend } = await openBackend('auto', {}));
});
afterAll(async () => {
  await backend.close();
  await rm(home, { recursive: true, force: true });
});

const newFolder = () => join(home, `run-${folders++}`);
const dataset = microDataset();

class Killed extends Error {}

interface Sitting {
  /** Sees every report; throwing ends the sitting on the spot, with nothing saved. */
  watch?: (report: Report, trainer: Trainer) => void;
  on?: Backend;
  tamper?: (folder: RunFolder) => void;
}

/** Opens or makes the run and trains until it ends or is killed. */
async function sit(path: string, config: RunConfig, { watch, on = backend, tamper }: Sitting = {}) {
  const folder = await RunFolder.open(path).catch(() =>
    RunFolder.create(path, config, { datasetFingerprint: dataset.meta.fingerprint }),
  );
  await folder.lock();
  await folder.sweep();
  tamper?.(folder);
  const reports: Report[] = [];
  const trainer: Trainer = new Trainer({
    folder,
    dataset,
    backend: on,
    emit: (report) => {
      reports.push(report);
      watch?.(report, trainer);
    },
  });
  try {
    return { ...(await trainer.run()), reports };
  } catch (error) {
    if (error instanceof Killed) return { outcome: 'killed', step: -1, reports };
    throw error;
  } finally {
    await folder.close();
  }
}

async function whole(read: WeightReader, elements: number): Promise<string> {
  const data = await read(0, elements);
  return createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex');
}

/** Hashes of everything that must not depend on interruptions: weights, moments, every average. */
async function bits(path: string, step: number | null = null): Promise<Record<string, string>> {
  const folder = await RunFolder.open(path);
  const checkpoint = await folder.openCheckpoint(step);
  const { elements } = folder.table;
  const result: Record<string, string> = { step: String(checkpoint.step), t: String(checkpoint.trainer.adamT) };
  const held = Object.entries(checkpoint.trainer.policies).filter(([, policy]) => policy.state.count > 0);
  for (const of of ['raw', ...held.map(([id]) => id)]) result[of] = await whole(await checkpoint.weights(of), elements);
  for (const name of ['m', 'v']) result[name] = await whole(checkpoint.tensor(name), elements);
  await checkpoint.close();
  return result;
}

async function metricsOf(path: string): Promise<MetricsLine[]> {
  return (await RunFolder.open(path)).readMetrics();
}
const ofType = <T extends MetricsLine['type']>(lines: MetricsLine[], type: T) =>
  lines.filter((line): line is Extract<MetricsLine, { type: T }> => line.type === type);

/** Warm-up to 5, checkpoints every 3; LAWA 4, 6, 8, 10; EMA from 3; SWA from 15; decay from 18. */
const config = microConfig({ checkpoints: { every: 3, keepLast: 2 } });

describe('a whole run', () => {
  let path: string;
  let lines: MetricsLine[];
  beforeAll(async () => {
    path = newFolder();
    await sit(path, config);
    lines = await metricsOf(path);
  });

  it('makes exactly T updates, each with a line of its own', () => {
    const train = ofType(lines, 'train');
    expect(train.map((line) => line.step)).toEqual(Array.from({ length: 24 }, (_, s) => s));
    for (const line of train) {
      expect(line.learningRate).toBe(learningRate(config.schedule, 24, line.step));
      expect(line.gradientNorm).toBeGreaterThan(0);
    }
    expect(train.at(-1)!.loss).toBeLessThan(train[0].loss! - 0.3);
  });

  it('evaluates the first and the last weights and every multiple between, averages once they have a value', () => {
    const evaluations = ofType(lines, 'evaluation');
    expect(evaluations.map((line) => line.step)).toEqual([0, 6, 12, 18, 24]);
    expect(evaluations.map((line) => Object.keys(line.averages).sort().join())).toEqual([
      '',
      'ema,lawa',
      'ema,lawa',
      'ema,lawa,swa',
      'ema,lawa,swa',
    ]);
    expect(evaluations.map((line) => line.averages.lawa?.full)).toEqual([undefined, false, true, true, true]);
    // An untrained model knows nothing: ln 28.
    expect(evaluations[0].raw).toBeCloseTo(Math.log(28), 1);
    expect(evaluations[1].averages.ema.count).toBe(4);
  });

  it('says once what it computes on', () => {
    const { name, device, family, threads } = backend.info;
    expect(ofType(lines, 'device')).toEqual([
      { type: 'device', step: 0, backend: name, device, family, threads, peak: expect.any(Number) },
    ]);
  });

  it('writes checkpoints at their interval, the last one at T, and keeps what retention says', async () => {
    expect(ofType(lines, 'checkpoint').map((line) => line.step)).toEqual([3, 6, 9, 12, 15, 18, 21, 24]);
    const kept = (await (await RunFolder.open(path)).checkpoints()).map((entry) => entry.step);
    expect(kept.slice(-2)).toEqual([21, 24]);
  });

  it("saves each average at the end as a model folder whose loss is the policy's own", async () => {
    const folder = await RunFolder.open(path);
    const last = ofType(lines, 'evaluation').at(-1)!;
    const { model } = config;
    const evaluator = new Evaluator(backend, { model, source: dataset.val, blocks: 8, batch: 2 });
    for (const id of ['lawa', 'ema', 'swa']) {
      const saved = await openModelFolder(folder.averagePath(id, 24));
      const store = backend.store('f32', folder.table.elements);
      await saved.loadInto(folder.table, (offset, data) => store.write(offset, data));
      expect(mean(await evaluator.losses(store))).toBe(last.averages[id].loss);
      store.free();
      await saved.close();
    }
    evaluator.free();
  });

  it('has nothing to do when it is started again', async () => {
    const before = await bits(path);
    const again = await sit(path, config);
    expect(again).toMatchObject({ outcome: 'finished', step: 24 });
    expect(await bits(path)).toEqual(before);
  });
});

describe('the same bits', () => {
  let expected: Record<string, string>;
  beforeAll(async () => {
    const path = newFolder();
    await sit(path, config);
    expected = await bits(path);
    expect(Object.keys(expected).sort()).toEqual(['ema', 'lawa', 'm', 'raw', 'step', 'swa', 't', 'v']);
  });

  const kill = (at: (report: Report, count: number) => boolean) => {
    let count = 0;
    return (report: Report) => {
      if (at(report, count++)) throw new Killed();
    };
  };
  const trained = (step: number) => (report: Report) =>
    report.type === 'metrics' && report.line.type === 'train' && report.line.step === step;
  const phase = (name: string, step: number) => (report: Report) =>
    report.type === 'progress' && report.progress.phase === name && report.progress.done === step;
  const turns = (step: number, number: number) => {
    let seen = 0;
    return (report: Report) => phase('training', step)(report) && ++seen === number;
  };

  it.each([
    ['before the first checkpoint', trained(1)],
    ['in warm-up', trained(4)],
    ['with a half-filled window, while EMA warms up', trained(7)],
    ['before SWA starts', trained(13)],
    ['in the middle of the decay', trained(20)],
    ['in the middle of accumulation', turns(10, 2)],
    ['as an evaluation begins', phase('evaluating', 12)],
    [
      'after an evaluation, before its line is written',
      (r: Report) => r.type === 'metrics' && r.line.type === 'evaluation' && r.line.step === 18,
    ],
    ['as it saves', phase('saving', 15)],
    ['at the end, before the last checkpoint', phase('saving', 24)],
  ])('when killed %s and resumed', async (_, at) => {
    const path = newFolder();
    expect((await sit(path, config, { watch: kill(at) })).outcome).toBe('killed');
    expect((await sit(path, config)).outcome).toBe('finished');
    expect(await bits(path)).toEqual(expected);
    const lines = await metricsOf(path);
    expect(ofType(lines, 'train').map((line) => line.step)).toEqual(Array.from({ length: 24 }, (_, s) => s));
    expect(ofType(lines, 'resume')).toMatchObject([{ exact: true }]);
  });

  it('when stopped, resumed, stopped again', async () => {
    const path = newFolder();
    for (const step of [2, 11, 17]) {
      const watch = (report: Report, trainer: Trainer) => {
        if (trained(step)(report)) trainer.stop();
      };
      const stopped = await sit(path, config, { watch });
      expect(stopped.outcome).toBe('stopped');
      expect((await bits(path)).step).toBe(String(stopped.step));
    }
    await sit(path, config);
    expect(await bits(path)).toEqual(expected);
  });

  it('whatever is asked meanwhile: pause between micro-batches, evaluation, samples, a checkpoint, a policy', async () => {
    const path = newFolder();
    const served: Promise<unknown>[] = [];
    let paused = false;
    const watch = (report: Report, trainer: Trainer) => {
      if (turns10(report)) trainer.pause();
      if (report.type !== 'progress' || report.progress.phase !== 'paused' || paused) return;
      paused = true;
      const sample = sampleOptions.parse({ prompt: 'the ', tokens: 12 });
      served.push(
        trainer.requestEvaluation(),
        trainer.requestSample('raw', sample),
        trainer.requestSample('lawa', sample),
        trainer.requestCheckpoint(),
        trainer.addPolicy({ kind: 'swa', id: 'late', every: 1, start: null }),
      );
      setTimeout(() => trainer.resume(), 50);
    };
    const turns10 = turns(10, 2);
    const { reports } = await sit(path, config, { watch });
    const [evaluation, raw, average] = (await Promise.all(served)) as [EvaluationLine, string, string];
    expect(evaluation).toMatchObject({ type: 'evaluation', step: 10 });
    expect(raw).toHaveLength(12);
    expect(average).toHaveLength(12);
    const pieces = reports
      .filter((r) => r.type === 'text' && r.of === 'raw')
      .map((r) => (r as { piece: string }).piece);
    expect(pieces.join('')).toBe(raw);
    const { late, ...others } = await bits(path);
    expect(late).toBeDefined();
    expect(others).toEqual(expected);
    expect(ofType(await metricsOf(path), 'sample')).toMatchObject([
      { of: 'raw', step: 10 },
      { of: 'lawa', step: 10 },
    ]);
  });

  it('when samples are stopped between two tokens, or before their first', async () => {
    const path = newFolder();
    const long = sampleOptions.parse({ prompt: 'the ', tokens: 4000 });
    const served: Promise<string>[] = [];
    let pieces = 0;
    const watch = (report: Report, trainer: Trainer) => {
      if (turns10(report)) served.push(trainer.requestSample('raw', long), trainer.requestSample('lawa', long));
      if (report.type === 'text' && report.of === 'raw' && ++pieces === 3) trainer.stopSample('raw');
      if (report.type === 'text' && report.of === 'raw' && report.done) trainer.stopSample(null);
    };
    const turns10 = turns(10, 2);
    await sit(path, config, { watch });
    const [raw, average] = await Promise.all(served);
    expect(raw.length).toBe(3);
    expect(average).toBe('');
    expect(await bits(path)).toEqual(expected);
    expect(ofType(await metricsOf(path), 'sample')).toMatchObject([{ of: 'raw', text: raw }]);
  });

  it('when paused, then stopped, in the middle of an evaluation, which the next sitting makes', async () => {
    const path = newFolder();
    for (const step of [12, 24]) {
      let paused = false;
      const watch = (report: Report, trainer: Trainer) => {
        if (phase('evaluating', step)(report)) trainer.pause();
        if (!phase('paused', step)(report)) return;
        paused = true;
        setTimeout(() => trainer.stop(), 10);
      };
      expect(await sit(path, config, { watch })).toMatchObject({ outcome: 'stopped', step });
      expect(paused).toBe(true);
    }
    expect((await sit(path, config)).outcome).toBe('finished');
    expect(await bits(path)).toEqual(expected);
    const evaluations = ofType(await metricsOf(path), 'evaluation');
    expect(evaluations.map((line) => line.step)).toEqual([0, 6, 12, 18, 24]);
  });

  it('of the raw weights without any policy', async () => {
    const path = newFolder();
    await sit(path, { ...config, policies: [] });
    const { raw, m, v } = await bits(path);
    expect({ raw, m, v }).toEqual({ raw: expected.raw, m: expected.m, v: expected.v });
  });

  it('for any number of threads', async () => {
    for (const threads of [1, 2, 3]) {
      const { backend: other } = await openBackend('auto', { threads });
      const path = newFolder();
      await sit(path, config, { on: other });
      expect(await bits(path)).toEqual(expected);
      await other.close();
    }
  });

  it('in mixed precision too, which has bits of its own', async () => {
    if (!nativeStatus().available) return;
    const mixed = { ...config, device: { ...config.device, precision: 'mixed' as const } };
    const ends = [];
    for (const [threads, ...stops] of [[2], [1, 7, 14], [3, 10]]) {
      const on = await openMixed({ threads });
      const path = newFolder();
      for (const stop of stops) await sit(path, mixed, { on, watch: kill(trained(stop)) });
      await sit(path, mixed, { on });
      await on.close();
      ends.push(await bits(path));
      expect(ofType(await metricsOf(path), 'resume').every((line) => line.exact)).toBe(true);
    }
    expect(ends[1]).toEqual(ends[0]);
    expect(ends[2]).toEqual(ends[0]);
    expect(ends[0].raw).not.toBe(expected.raw);
  });

  it('when a longer run takes over at a checkpoint that its parent then sweeps, and another one of that run', async () => {
    const [path, childPath, grandchildPath] = [newFolder(), newFolder(), newFolder()];
    await mkdir(childPath);
    let taken: Promise<void> | null = null;
    const watch = (report: Report) => {
      if (report.type === 'metrics' && report.line.type === 'checkpoint' && report.line.step === 12)
        taken = takeOrigin(path, childPath, { checkpoint: 12 });
    };
    await sit(path, config, { watch });
    await taken;
    expect((await (await RunFolder.open(path)).checkpoints()).map((c) => c.step)).not.toContain(12);
    await rm(path, { recursive: true });
    // A parent that lies beside its child goes by its name.
    const child = continueConfig(config, { name: 'longer', run: basename(path), step: 12, end: 24 });
    // Its window at 15 is still of its parent's steps 8, 10 and 12, and of 14.
    await sit(childPath, child, { watch: kill(trained(16)) });
    const grandchild = continueConfig(child, { name: 'longest', run: basename(childPath), step: 15, end: 24 });
    await mkdir(grandchildPath);
    await takeOrigin(childPath, grandchildPath, { checkpoint: 15 });
    await sit(childPath, child);
    expect(await bits(childPath)).toEqual(expected);
    expect(ofType(await metricsOf(childPath), 'train')[0].step).toBe(12);
    await rm(childPath, { recursive: true });
    await sit(grandchildPath, grandchild);
    expect(await bits(grandchildPath)).toEqual(expected);
  });
});

describe('a cooldown', () => {
  it("goes on from its parent's weights and moments, with its batches, at a falling rate", async () => {
    const constant = microConfig({
      schedule: { kind: 'constant', peak: 1e-2, warmupSteps: 5 },
      checkpoints: { every: 16, keepLast: 5 },
    });
    const trunk = newFolder();
    await sit(trunk, constant);
    const path = newFolder();
    const child = cooldownConfig(constant, { name: 'cooldown', run: trunk, step: 16, end: 24 });
    await sit(path, child);
    const parent = ofType(await metricsOf(trunk), 'train');
    const lines = await metricsOf(path);
    const train = ofType(lines, 'train');
    expect(train.map((line) => line.step)).toEqual([16, 17, 18, 19, 20, 21, 22, 23]);
    // Same weights, batch and dropout: the very loss that the trunk had there.
    expect(train[0].loss).toBe(parent[16].loss);
    expect(train[0].learningRate).toBe(1e-2);
    expect(train.at(-1)!.learningRate).toBeLessThan(1e-3);
    expect(ofType(lines, 'evaluation').map((line) => line.step)).toEqual([16, 18, 24]);
    expect((await bits(path)).t).toBe('24');
  });

  it('refuses other batches than its parent had', async () => {
    const trunk = newFolder();
    const short = microConfig({ steps: 2, schedule: { kind: 'constant', peak: 1e-3 }, policies: [] });
    await sit(trunk, short);
    const child = cooldownConfig(short, { name: 'c', run: trunk, step: 2, end: 4 });
    await expect(sit(newFolder(), { ...child, seed: 1 })).rejects.toMatchObject({ code: 'fork-mismatch' });
  });
});

describe('a run from a model', () => {
  it('starts at step 0 with its weights, an average of another run for one', async () => {
    const path = newFolder();
    await sit(path, config);
    const average = ofType(await metricsOf(path), 'evaluation').at(-1)!.averages.lawa;
    const model = (await RunFolder.open(path)).averagePath('lawa', 24);
    const child = newFolder();
    await sit(child, { ...config, steps: 20, init: { from: 'model', path: model } });
    const [first] = ofType(await metricsOf(child), 'evaluation');
    expect(first).toMatchObject({ step: 0, raw: average.loss });
  });

  it('says what does not fit', async () => {
    const path = newFolder();
    await sit(path, microConfig({ steps: 12, policies: [] }));
    const { path: model } = (await (await RunFolder.open(path)).checkpoints()).at(-1)!;
    const wide = { ...config, model: { ...config.model, width: 64 }, init: { from: 'model', path: model } as const };
    await expect(sit(newFolder(), wide)).rejects.toMatchObject({ code: 'model-mismatch' });
  });
});

describe('policies while the run goes on', () => {
  it('takes up kept checkpoints where they are what it would have seen, and says so', async () => {
    const path = newFolder();
    const keepAll = microConfig({ policies: [], checkpoints: { every: 2, keepLast: 50 } });
    const watch = (report: Report, trainer: Trainer) => {
      if (report.type !== 'metrics' || report.line.type !== 'train' || report.line.step !== 12) return;
      void trainer.addPolicy({ kind: 'lawa', id: 'lawa', k: 4, spacing: 2, start: 4 });
      void trainer.addPolicy({ kind: 'ema', id: 'ema', decay: 0.8, every: 11, start: 11, warmup: true });
    };
    await sit(path, keepAll, { watch });
    const lines = await metricsOf(path);
    expect(ofType(lines, 'policy')).toMatchObject([
      { id: 'lawa', change: 'added', backfilled: true },
      { id: 'ema', change: 'added', backfilled: false },
    ]);
    const whole = newFolder();
    await sit(whole, { ...keepAll, policies: [{ kind: 'lawa', id: 'lawa', k: 4, spacing: 2, start: 4 }] });
    const [late, early] = [await bits(path), await bits(whole)];
    expect(late.lawa).toBe(early.lawa);
    expect(late.raw).toBe(early.raw);
  });

  it('removes one, and notes a request that cannot be served', async () => {
    const path = newFolder();
    const failures: unknown[] = [];
    const watch = (report: Report, trainer: Trainer) => {
      if (report.type !== 'metrics' || report.line.type !== 'train' || report.line.step !== 8) return;
      void trainer.removePolicy('ema');
      trainer.removePolicy('nobody').catch((error) => failures.push(error.code));
      trainer
        .addPolicy({ kind: 'lawa', id: 'lawa', k: 1, spacing: 1, start: null })
        .catch((e) => failures.push(e.code));
    };
    await sit(path, config, { watch });
    expect(failures).toEqual(['unknown-policy', 'policy-exists']);
    expect(Object.keys(await bits(path))).not.toContain('ema');
    const lines = await metricsOf(path);
    expect(ofType(lines, 'evaluation').at(-1)!.averages).not.toHaveProperty('ema');
    expect(ofType(lines, 'note').map((line) => line.text)).toEqual([
      expect.stringContaining('no average called "nobody"'),
      expect.stringContaining('already has an average called "lawa"'),
    ]);
  });
});

describe('when things go wrong', () => {
  it('leaves out updates that are not finite, names the step, and ends with everything on disk finite', async () => {
    const path = newFolder();
    const wild = microConfig({
      steps: 60,
      schedule: { kind: 'constant', peak: 1e30, warmupSteps: 0 },
      policies: [{ kind: 'ema', id: 'ema', decay: 0.5, every: 1, start: 0 }],
      checkpoints: { every: 1 },
    });
    const error = await sit(path, wild).catch((e) => e);
    expect(error).toBeInstanceOf(UserError);
    expect(error.code).toBe('diverged');
    const train = ofType(await metricsOf(path), 'train');
    const first = train.find((line) => line.skipped)!.step;
    expect(train.filter((line) => line.skipped).map((line) => line.step)).toEqual(
      Array.from({ length: 20 }, (_, i) => first + i),
    );
    expect(error.message).toContain(`step ${first} `);
    expect(ofType(await metricsOf(path), 'note')[0]).toMatchObject({ step: first, level: 'warning' });
    const folder = await RunFolder.open(path);
    const checkpoint = await folder.openForResume();
    // Skipped updates advance the step, not Adam's t, and no policy sees them.
    expect(checkpoint.trainer.adamT).toBe(first);
    expect(checkpoint.trainer.policies.ema.state.count).toBe(first + 1);
    for (const of of ['raw', 'ema'])
      expect((await (await checkpoint.weights(of))(0, folder.table.elements)).every(Number.isFinite)).toBe(true);
    await checkpoint.close();
  });

  it('waits on a full disk, says how much is needed, goes on with the same bits', async () => {
    const path = newFolder();
    let failures = 3;
    const tamper = (folder: RunFolder) => {
      const write = folder.writeCheckpoint.bind(folder);
      folder.writeCheckpoint = async (content) => {
        if (content.step === 12 && failures-- > 0)
          throw new UserError('disk-full', 'The disk is full (12.0 MB needed, 1.0 MB free).', 'Make space.');
        return write(content);
      };
    };
    const reasons: string[] = [];
    const watch = (report: Report, trainer: Trainer) => {
      if (report.type !== 'progress' || report.progress.reason === null) return;
      expect(report.progress.phase).toBe('paused');
      reasons.push(report.progress.reason);
      setTimeout(() => trainer.resume(), 10);
    };
    expect((await sit(path, config, { tamper, watch })).outcome).toBe('finished');
    expect(reasons).toEqual(Array(3).fill('The disk is full (12.0 MB needed, 1.0 MB free). Make space.'));
    const other = newFolder();
    await sit(other, config);
    expect(await bits(path)).toEqual(await bits(other));
  });

  it('warns once of a disk budget that what must be kept does not fit', async () => {
    const path = newFolder();
    await sit(path, microConfig({ checkpoints: { every: 3, diskBudget: 1000 } }));
    const notes = ofType(await metricsOf(path), 'note');
    expect(notes.map((line) => line.text)).toEqual([expect.stringContaining('more than the disk budget')]);
  });

  it('ends with the reason when it is stopped while the disk is full; the last checkpoint stays', async () => {
    const path = newFolder();
    const tamper = (folder: RunFolder) => {
      const write = folder.writeCheckpoint.bind(folder);
      folder.writeCheckpoint = async (content) => {
        if (content.step >= 12) throw new UserError('disk-full', 'The disk is full.', 'Make space.');
        return write(content);
      };
    };
    const watch = (report: Report, trainer: Trainer) => {
      if (report.type === 'progress' && report.progress.reason !== null) setTimeout(() => trainer.stop(), 10);
    };
    await expect(sit(path, config, { tamper, watch })).rejects.toMatchObject({ code: 'disk-full' });
    expect((await bits(path)).step).toBe('9');
  });

  it('says aloud that a resume with other numerics is not bit-exact', async () => {
    const path = newFolder();
    await sit(path, config, {
      watch: (report) => {
        if (report.type === 'metrics' && report.line.type === 'train' && report.line.step === 7) throw new Killed();
      },
    });
    const changed: Backend = {
      info: { ...backend.info, numerics: { ...backend.info.numerics, fusion: 'other' } },
      vectors: backend.vectors,
      store: (dtype, elements) => backend.store(dtype, elements),
      compile: (program) => backend.compile(program),
      drain: () => backend.drain(),
      close: async () => {},
    };
    await sit(path, config, { on: changed });
    const lines = await metricsOf(path);
    expect(ofType(lines, 'resume')).toMatchObject([{ from: 6, exact: false }]);
    expect(ofType(lines, 'note')[0]).toMatchObject({ level: 'warning', text: expect.stringContaining('fusion') });
  });

  it.each([
    ['a training split shorter than a block', microDataset({ train: 16, val: 100 }), 'dataset-too-short'],
    ['a validation split shorter than a block', microDataset({ train: 100, val: 16 }), 'dataset-too-short'],
    ['a vocabulary larger than the model', largeVocabulary(), 'vocabulary-too-large'],
    ['data that changed', changedData(), 'dataset-changed'],
  ])('refuses %s before anything is written', async (_, data, code) => {
    const path = newFolder();
    const folder = await RunFolder.create(path, config, { datasetFingerprint: dataset.meta.fingerprint });
    const start = () => new Trainer({ folder, dataset: data, backend });
    expect(start).toThrow(expect.objectContaining({ code }));
    expect(await folder.readMetrics()).toEqual([]);
  });
});

function largeVocabulary() {
  const data = microDataset();
  return { ...data, meta: { ...data.meta, tokenizer: { ...data.meta.tokenizer, vocabSize: 29 } } };
}
function changedData() {
  const data = microDataset();
  return { ...data, meta: { ...data.meta, fingerprint: 'f'.repeat(64) } };
}
