import { cp, mkdir, open, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PolicyConfig, RunConfig } from '../../shared/config.ts';
import { createPolicy, meanReader, type Policy, type Resolved, SnapshotPool } from '../averaging/index.ts';
import type { Backend, Floats } from '../backends/backend.ts';
import { openReference } from '../backends/reference/index.ts';
import { exportWeights } from './export.ts';
import { letters, reading, someWeights, temporaryFolder, tinyRun } from './fixture.ts';
import { openModelFolder } from './model-folder.ts';
import { RunFolder } from './run-folder.ts';
import { storeReader } from './vector.ts';

let root: string;
let backend: Backend;
beforeEach(async () => {
  root = await temporaryFolder();
  backend = await openReference();
});
afterEach(async () => {
  await backend.close();
  await rm(root, { recursive: true });
});

const lawa: Resolved<PolicyConfig> = { kind: 'lawa', id: 'lawa', k: 3, spacing: 5, start: 5 };
const ema: Resolved<PolicyConfig> = { kind: 'ema', id: 'ema', decay: 0.5, every: 1, start: 1, warmup: false };

/** A trainer without training: θ_s is a pure function of s. */
class Loop {
  readonly folder: RunFolder;
  readonly pool: SnapshotPool;
  readonly policies: Policy[];
  readonly weights: Floats;
  readonly m: Floats;
  step = 0;

  constructor(folder: RunFolder, configs: Resolved<PolicyConfig>[] = [lawa, ema], memoryBudget?: number) {
    const { elements } = folder.table;
    this.folder = folder;
    this.pool = new SnapshotPool({ backend, elements, files: folder.snapshotFiles(), memoryBudget });
    this.policies = configs.map((config) => createPolicy(config, { backend, elements, snapshots: this.pool }));
    this.weights = backend.store('f32', elements);
    this.m = backend.store('f32', elements);
  }

  async to(step: number) {
    while (this.step < step) {
      this.step++;
      this.weights.write(0, theta(this.folder, this.step));
      for (const policy of this.policies) if (policy.due(this.step)) await policy.observe(this.step, this.weights);
    }
  }

  save(validationLoss: number | null = null) {
    return this.folder.writeCheckpoint({
      step: this.step,
      table: this.folder.table,
      read: storeReader(this.weights),
      tokenizer: letters,
      trainer: {
        step: this.step,
        adamT: this.step,
        seconds: 1,
        numerics: { family: 'test' },
        validationLoss,
        best: null,
        policies: Object.fromEntries(this.policies.map((p) => [p.id, { config: p.config, state: p.state() as never }])),
      },
      tensors: [{ name: 'm', store: this.m }, ...this.policies.flatMap((p) => p.tensors())],
      pool: this.pool,
    });
  }
}
const theta = (folder: RunFolder, step: number) => someWeights(folder.table, folder.config.model.vocabSize, step);
const create = (changes: Partial<RunConfig> = {}) => RunFolder.create(join(root, 'run'), tinyRun(changes));
const names = (folder: RunFolder, part: string) => readdir(join(folder.path, part)).then((list) => list.sort());
const whole = (folder: RunFolder, read: (o: number, n: number) => Promise<Float32Array>) =>
  read(0, folder.table.elements);

test('run.json is written once and read back', async () => {
  const folder = await RunFolder.create(join(root, 'run'), tinyRun(), { datasetFingerprint: 'abc', appVersion: '1' });
  const again = await RunFolder.open(folder.path);
  expect(again.config).toEqual(folder.config);
  expect(again.datasetFingerprint).toBe('abc');
  await expect(create()).rejects.toMatchObject({ code: 'run-exists' });
  await expect(RunFolder.open(root)).rejects.toMatchObject({ code: 'run-missing' });
  await writeFile(join(folder.path, 'run.json'), '{"schema":1,"config":{"steps":"x"}}');
  await expect(RunFolder.open(folder.path)).rejects.toMatchObject({ code: 'run-damaged' });
});

test('a checkpoint gives back weights, moments, counters and every average, and other tools open it', async () => {
  const loop = new Loop(await create());
  await loop.to(17);
  loop.m.write(3, Float32Array.of(1.5));
  const { bytes } = await loop.save();
  const { folder } = loop;
  expect(await names(folder, 'checkpoints/step-00000017')).toEqual([
    'DONE',
    'README.md',
    'config.json',
    'model.safetensors',
    'tokenizer.json',
    'trainer.json',
    'trainer.safetensors',
  ]);
  // Steps 5, 10 and 15 are in the window and in no checkpoint.
  expect(await names(folder, 'snapshots')).toEqual(
    [5, 10, 15].map((s) => `step-${String(s).padStart(8, '0')}.safetensors`),
  );
  const [entry] = await folder.checkpoints();
  expect(entry).toMatchObject({ step: 17, bytes, averages: ['lawa', 'ema'] });

  const checkpoint = await folder.openForResume();
  const weights = new Float32Array(folder.table.elements);
  await checkpoint.loadWeights((offset, data) => weights.set(data, offset));
  expect(weights).toEqual(theta(folder, 17));
  expect((await whole(folder, checkpoint.tensor('m')))[3]).toBe(1.5);
  expect(checkpoint.trainer.policies.lawa.state).toEqual({ count: 3, newest: 15, window: [5, 10, 15] });

  // Averages from disk alone equal the policies' own.
  for (const policy of loop.policies) {
    const store = backend.store('f32', folder.table.elements);
    await policy.value(store);
    expect(await whole(folder, await checkpoint.weights(policy.id))).toEqual(await store.read(0, store.elements));
  }
  expect(await whole(folder, await checkpoint.weights('raw'))).toEqual(theta(folder, 17));
  await expect(checkpoint.weights('swa')).rejects.toMatchObject({ code: 'average-missing' });
  await checkpoint.close();
  const opened = await openModelFolder(entry.path);
  expect(opened.model).toEqual(folder.config.model);
  await opened.close();
});

test('an export is the policy’s average, with its provenance', async () => {
  const loop = new Loop(await create());
  await loop.to(16);
  await loop.save();
  const { folder } = loop;
  const target = join(root, 'exported');
  const options = { step: null, of: 'lawa', dtype: 'float32', target, tokenizer: letters } as const;
  expect(await exportWeights(folder, options)).toMatchObject({ step: 16 });
  const opened = await openModelFolder(target);
  const vector = new Float32Array(folder.table.elements);
  await opened.loadInto(folder.table, (offset, data) => vector.set(data, offset));
  await opened.close();
  const mean = await meanReader([5, 10, 15].map((s) => reading(theta(folder, s))))(0, folder.table.elements);
  expect(vector).toEqual(mean);
  expect(opened.metadata).toMatchObject({ run: 'tiny', step: '16', policy: 'lawa', format: 'pt' });
  const sources = JSON.parse(opened.metadata.sources) as Record<string, string>;
  expect(Object.keys(sources)).toEqual(['5', '10', '15']);
  for (const hash of Object.values(sources)) expect(hash).toMatch(/^[0-9a-f]{64}$/);
  expect(await readFile(join(target, 'README.md'), 'utf8')).toContain('uniform mean of 3 snapshots, 5 steps apart');
});

test('retention keeps what resume and averages need, and nothing else', async () => {
  const loop = new Loop(
    await create({ checkpoints: { every: 5, keepLast: 2, keepEvery: 0, keepBest: true, diskBudget: null } }),
  );
  for (const [step, loss] of [
    [5, 3],
    [10, 1],
    [15, 2],
    [20, 2],
    [25, 2],
    [30, 2],
  ] as const) {
    await loop.to(step);
    await loop.save(loss);
  }
  const { folder } = loop;
  // 10 is the best, and its window is [5, 10]; 25 and 30 are the newest, with windows back to 15.
  expect((await folder.checkpoints()).map((c) => c.step)).toEqual([10, 25, 30]);
  expect(await names(folder, 'snapshots')).toEqual(
    [5, 15, 20].map((s) => `step-${String(s).padStart(8, '0')}.safetensors`),
  );
  for (const step of [10, 25, 30]) {
    const checkpoint = await folder.openCheckpoint(step);
    await checkpoint.verify();
    const window = checkpoint.trainer.policies.lawa.state.window!;
    const expected = await meanReader(window.map((s) => reading(theta(folder, s))))(0, folder.table.elements);
    expect(await whole(folder, await checkpoint.weights('lawa'))).toEqual(expected);
    await checkpoint.close();
  }
  expect(await folder.keptSteps()).toEqual([5, 10, 15, 20, 25, 30]);
});

test.each([undefined, 0])(
  'resumed from disk, the averages end with the same bits (memory budget %s)',
  async (budget) => {
    const straight = new Loop(await create(), undefined, budget);
    await straight.to(40);
    const first = await RunFolder.create(join(root, 'second'), tinyRun());
    const before = new Loop(first, undefined, budget);
    await before.to(17);
    await before.save();
    await before.to(28);
    await before.pool.settle();

    const folder = await RunFolder.open(first.path);
    await folder.sweep();
    expect(await names(folder, 'snapshots')).toHaveLength(3);
    const after = new Loop(folder, undefined, budget);
    const checkpoint = await folder.openForResume();
    for (const policy of after.policies)
      await policy.restore(checkpoint.trainer.policies[policy.id].state, (name) => checkpoint.tensor(name));
    await checkpoint.close();
    after.step = 17;
    await after.to(40);
    for (const [i, policy] of after.policies.entries()) {
      const [a, b] = [backend.store('f32', folder.table.elements), backend.store('f32', folder.table.elements)];
      await policy.value(a);
      await straight.policies[i].value(b);
      expect(await a.read(0, a.elements)).toEqual(await b.read(0, b.elements));
    }
  },
);

test('a child run starts with its parent’s window and makes it its own', async () => {
  const parent = new Loop(await create());
  await parent.to(17);
  await parent.save();
  const folder = await RunFolder.create(join(root, 'child'), tinyRun({ name: 'child' }));
  const { elements } = folder.table;
  const pool = new SnapshotPool({ backend, elements, files: folder.snapshotFiles(parent.folder) });
  const policy = createPolicy(lawa, { backend, elements, snapshots: pool });
  const checkpoint = await parent.folder.openCheckpoint(17);
  await policy.restore(checkpoint.trainer.policies.lawa.state, (name) => checkpoint.tensor(name));
  await checkpoint.close();
  await pool.persist(17);
  await rm(parent.folder.path, { recursive: true });
  expect(await names(folder, 'snapshots')).toHaveLength(3);
  const target = backend.store('f32', elements);
  await policy.value(target);
  const mean = await meanReader([5, 10, 15].map((s) => reading(theta(folder, s))))(0, elements);
  expect(await target.read(0, elements)).toEqual(mean);
});

describe('damage', () => {
  let folder: RunFolder;
  beforeEach(async () => {
    const loop = new Loop(await create());
    for (const step of [10, 17]) {
      await loop.to(step);
      await loop.save();
    }
    folder = loop.folder;
  });
  const at = (...parts: string[]) => join(folder.path, 'checkpoints', 'step-00000017', ...parts);
  const flip = async (path: string) => {
    const handle = await open(path, 'r+');
    const { size } = await handle.stat();
    const byte = Buffer.alloc(1);
    await handle.read(byte, 0, 1, size - 9);
    byte[0] ^= 1;
    await handle.write(byte, 0, 1, size - 9);
    await handle.close();
  };
  test.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'truncated weights',
      () => truncate(at('model.safetensors'), 1000),
      /model\.safetensors has 1000 bytes instead of/,
    ],
    ['truncated moments', () => truncate(at('trainer.safetensors'), 7), /trainer\.safetensors has 7 bytes/],
    ['missing counters', () => rm(at('trainer.json')), /trainer\.json is missing/],
    [
      'one flipped bit in the weights',
      () => flip(at('model.safetensors')),
      /content of .*model\.safetensors has changed/,
    ],
    [
      'one flipped bit in the moments',
      () => flip(at('trainer.safetensors')),
      /content of .*trainer\.safetensors has changed/,
    ],
    [
      'one flipped bit in a snapshot',
      () => flip(join(folder.path, 'snapshots', 'step-00000015.safetensors')),
      /weights of step 15, which its averages need, have changed/,
    ],
    [
      'a snapshot that is gone',
      () => rm(join(folder.path, 'snapshots', 'step-00000005.safetensors')),
      /weights of step 5, which its averages need, are missing/,
    ],
    [
      'a folder under another step’s name',
      () => rename(at(), join(folder.path, 'checkpoints', 'step-00000019')),
      /trainer\.json is of step 17, the folder of step 19/,
    ],
  ])('%s: file, reason and what to resume from', async (_, damage, reason) => {
    await damage();
    const error = await folder.openForResume().catch((e) => e);
    expect(error).toMatchObject({ code: 'checkpoint-damaged', next: expect.stringContaining('resumes from step 10') });
    expect(error.message).toMatch(reason);
    expect(error.message).not.toMatch(/cannot be used: .*cannot be used/);
  });

  test('a foreign or garbled trainer.json names the key', async () => {
    const done = JSON.parse(await readFile(at('DONE'), 'utf8'));
    const text = (await readFile(at('trainer.json'), 'utf8')).replace('"adamT": 17', '"adamT": -1');
    await writeFile(at('trainer.json'), text);
    done.files['trainer.json'].bytes = text.length;
    await writeFile(at('DONE'), JSON.stringify(done));
    await expect(folder.openCheckpoint(17)).rejects.toMatchObject({ message: expect.stringContaining('adamT') });
  });

  test('unfinished folders are ignored and swept, complete ones recovered', async () => {
    await cp(at(), join(folder.path, 'checkpoints', 'step-00000021'), { recursive: true });
    await rm(join(folder.path, 'checkpoints', 'step-00000021', 'DONE'));
    await mkdir(join(folder.path, 'checkpoints', '.tmp-step-00000022'));
    await mkdir(join(folder.path, 'exports', '.tmp-x'), { recursive: true });
    await rename(at(), join(folder.path, 'checkpoints', '.tmp-step-00000017'));
    expect((await folder.checkpoints()).map((c) => c.step)).toEqual([10]);
    expect((await folder.sweep()).sort()).toEqual([
      join('checkpoints', '.tmp-step-00000022'),
      join('checkpoints', 'step-00000021'),
      join('exports', '.tmp-x'),
    ]);
    expect((await folder.checkpoints()).map((c) => c.step)).toEqual([10, 17]);
    await (await folder.openForResume()).close();
  });

  test('a step that is not there says which are', async () => {
    await expect(folder.openCheckpoint(11)).rejects.toMatchObject({
      code: 'checkpoint-missing',
      next: 'It has 10, 17.',
    });
  });
});

test('weights that are not finite are never saved, and what was saved stays', async () => {
  const loop = new Loop(await create());
  await loop.to(10);
  await loop.save();
  await loop.to(12);
  for (const [store, name] of [
    [loop.weights, 'transformer.wte.weight'],
    [loop.m, 'm'],
  ] as const) {
    store.write(1, Float32Array.of(Number.POSITIVE_INFINITY));
    await expect(loop.save()).rejects.toMatchObject({ code: 'not-finite', message: expect.stringContaining(name) });
    store.write(1, Float32Array.of(0));
  }
  expect(await names(loop.folder, 'checkpoints')).toEqual(['step-00000010']);
  await (await loop.folder.openForResume()).close();
});

test('saving a step again replaces it', async () => {
  const loop = new Loop(await create());
  await loop.to(10);
  await loop.save();
  const first = (await stat(join(loop.folder.path, 'checkpoints', 'step-00000010', 'DONE'))).ino;
  loop.policies.pop()!.close();
  await loop.save();
  expect((await stat(join(loop.folder.path, 'checkpoints', 'step-00000010', 'DONE'))).ino).not.toBe(first);
  expect((await loop.folder.checkpoints())[0].averages).toEqual(['lawa']);
});
