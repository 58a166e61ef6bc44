import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AppEvent } from '../../shared/api.ts';
import { endlessRun, type Fixture, openFixture, prepared, scratch, tinyRun } from '../testing/fixture.ts';

let folder: string;
let remove: () => Promise<void>;
let fixture: Fixture;
beforeEach(async () => {
  ({ folder, remove } = await scratch());
  fixture = await openFixture(folder);
});
afterEach(async () => {
  await fixture.application.close(5000);
  await remove();
});

describe('a folder is looked at before it is used', () => {
  test.each([
    ['a relative path', () => 'data', 'home-relative'],
    ['a file', () => join(folder, 'file.txt'), 'home-not-folder'],
    ['a place below a file', () => join(folder, 'file.txt/data'), 'home-not-folder'],
  ])('%s', async (_, path, code) => {
    await writeFile(join(folder, 'file.txt'), '');
    expect((await fixture.call('home.check', { path: path() })).problem?.code).toBe(code);
    await expect(fixture.call('settings.set', { home: path() })).rejects.toMatchObject({ code });
    expect((await fixture.call('settings.get', undefined)).home).toBe(join(folder, 'home'));
  });

  test('a place that takes no folders, whatever its permissions say', async () => {
    // Where there is none, a file stands in its way.
    const [home, code] =
      process.platform === 'linux'
        ? ['/proc/meander/data', 'not-writable']
        : [join(folder, 'file.txt/data'), 'home-not-folder'];
    await writeFile(join(folder, 'file.txt'), '');
    await expect(fixture.call('settings.set', { home })).rejects.toMatchObject({ code });
  });

  test('a new one, with what is free there and what lies there', async () => {
    const path = join(folder, 'not/there/yet');
    const check = await fixture.call('home.check', { path });
    expect(check).toMatchObject({ path, problem: null, runs: 0, datasets: 0, fixed: false });
    expect(check.free).toBeGreaterThan(0);
    await prepared(fixture, folder);
    expect(await fixture.call('home.check', { path: null })).toMatchObject({ datasets: 1 });
    expect(await fixture.call('home.check', { path: '~/data' })).toMatchObject({ path: join(homedir(), 'data') });
  });
});

test('moves with its runs and datasets, which go on there', async () => {
  const dataset = await prepared(fixture, folder);
  await fixture.call('runs.create', tinyRun('run', dataset));
  const to = join(folder, 'elsewhere');
  expect(await fixture.call('home.move', { path: to })).toEqual({ outcome: 'moved', left: [] });
  expect((await fixture.call('settings.get', undefined)).home).toBe(to);
  expect(await fixture.call('home.moving', undefined)).toBeNull();
  const moves = fixture.events.filter((e): e is Extract<AppEvent, { type: 'move' }> => e.type === 'move');
  expect(moves[0]?.move).toMatchObject({ from: join(folder, 'home'), to, phase: 'checking' });
  expect(moves.at(-1)?.move).toBeNull();
  const [run] = await fixture.call('runs.list', undefined);
  expect(run).toMatchObject({ folder: join(to, 'runs/run'), status: 'new' });
  expect(await fixture.call('datasets.list', undefined)).toMatchObject([{ name: 'text', usedBy: ['run'] }]);
  await fixture.call('runs.start', { name: 'run' });
  await fixture.jobIs('run', 'finished');
  expect(await readFile(join(to, 'runs/run/run.json'), 'utf8')).toContain(join(to, 'datasets/text'));
});

test('does not move while a job is at work, into itself, or onto itself', async () => {
  const dataset = await prepared(fixture, folder);
  await expect(fixture.call('home.move', { path: join(dataset, 'in') })).rejects.toMatchObject({ code: 'home-inside' });
  await expect(fixture.call('home.move', { path: join(folder, 'home') })).rejects.toMatchObject({ code: 'home-same' });
  await fixture.call('runs.create', endlessRun('run', dataset));
  await fixture.call('runs.start', { name: 'run' });
  await fixture.jobIs('run', 'running');
  const path = join(folder, 'elsewhere');
  await expect(fixture.call('home.move', { path })).rejects.toMatchObject({ code: 'home-busy' });
  await fixture.call('runs.stop', { name: 'run' });
  await fixture.jobIs('run', 'stopped');
});

test('a run that another process works on keeps the folder where it is', async () => {
  await mkdir(join(folder, 'home/runs/run'), { recursive: true });
  const lock = JSON.stringify({ pid: process.pid, started: null, host: (await import('node:os')).hostname() });
  await writeFile(join(folder, 'home/runs/run/lock'), lock);
  await expect(fixture.call('home.move', { path: join(folder, 'elsewhere') })).rejects.toThrow(/works on "run"/);
});

test('while it moves, what writes is refused and what looks is answered', async () => {
  const dataset = await prepared(fixture, folder);
  const moving = fixture.call('home.move', { path: join(folder, 'elsewhere') });
  await expect(fixture.call('runs.create', tinyRun('run', dataset))).rejects.toMatchObject({ code: 'home-moving' });
  await expect(fixture.call('home.move', { path: folder })).rejects.toMatchObject({ code: 'home-moving' });
  expect(await fixture.call('runs.list', undefined)).toEqual([]);
  expect(await moving).toMatchObject({ outcome: 'moved' });
  await expect(fixture.call('home.cancelMove', undefined)).rejects.toMatchObject({ code: 'not-moving' });
});

test('a move that is cancelled at once leaves all as it was', async () => {
  await prepared(fixture, folder);
  const moving = fixture.call('home.move', { path: join(folder, 'elsewhere') });
  await fixture.call('home.cancelMove', undefined);
  expect(await moving).toEqual({ outcome: 'cancelled', left: [] });
  expect(await fixture.call('datasets.list', undefined)).toMatchObject([{ name: 'text', status: 'ready' }]);
});
