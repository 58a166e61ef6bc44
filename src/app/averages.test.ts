import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AppEvent } from '../shared/api.ts';
import { type Fixture, openFixture, prepared, scratch, tinyRun } from './testing/fixture.ts';

let folder: string;
let remove: () => Promise<void>;
let fixture: Fixture;
const runFolder = () => join(folder, 'home/runs/run');

beforeEach(async () => {
  ({ folder, remove } = await scratch());
  fixture = await openFixture(folder);
});
afterEach(async () => {
  await fixture.application.close(5000);
  await remove();
});

async function finishedRun(): Promise<void> {
  const dataset = await prepared(fixture, folder);
  await fixture.call('runs.create', tinyRun('run', dataset));
  await fixture.call('runs.start', { name: 'run' });
  await fixture.jobIs('run', 'finished');
}

/** trainer.json as a real worker writes it. */
async function writeTrainer(step: number): Promise<void> {
  const lawa = { kind: 'lawa', id: 'lawa', k: 3, spacing: 5, start: 5 };
  const power = { kind: 'power', id: 'power', widths: [0.05, 0.1], every: 1, storeEvery: 8, start: 0 };
  const policies = {
    lawa: { config: lawa, state: { count: 3, newest: 20, window: [10, 15, 20] } },
    power: { config: power, state: { count: 21, newest: 20, stored: [{ step: 8, count: 9, sha256: 'x' }] } },
  };
  const path = join(runFolder(), 'checkpoints', `step-${String(step).padStart(8, '0')}`, 'trainer.json');
  await writeFile(path, JSON.stringify({ validationLoss: 1.5, policies }));
}

describe('what a run holds', () => {
  test('checkpoints and snapshots, and which policy needs them', async () => {
    await finishedRun();
    await writeTrainer(20);
    await mkdir(join(runFolder(), 'snapshots'), { recursive: true });
    await writeFile(join(runFolder(), 'snapshots/step-00000015.safetensors'), 'weights');
    await writeFile(join(runFolder(), 'snapshots/.tmp-x'), 'half');
    await mkdir(join(runFolder(), 'pairs/power'), { recursive: true });
    await writeFile(join(runFolder(), 'pairs/power/step-00000008.safetensors'), 'pair');
    const state = await fixture.call('averages.state', { name: 'run' });
    expect(state.step).toBe(20);
    expect(state.points).toMatchObject([
      { step: 10, kind: 'checkpoint', heldBy: ['lawa'], loss: null },
      { step: 15, kind: 'snapshot', heldBy: ['lawa'], bytes: 7 },
      { step: 20, kind: 'checkpoint', heldBy: ['lawa'], loss: 1.5 },
    ]);
    expect(state.policies).toMatchObject([
      { config: { id: 'lawa' }, count: 3, window: [10, 15, 20], pairs: null },
      { config: { id: 'power' }, count: 21, window: null, pairs: { count: 1, bytes: 4 } },
    ]);
    // A garbled trainer.json hides nothing of the trajectory.
    await writeFile(join(runFolder(), 'checkpoints/step-00000020/trainer.json'), '{');
    const garbled = await fixture.call('averages.state', { name: 'run' });
    expect(garbled).toMatchObject({ step: 20, policies: [], models: [] });
    expect(garbled.points.map(({ step }) => step)).toEqual([10, 15, 20]);
  });
});

describe('means of chosen steps', () => {
  test('are measured, written twice, listed and deleted', async () => {
    await finishedRun();
    const steps = [20, 10];
    const measured = await fixture.call('averages.preview', { name: 'run', steps });
    expect(measured.map(({ of }) => of)).toEqual(['raw', 'window']);
    const paths: string[] = [];
    for (let i = 0; i < 2; i++)
      paths.push((await fixture.call('averages.write', { name: 'run', steps, format: 'float32' })).path);
    const parent = join(runFolder(), 'averages/window@10-20-k2');
    expect(paths).toEqual([join(parent, 'step-00000020'), join(parent, 'step-00000020-2')]);
    await fixture.call('runs.export', { name: 'run', weights: {}, format: 'float32' });
    const nano = join(runFolder(), 'exports/raw-step-20-float16.pt');
    await writeFile(nano, 'pickle');
    const { models } = await fixture.call('averages.state', { name: 'run' });
    expect(models.filter(({ kind }) => kind === 'window')).toMatchObject([
      { of: 'window', step: 20, dtype: 'float32' },
      { of: 'window' },
    ]);
    expect(models.find(({ path }) => path === nano)).toMatchObject({ layout: 'nanogpt', of: 'raw', dtype: 'float16' });
    for (const path of [...paths, nano]) await fixture.call('averages.delete', { run: 'run', path });
    // With its last model the folder of a window goes too.
    expect(existsSync(parent)).toBe(false);
    expect(await readdir(join(folder, 'home/runs'))).toEqual(['run']);
    expect((await fixture.call('averages.state', { name: 'run' })).models).toHaveLength(1);
  });

  test('are only deleted where they are models, and where nothing needs them', async () => {
    await finishedRun();
    const remove = (path: string, run: string | null = 'run') => fixture.call('averages.delete', { run, path });
    for (const path of [runFolder(), join(runFolder(), 'checkpoints/step-00000020'), '/etc'])
      await expect(remove(path)).rejects.toMatchObject({ code: 'model-missing' });
    const { path } = await fixture.call('averages.write', { name: 'run', steps: [10, 20], format: 'float32' });
    await expect(remove(path, null)).rejects.toMatchObject({ code: 'model-missing' });
    const { config } = await fixture.call('runs.get', { name: 'run' });
    await fixture.call('runs.create', { ...config, name: 'child', init: { from: 'model', path } });
    await expect(remove(path)).rejects.toMatchObject({
      code: 'model-busy',
      message: expect.stringContaining('"child" starts from it'),
    });
    await fixture.call('runs.delete', { name: 'child' });
    await remove(path);
    expect(existsSync(path)).toBe(false);
  });
});

describe('merges of foreign models', () => {
  const merge = (name: string, inputs: string[]) => fixture.call('averages.merge', { name, inputs, format: 'float32' });

  test('are written into the home, listed, and never over another', async () => {
    const inputs = ['a', 'b'].map((name) => join(folder, name));
    const { path } = await merge('mean', inputs);
    expect(path).toBe(join(folder, 'home/averages/mean'));
    expect((await fixture.call('averages.merged', undefined)).models).toMatchObject([{ path, kind: 'merge' }]);
    await expect(merge('mean', inputs)).rejects.toMatchObject({ code: 'target-exists' });
    await expect(merge('../mean', inputs)).rejects.toMatchObject({ code: 'bad-name' });
    await expect(merge('other', ['a', 'b'])).rejects.toMatchObject({ code: 'path-relative' });
    await fixture.call('averages.delete', { run: null, path: path as string });
    expect((await fixture.call('averages.merged', undefined)).models).toEqual([]);
  });

  test('are cancelled midway', async () => {
    const merging = merge('mean', [join(folder, 'a'), join(folder, 'slow')]);
    const reads = (e: AppEvent): e is Extract<AppEvent, { type: 'job' }> =>
      e.type === 'job' && e.job.kind === 'average' && e.job.progress !== null;
    expect((await fixture.until(reads)).job.progress).toMatchObject({ unit: 'bytes', total: 2 });
    await expect(merge('mean', [join(folder, 'a'), join(folder, 'b')])).rejects.toMatchObject({
      code: 'target-exists',
    });
    await fixture.call('averages.cancel', { subject: 'mean' });
    expect(await merging).toMatchObject({ path: null, check: null, outputs: [] });
    await vi.waitFor(() => expect(existsSync(join(folder, 'home/averages/mean'))).toBe(false));
  });
});

describe('prompts', () => {
  test('are kept, renamed and deleted; another of the same name takes the place', async () => {
    const save = (name: string, text: string) => fixture.call('prompts.save', { name, text });
    await Promise.all([save('verse', 'roses'), save('code', 'def f'), save('letter', 'Dear')]);
    await save('verse', 'violets');
    await expect(fixture.call('prompts.rename', { from: 'code', to: 'verse' })).rejects.toMatchObject({
      code: 'prompt-exists',
    });
    await fixture.call('prompts.rename', { from: 'code', to: 'python' });
    await fixture.call('prompts.delete', { name: 'letter' });
    await expect(fixture.call('prompts.delete', { name: 'letter' })).rejects.toMatchObject({ code: 'prompt-missing' });
    expect(await fixture.call('prompts.list', undefined)).toEqual([
      { name: 'python', text: 'def f' },
      { name: 'verse', text: 'violets' },
    ]);
    await writeFile(join(folder, 'settings/prompts.json'), 'torn');
    expect(await fixture.call('prompts.list', undefined)).toEqual([]);
  });
});
