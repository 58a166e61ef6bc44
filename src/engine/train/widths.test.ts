/** Weighted windows and power EMAs through the trainer: killed, resumed, forked; widths made after the run. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunConfig, RunConfigInput } from '../../shared/config.ts';
import { continueConfig } from '../../shared/fork.ts';
import type { Backend } from '../backends/backend.ts';
import { openBackend } from '../backends/select.ts';
import { exportWeights, RunFolder } from '../checkpoint/index.ts';
import { microConfig, microDataset } from './fixture.ts';
import { Trainer } from './trainer.ts';

let home: string;
let backend: Backend;
const dataset = microDataset();
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'meander-widths-'));
  ({ backend } = await openBackend('auto', {}));
});
afterAll(async () => {
  await backend.close();
  await rm(home, { recursive: true, force: true });
});

const policies: RunConfigInput['policies'] = [
  { kind: 'wma', id: 'wma', k: 4, spacing: 2, start: 4 },
  { kind: 'power', id: 'power', storeEvery: 3, start: 1 },
];
const config = microConfig({ policies, checkpoints: { every: 5, keepLast: 2 } });
const asked = ['wma', 'power', 'power@0.1', 'power@0.15', 'power@0.2'];

/** Trains until the end, or dies at the update of step `kill`. */
async function sit(path: string, run: RunConfig, kill = -1): Promise<RunFolder> {
  const folder = await RunFolder.open(path).catch(() =>
    RunFolder.create(path, run, { datasetFingerprint: dataset.meta.fingerprint }),
  );
  await folder.lock();
  await folder.sweep();
  const trainer = new Trainer({
    folder,
    dataset,
    backend,
    emit: (report) => {
      if (report.type === 'metrics' && report.line.type === 'train' && report.line.step === kill)
        throw new Error('killed');
    },
  });
  try {
    await trainer.run();
  } catch (error) {
    if ((error as Error).message !== 'killed') throw error;
  } finally {
    await folder.close();
  }
  return RunFolder.open(path);
}

async function weights(folder: RunFolder, of: string): Promise<number[]> {
  const checkpoint = await folder.openCheckpoint(null);
  try {
    return [...(await (await checkpoint.weights(of))(0, folder.table.elements))];
  } finally {
    await checkpoint.close();
  }
}
const pairs = async (folder: RunFolder) =>
  (await readdir(join(folder.path, 'pairs/power'))).map((n) => Number(n.slice(5, 13)));

let whole: RunFolder;
beforeAll(async () => {
  whole = await sit(join(home, 'whole'), config);
});

test('stored as often as asked; each width is a model of its own between its neighbours', async () => {
  expect(await pairs(whole)).toEqual([4, 7, 10, 13, 16, 19, 22]);
  const [raw, narrow, middle, wide] = await Promise.all(
    ['raw', 'power', 'power@0.075', 'power@0.1'].map((of) => weights(whole, of)),
  );
  const from = (a: number[], b: number[]) => Math.hypot(...a.map((x, i) => x - b[i]));
  expect(from(middle, raw)).toBeGreaterThan(from(narrow, raw));
  expect(from(middle, raw)).toBeLessThan(from(wide, raw));
  expect(from(middle, narrow)).toBeGreaterThan(0);
});

test('killed and resumed, every average and every width ends with the same bits', async () => {
  const path = join(home, 'killed');
  const first = await sit(path, config, 13);
  expect((await first.checkpoints()).at(-1)!.step).toBe(10);
  const again = await sit(path, config);
  expect(await pairs(again)).toEqual(await pairs(whole));
  for (const of of asked) expect(await weights(again, of), of).toEqual(await weights(whole, of));
});

test('pairs of lost steps are swept', async () => {
  const path = join(home, 'lost');
  const first = await sit(path, config, 9);
  expect(await pairs(first)).toContain(7);
  await first.lock();
  expect(await first.sweep()).toContain(join('pairs', 'power', 'step-00000007.safetensors'));
  await first.close();
  expect(await pairs(first)).toEqual([4]);
});

test('children keep the pairs of their parents when those are deleted', async () => {
  const parent = await sit(join(home, 'parent'), config, 12);
  const longer = continueConfig(config, { name: 'child', run: 'parent', step: 10, end: 24 });
  const child = await sit(join(home, 'child'), longer, 16);
  expect(await pairs(child)).toEqual([13, 16]);
  const longest = continueConfig(longer, { name: 'grandchild', run: 'child', step: 15, end: 24 });
  const grandchild = await sit(join(home, 'grandchild'), longest, 17);
  for (const { path } of [parent, child]) await rm(path, { recursive: true });
  const end = await sit(grandchild.path, longest);
  // The schedule and the data are the parent's, so it ends where the whole run does.
  for (const of of asked) expect(await weights(end, of), of).toEqual(await weights(whole, of));
});

test('what was asked wrongly or is gone is said', async () => {
  await expect(weights(whole, 'wma@0.15')).rejects.toMatchObject({ code: 'no-widths' });
  await expect(weights(whole, 'nobody@0.15')).rejects.toMatchObject({ code: 'average-missing' });
  await expect(weights(whole, 'power@0.5')).rejects.toMatchObject({ code: 'bad-width' });
  const broken = await sit(join(home, 'broken'), config);
  const file = join(broken.path, 'pairs/power/step-00000010.safetensors');
  const data = await readFile(file);
  data[data.length - 9] ^= 1;
  await writeFile(file, data);
  await expect(weights(broken, 'power@0.15')).rejects.toMatchObject({ code: 'pair-damaged' });
  // A width that the checkpoint holds needs no pairs.
  expect(await weights(broken, 'power@0.1')).toEqual(await weights(whole, 'power@0.1'));
  await rm(file);
  await expect(weights(broken, 'power@0.15')).rejects.toMatchObject({ code: 'pair-missing' });
});

test('a width is exported with its recipe and sources', async () => {
  const target = join(home, 'export');
  await exportWeights(whole, { step: null, of: 'power@0.15', dtype: 'float32', target, tokenizer: null });
  const card = await readFile(join(target, 'README.md'), 'utf8');
  expect(card).toContain(
    'Power EMA: width 0.15 of the time since step 1, worked out after the run from 7 stored pairs',
  );
});
