import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AppEvent } from '../shared/api.ts';
import { endlessRun, type Fixture, openFixture, prepared, scratch, tinyRun } from './testing/fixture.ts';

let folder: string;
let remove: () => Promise<void>;
let fixture: Fixture;
const opened: Fixture[] = [];

async function open(): Promise<Fixture> {
  const one = await openFixture(folder);
  opened.push(one);
  return one;
}

beforeEach(async () => {
  ({ folder, remove } = await scratch());
  fixture = await open();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const one of opened.splice(0)) await one.application.close(5000);
  await remove();
});

const isCheckpoint = (event: AppEvent): event is Extract<AppEvent, { type: 'metrics' }> =>
  event.type === 'metrics' && event.line.type === 'checkpoint';

async function trainingRun(name = 'run'): Promise<void> {
  const dataset = await prepared(fixture, folder);
  await fixture.call('runs.create', endlessRun(name, dataset));
  await fixture.call('runs.start', { name });
  await fixture.until(isCheckpoint);
}

/** The process that trains the run. */
async function workerOf(run: string): Promise<number> {
  const lock = await readFile(join(folder, 'home/runs', run, 'lock'), 'utf8');
  return (JSON.parse(lock) as { pid: number }).pid;
}

describe('the contract', () => {
  test.each([
    ['no such method', 'constructor', undefined, 'unknown-method'],
    ['a missing input', 'runs.get', undefined, 'bad-input'],
    ['a foreign key in a config', 'runs.create', { nonsense: 1 }, 'bad-input'],
    ['a name that climbs', 'runs.delete', { name: '../datasets' }, 'bad-name'],
    ['a name that is a path', 'runs.log', { name: '/etc/passwd' }, 'bad-name'],
    ['a run that is not there', 'runs.get', { name: 'ghost' }, 'run-missing'],
    ['a dialog where there is none', 'dialog.open', { kind: 'files' }, 'not-here'],
    ['a path outside of the home', 'shell.reveal', { path: '/etc' }, 'not-here'],
  ])('%s is refused', async (_, method, input, code) => {
    expect(await fixture.application.dispatch(method, input)).toMatchObject({ ok: false, error: { code } });
  });

  test('null stands for no input, as JSON has no undefined', async () => {
    expect(await fixture.application.dispatch('runs.list', null)).toEqual({ ok: true, output: [] });
  });
});

describe('datasets', () => {
  test('are prepared, listed, used, and deleted', async () => {
    const path = await prepared(fixture, folder);
    await fixture.call('runs.create', tinyRun('run', path));
    const [dataset] = await fixture.call('datasets.list', undefined);
    expect(dataset).toMatchObject({ name: 'text', status: 'ready', usedBy: ['run'], problem: null });
    await expect(fixture.call('datasets.prepare', { name: 'text', sources: [path] })).rejects.toMatchObject({
      code: 'dataset-exists',
    });
    await fixture.call('datasets.delete', { name: 'text' });
    expect(await fixture.call('datasets.list', undefined)).toEqual([]);
  });

  test('of a mix are named together, guarded while it trains, and refused where they do not go together', async () => {
    const own = await prepared(fixture, folder);
    const other = await prepared(fixture, folder, 'other');
    const others = [{ id: 'other', dataset: other, weight: 3 }];
    const mixed = { ...endlessRun('run', own), mix: { weight: 1, others } };
    await expect(fixture.call('runs.create', mixed)).rejects.toMatchObject({ code: 'mix-mismatch' });
    const change = async (key: string, value: unknown) => {
      const meta = JSON.parse(await readFile(join(other, 'dataset.json'), 'utf8'));
      await writeFile(join(other, 'dataset.json'), JSON.stringify({ ...meta, [key]: value }));
    };
    await change('fingerprint', 'g');
    await change('tokenizer', { kind: 'bytes', vocabSize: 257, endOfText: 256 });
    await expect(fixture.call('runs.create', mixed)).rejects.toThrow(
      '"text" has bytes with 256 ids and "other" bytes with',
    );
    await change('tokenizer', { kind: 'bytes', vocabSize: 256, endOfText: null });
    await fixture.call('runs.create', mixed);
    const made = JSON.parse(await readFile(join(folder, 'home/runs/run/run.json'), 'utf8'));
    expect(made).toMatchObject({ datasetFingerprint: 'f', mixFingerprints: { other: 'g' } });
    expect((await fixture.call('datasets.list', undefined)).map(({ usedBy }) => usedBy)).toEqual([['run'], ['run']]);
    await fixture.call('runs.start', { name: 'run' });
    await fixture.until(isCheckpoint);
    await expect(fixture.call('datasets.delete', { name: 'other' })).rejects.toMatchObject({ code: 'dataset-busy' });
    await fixture.call('runs.stop', { name: 'run' });
    await fixture.jobIs('run', 'stopped');
    await fixture.call('datasets.delete', { name: 'other' });
    await expect(fixture.call('runs.create', { ...mixed, name: 'again' })).rejects.toMatchObject({
      code: 'dataset-missing',
    });
  });

  test('a cancelled preparation says what to continue with', async () => {
    const source = join(folder, 'slow.txt');
    await writeFile(source, 'text');
    await fixture.call('datasets.prepare', { name: 'slow', sources: [source] });
    await fixture.jobIs('slow', 'running');
    await expect(fixture.call('datasets.delete', { name: 'slow' })).rejects.toMatchObject({ code: 'dataset-busy' });
    await fixture.until((e): e is AppEvent => e.type === 'job' && e.job.progress !== null);
    await fixture.call('datasets.cancel', { name: 'slow' });
    await fixture.jobIs('slow', 'stopped');
    const [dataset] = await fixture.call('datasets.list', undefined);
    expect(dataset).toMatchObject({ status: 'incomplete', prepare: { name: 'slow', sources: [source] } });
    await expect(fixture.call('runs.create', tinyRun('run', dataset!.folder))).rejects.toMatchObject({
      code: 'dataset-not-ready',
    });
  });

  test('a preparation that failed for good keeps no folder, and stays in the list with what was asked for', async () => {
    const source = join(folder, 'short.txt');
    await writeFile(source, 'x');
    await fixture.call('datasets.prepare', { name: 'short', sources: [source] });
    await fixture.jobIs('short', 'failed');
    const failed = { name: 'short', status: 'failed', problem: 'It is too short.', prepare: { sources: [source] } };
    await vi.waitFor(async () => expect(await fixture.call('datasets.list', undefined)).toMatchObject([failed]));
    await vi.waitFor(async () => expect(await readdir(join(folder, 'home/datasets'))).toEqual([]));
    await fixture.call('datasets.delete', { name: 'short' });
    expect(await fixture.call('datasets.list', undefined)).toEqual([]);
  });

  test('a cut token file and a garbled dataset.json are broken, and say so', async () => {
    const path = await prepared(fixture, folder);
    await writeFile(join(path, 'val.bin'), Buffer.alloc(3));
    expect((await fixture.call('datasets.list', undefined))[0]).toMatchObject({
      status: 'broken',
      problem: 'Its file val.bin is cut short: 3 of 8 bytes.',
    });
    await writeFile(join(path, 'dataset.json'), '{"schema":');
    expect((await fixture.call('datasets.list', undefined))[0]).toMatchObject({ status: 'broken', meta: null });
  });
});

describe('runs', () => {
  test('a probe measures the configuration that is given, and fits it to the hours', async () => {
    const dataset = await prepared(fixture, folder);
    const base = tinyRun('run', dataset);
    const probe = await fixture.call('runs.probe', { config: base, hours: 1 });
    const { width } = base.model;
    const evaluating = (Math.ceil(base.steps / base.evaluation.every) + 1) * (1 + (base.policies?.length ?? 0)) * 2;
    expect(probe).toMatchObject({
      secondsPerStep: width,
      run: { training: base.steps * width, evaluating },
      beside: [],
    });
    expect(probe.evaluationShare).toBeCloseTo(evaluating / (base.steps * width + evaluating));
    expect(probe.fitted?.steps).toBeGreaterThan(0);
    expect((probe.fitted?.steps ?? 0) * width).toBeLessThanOrEqual(3600);
    const wider = { ...base, model: { ...base.model, width: 2 * width } };
    const [one, two] = await Promise.all([
      fixture.call('runs.probe', { config: wider }),
      fixture.call('runs.probe', { config: base }),
    ]);
    expect([one.secondsPerStep, two.secondsPerStep, one.fitted]).toEqual([2 * width, width, null]);
    expect(await readdir(join(folder, 'home/runs')).catch(() => [])).toEqual([]);
  });

  test('train to the end, with metrics told and kept', async () => {
    const dataset = await prepared(fixture, folder);
    expect(await fixture.call('runs.create', tinyRun('run', dataset))).toMatchObject({ status: 'new', step: 0 });
    await expect(fixture.call('runs.create', tinyRun('run', dataset))).rejects.toMatchObject({ code: 'run-exists' });
    await fixture.call('runs.start', { name: 'run' });
    await fixture.jobIs('run', 'finished');
    const run = await fixture.call('runs.get', { name: 'run' });
    expect(run).toMatchObject({ status: 'finished', step: 20 });
    expect(run.checkpoints.map((c) => c.step)).toEqual([10, 20]);
    expect((await fixture.call('runs.metrics', { name: 'run' })).columns['train.step']).toHaveLength(20);
    expect(await fixture.call('runs.log', { name: 'run' })).toMatch(/finished at step 20/);
    await expect(fixture.call('runs.start', { name: 'run' })).rejects.toMatchObject({ code: 'run-finished' });
  });

  test('pause, resume, sample live, stop, continue, sample and export from the checkpoint', async () => {
    await trainingRun();
    await fixture.call('runs.pause', { name: 'run' });
    await fixture.jobIs('run', 'paused');
    expect(await fixture.call('runs.list', undefined)).toMatchObject([{ status: 'paused' }]);
    await fixture.call('runs.resume', { name: 'run' });
    await fixture.jobIs('run', 'running');
    const options = { prompt: 'once' };
    const [one, two] = await Promise.all([
      fixture.call('runs.sample', { name: 'run', weights: {}, options }),
      fixture.call('runs.sample', { name: 'run', weights: {}, options: { prompt: 'twice' } }),
    ]);
    expect([one.text, two.text]).toEqual(['live once', 'live twice']);
    const report = await fixture.call('runs.diagnostics', { name: 'run' });
    expect(report).toContain('status running');
    expect(report).toContain('<data>/datasets/text');
    expect(report).not.toContain(folder);
    await expect(fixture.call('runs.delete', { name: 'run' })).rejects.toMatchObject({ code: 'run-busy' });
    await fixture.call('runs.stop', { name: 'run' });
    await fixture.jobIs('run', 'stopped');
    await vi.waitFor(async () =>
      expect(await fixture.call('runs.get', { name: 'run' })).toMatchObject({ status: 'stopped' }),
    );
    expect(await fixture.call('runs.sample', { name: 'run', weights: {}, options })).toEqual({
      text: 'from a checkpoint',
    });
    const exports = await Promise.all(
      [1, 2].map(() => fixture.call('runs.export', { name: 'run', weights: {}, format: 'float32' })),
    );
    expect(new Set(exports.map((e) => e.path)).size).toBe(2);
    await fixture.call('runs.start', { name: 'run' });
    await fixture.jobIs('run', 'running');
    expect((await fixture.call('runs.metrics', { name: 'run' })).checkpoints.length).toBeGreaterThan(0);
  });

  test('a live sample is stopped with what it has, and what waits behind it never begins', async () => {
    await trainingRun();
    const ask = (of: string) =>
      fixture.call('runs.sample', { name: 'run', weights: { of }, options: { prompt: 'endless' } });
    const asked = [ask('raw'), ask('lawa'), ask('raw')];
    await fixture.until((e): e is AppEvent => e.type === 'text' && e.piece === 'live ');
    await fixture.call('runs.stopSample', { name: 'run', of: 'lawa' });
    expect(await asked[1]).toEqual({ text: '' });
    await fixture.call('runs.stopSample', { name: 'run' });
    expect(await Promise.all(asked)).toEqual([{ text: 'live ' }, { text: '' }, { text: '' }]);
    await fixture.call('runs.stopSample', { name: 'run' });
  });

  test('a killed worker leaves a failed run that says where it continues', async () => {
    await trainingRun();
    process.kill(await workerOf('run'), 'SIGKILL');
    const job = await fixture.jobIs('run', 'failed');
    expect(job.error).toMatchObject({
      code: 'worker-killed',
      next: expect.stringMatching(/continue from step \d+0\./),
    });
    await vi.waitFor(async () =>
      expect(await fixture.call('runs.get', { name: 'run' })).toMatchObject({ status: 'failed' }),
    );
    await fixture.call('runs.start', { name: 'run' });
    await fixture.until((e): e is AppEvent => e.type === 'metrics' && e.line.type === 'resume');
  });

  test('fork from a checkpoint only, and the child outlives its parent', async () => {
    const dataset = await prepared(fixture, folder);
    await fixture.call('runs.create', tinyRun('run', dataset));
    await fixture.call('runs.start', { name: 'run' });
    await fixture.jobIs('run', 'finished');
    const fork = { name: 'run', purpose: 'cooldown' as const, end: 20, childName: 'child' };
    await expect(fixture.call('runs.fork', { ...fork, step: 11 })).rejects.toMatchObject({ code: 'no-checkpoint' });
    expect(await fixture.call('runs.fork', { ...fork, step: 10, form: 'linear' })).toMatchObject({
      status: 'new',
      config: { schedule: { kind: 'wsd', cooldownForm: 'linear' } },
      step: 10,
      parent: { name: 'run', step: 10, purpose: 'cooldown' },
    });
    await expect(fixture.call('runs.fork', { ...fork, step: 10 })).rejects.toMatchObject({ code: 'run-exists' });
    // A configuration that names a checkpoint is a fork too, whichever way it comes.
    const init = { from: 'checkpoint', run: 'run', step: 10, purpose: 'continue' } as const;
    await fixture.call('runs.create', { ...tinyRun('second', dataset), init });
    const ghost = { ...tinyRun('third', dataset), init: { ...init, run: 'ghost' } };
    await expect(fixture.call('runs.create', ghost)).rejects.toMatchObject({ code: 'no-checkpoint' });
    await fixture.call('runs.delete', { name: 'run' });
    expect(await readdir(join(folder, 'home/runs'))).toEqual(['child', 'second']);
    for (const name of ['child', 'second']) {
      expect(await readdir(join(folder, 'home/runs', name, 'origin/checkpoints'))).toEqual(['step-00000010']);
      expect(await fixture.call('runs.get', { name })).toMatchObject({ status: 'new', parent: { name: 'run' } });
    }
  });

  test('a rescue takes the snapshots before the newest spike with it', async () => {
    const dataset = await prepared(fixture, folder);
    const run = { ...tinyRun('run', dataset), steps: 400 };
    await fixture.call('runs.create', run);
    const rescue = { name: 'run', childName: 'child' };
    await expect(fixture.call('runs.rescue', rescue)).rejects.toMatchObject({ code: 'no-spike' });
    const at = join(folder, 'home/runs/run');
    const spike = { type: 'spike', step: 300, onset: 298, loss: null, limit: 3, snapshots: [280, 290] };
    await writeFile(join(at, 'metrics.jsonl'), `${JSON.stringify(spike)}\n`);
    expect(await fixture.call('runs.get', { name: 'run' })).toMatchObject({ spike });
    await expect(fixture.call('runs.rescue', rescue)).rejects.toMatchObject({ code: 'no-snapshots' });
    await mkdir(join(at, 'snapshots'));
    for (const step of spike.snapshots) await writeFile(join(at, `snapshots/step-00000${step}.safetensors`), `${step}`);
    expect(await fixture.call('runs.rescue', rescue)).toMatchObject({
      status: 'new',
      step: 301,
      parent: { name: 'run', step: 301, purpose: 'rescue' },
      config: { schedule: { rewarm: { from: 301, steps: 99 } } },
    });
    await fixture.call('runs.delete', { name: 'run' });
    expect(await readdir(join(folder, 'home/runs/child/origin/snapshots'))).toHaveLength(2);
  });

  test('a garbled run.json still shows', async () => {
    await mkdir(join(folder, 'home/runs/odd'), { recursive: true });
    await writeFile(join(folder, 'home/runs/odd/run.json'), '{"schema":2}');
    await mkdir(join(folder, 'home/runs/no run at all'));
    expect(await fixture.call('runs.list', undefined)).toMatchObject([{ name: 'odd', status: 'broken' }]);
    await expect(fixture.call('runs.start', { name: 'odd' })).rejects.toMatchObject({ code: 'run-broken' });
  });

  test('are as large as their files when asked for one by one, and follow a run.json that was mended', async () => {
    const dataset = await prepared(fixture, folder);
    await fixture.call('runs.create', tinyRun('run', dataset));
    const [before] = await fixture.call('runs.list', undefined);
    await writeFile(join(folder, 'home/runs/run/extra'), 'x'.repeat(5000));
    expect((await fixture.call('runs.get', { name: 'run' })).bytes).toBe(before!.bytes + 5000);
    expect((await fixture.call('runs.list', undefined))[0]!.bytes).toBe(before!.bytes + 5000);
    const file = join(folder, 'home/runs/run/run.json');
    const sound = await readFile(file, 'utf8');
    await writeFile(file, '{');
    expect(await fixture.call('runs.list', undefined)).toMatchObject([{ status: 'broken' }]);
    await writeFile(file, sound);
    expect(await fixture.call('runs.list', undefined)).toMatchObject([{ status: 'new' }]);
  });

  test('carry tags and a note in a file of their own, which goes where the folder goes', async () => {
    const dataset = await prepared(fixture, folder);
    await fixture.call('runs.create', tinyRun('run', dataset));
    const notes = { tags: ['paper', 'warm-up'], note: 'Diverges at step 700.\nTry a lower rate.' };
    expect(await fixture.call('runs.annotate', { name: 'run', notes })).toMatchObject({ ...notes, status: 'new' });
    await cp(join(folder, 'home/runs/run'), join(folder, 'home/runs/copy'), { recursive: true });
    expect(await fixture.call('runs.get', { name: 'copy' })).toMatchObject(notes);
    const file = join(folder, 'home/runs/copy/notes.json');
    for (const garbled of ['{"schema":1', '{"schema":1,"tags":["a","a"],"note":""}', 'x'.repeat(100_000)]) {
      await writeFile(file, garbled);
      expect(await fixture.call('runs.get', { name: 'copy' })).toMatchObject({ tags: [], note: '' });
      await expect(fixture.call('runs.annotate', { name: 'copy', notes })).rejects.toMatchObject({
        code: 'notes-broken',
      });
      expect(await readFile(file, 'utf8')).toBe(garbled);
    }
    await expect(fixture.call('runs.annotate', { name: 'ghost', notes })).rejects.toMatchObject({
      code: 'run-missing',
    });
    await expect(
      fixture.call('runs.annotate', { name: 'run', notes: { tags: ['a,b'], note: '' } }),
    ).rejects.toMatchObject({ code: 'bad-input' });
  });

  test('a lock of a process on another machine counts', async () => {
    const dataset = await prepared(fixture, folder);
    await fixture.call('runs.create', tinyRun('run', dataset));
    const lock = { pid: 1, started: 'then', host: 'another machine' };
    await writeFile(join(folder, 'home/runs/run/lock'), JSON.stringify(lock));
    expect(await fixture.call('runs.get', { name: 'run' })).toMatchObject({ status: 'running' });
    await expect(fixture.call('runs.start', { name: 'run' })).rejects.toMatchObject({ code: 'run-locked' });
  });
});

describe('the queue', () => {
  test('trains one run at a time, first come first served', async () => {
    await trainingRun('first');
    const dataset = join(folder, 'home/datasets/text');
    for (const name of ['second', 'third']) {
      await fixture.call('runs.create', tinyRun(name, dataset));
      expect(await fixture.call('runs.start', { name })).toMatchObject({ status: 'queued' });
    }
    await expect(fixture.call('runs.start', { name: 'third' })).rejects.toMatchObject({ code: 'run-busy' });
    await expect(fixture.call('datasets.delete', { name: 'text' })).rejects.toMatchObject({ code: 'dataset-busy' });
    await fixture.call('runs.stop', { name: 'second' });
    expect(await fixture.call('runs.get', { name: 'second' })).toMatchObject({ status: 'new' });
    await fixture.call('runs.stop', { name: 'first' });
    await fixture.jobIs('third', 'finished');
  });

  test('a sweep makes its runs, all or none, and fills the queue, whose order can be changed', async () => {
    await trainingRun('first');
    const base = tinyRun('base', join(folder, 'home/datasets/text'));
    const seeds = (...values: number[]) => ({ base, axes: [{ field: 'seed', values }] });
    const swept = await fixture.call('runs.sweep', seeds(1, 2, 3));
    expect(swept).toMatchObject([
      { name: 'base seed=1', status: 'queued', place: 1, config: { seed: 1 } },
      { name: 'base seed=2', status: 'queued', place: 2 },
      { name: 'base seed=3', status: 'queued', place: 3 },
    ]);
    await expect(fixture.call('runs.sweep', seeds(3, 4))).rejects.toMatchObject({ code: 'sweep-invalid' });
    expect(await readdir(join(folder, 'home/runs'))).not.toContain('base seed=4');
    const order = await fixture.call('runs.move', { name: 'base seed=3', place: 1 });
    expect(order).toEqual(['base seed=3', 'base seed=1', 'base seed=2']);
    await expect(fixture.call('runs.move', { name: 'first', place: 1 })).rejects.toMatchObject({ code: 'not-queued' });
    // Its folder goes away while it waits: it fails, and those behind it train.
    await rm(join(folder, 'home/runs/base seed=1'), { recursive: true });
    await fixture.call('runs.stop', { name: 'first' });
    await fixture.jobIs('base seed=3', 'finished');
    await fixture.jobIs('base seed=2', 'finished');
    const left = (await fixture.call('runs.list', undefined)).map(({ name, status, place }) => [name, status, place]);
    expect(left.sort()).toEqual([
      ['base seed=2', 'finished', null],
      ['base seed=3', 'finished', null],
      ['first', 'stopped', null],
    ]);
  });

  test('a sweep that cannot be made whole leaves no run behind', async () => {
    const base = tinyRun('base', await prepared(fixture, folder));
    // A file stands where the second run's folder would be: no list of runs names it.
    await mkdir(join(folder, 'home/runs'), { recursive: true });
    await writeFile(join(folder, 'home/runs/base seed=2'), '');
    const axes = [{ field: 'seed', values: [1, 2] }];
    await expect(fixture.call('runs.sweep', { base, axes })).rejects.toMatchObject({ code: 'run-exists' });
    expect(await fixture.call('runs.list', undefined)).toEqual([]);
  });

  test('survives the end of the application: the run is saved, what waited trains on', async () => {
    await trainingRun('first');
    await fixture.call('runs.create', tinyRun('second', join(folder, 'home/datasets/text')));
    await fixture.call('runs.start', { name: 'second' });
    await fixture.application.close(10_000);
    const again = await open();
    expect(await again.call('runs.get', { name: 'first' })).toMatchObject({ status: 'stopped' });
    await again.jobIs('second', 'finished');
  });

  test('a run whose worker cannot start is failed, and the next one starts', async () => {
    const dataset = await prepared(fixture, folder);
    await fixture.call('runs.create', tinyRun('first', dataset));
    await fixture.call('datasets.delete', { name: 'text' });
    await fixture.call('runs.start', { name: 'first' });
    const failed = await fixture.jobIs('first', 'failed');
    expect(failed.error).toMatchObject({ code: 'dataset-missing' });
    await prepared(fixture, folder, 'text');
    await fixture.call('runs.start', { name: 'first' });
    await fixture.jobIs('first', 'finished');
  });
});

test('folders that a crash left half deleted or half made are finished off at the next start', async () => {
  const left = ['deleted', 'new'].map((state) => join(folder, `home/runs/.${state}-0123abcd`));
  for (const path of left) await mkdir(path, { recursive: true });
  await open();
  for (const path of left) await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
});
