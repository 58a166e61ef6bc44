import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RunConfig } from '../shared/config.ts';
import { type Fixture, openFixture, prepared, scratch, tinyRun } from './testing/fixture.ts';

let folder: string;
let remove: () => Promise<void>;
let fixture: Fixture;
let base: RunConfig;
const patient = { timeout: 30_000, interval: 50 };

beforeEach(async () => {
  ({ folder, remove } = await scratch());
  fixture = await openFixture(folder);
  base = tinyRun('study', await prepared(fixture, folder), { steps: 50 });
});
afterEach(async () => {
  await fixture.application.close(5000);
  await remove();
});

const request = () => ({ base, rates: [1e-3], seeds: [1, 2, 3], spacings: [5, 10] });
const path = () => join(folder, 'home/studies/study/study.json');

test('the grid trains, each run gets its cooldown, and both are compared', async () => {
  expect(await fixture.call('studies.start', request())).toMatchObject({ name: 'study', members: 3, done: 0 });
  await vi.waitFor(async () => expect((await fixture.call('studies.list', undefined))[0]?.done).toBe(3), patient);
  const study = await fixture.call('studies.get', { name: 'study' });
  expect(study.config).toMatchObject({ checkpoints: { every: 10 }, policies: [{ id: 'lawa-5' }, { id: 'lawa-10' }] });
  expect(study.list).toMatchObject(
    [1, 2, 3].map((seed) => ({
      run: `study lr=1e-3 seed=${seed}`,
      seed,
      rate: 1e-3,
      status: 'finished',
      cooldownStatus: 'finished',
      problem: null,
      paired: { difference: -0.5, standardError: 0.1 },
      steps: 60,
    })),
  );
  const child = await fixture.call('runs.get', { name: 'study lr=1e-3 seed=2 cooldown' });
  expect(child.parent).toEqual({ name: 'study lr=1e-3 seed=2', step: 40, purpose: 'cooldown' });
  await fixture.call('studies.delete', { name: 'study' });
  expect(await fixture.call('studies.list', undefined)).toEqual([]);
  expect(await fixture.call('runs.list', undefined)).toHaveLength(6);
  await expect(fixture.call('studies.get', { name: 'study' })).rejects.toMatchObject({ code: 'study-missing' });
  await expect(fixture.call('studies.get', { name: '../runs' })).rejects.toMatchObject({ code: expect.any(String) });
});

test('goes on after the application has ended; a run that is gone does not keep the others', async () => {
  await fixture.call('studies.start', request());
  await fixture.jobIs('study lr=1e-3 seed=1', 'running');
  await fixture.application.close(5000);
  await rm(join(folder, 'home/runs/study lr=1e-3 seed=3'), { recursive: true });
  fixture = await openFixture(folder);
  // What was stopped is not resumed by itself.
  await vi.waitFor(() => fixture.call('runs.start', { name: 'study lr=1e-3 seed=1' }), patient);
  await vi.waitFor(async () => {
    const { done, failed, list } = await fixture.call('studies.get', { name: 'study' });
    expect([done, failed, ...list.map(({ problem }) => problem)]).toMatchObject([2, 1, null, null, expect.any(String)]);
  }, patient);
  const { list } = await fixture.call('studies.get', { name: 'study' });
  expect(list[2]).toMatchObject({ status: null, problem: expect.stringContaining('study lr=1e-3 seed=3') });
});

test('names that are taken, too few steps and too few seeds are refused before a run is made', async () => {
  await expect(fixture.call('studies.start', { ...request(), seeds: [1, 2] })).rejects.toThrow();
  const long = { ...base, name: 'n'.repeat(78) };
  await expect(fixture.call('studies.start', { ...request(), base: long })).rejects.toMatchObject({
    code: 'name-long',
  });
  const odd = { ...request(), base: { ...base, steps: 53 } };
  await expect(fixture.call('studies.start', odd)).rejects.toMatchObject({ code: 'study-steps' });
  await fixture.call('runs.create', { ...base, name: 'study lr=1e-3 seed=2 cooldown' });
  await expect(fixture.call('studies.start', request())).rejects.toMatchObject({ code: 'run-exists' });
  expect(await fixture.call('runs.list', undefined)).toHaveLength(1);
  expect(existsSync(path())).toBe(false);
});

test('a damaged study.json is no study, and results of the command line are none either', async () => {
  await mkdir(join(folder, 'home/studies/of the command line'), { recursive: true });
  await fixture.call('studies.start', request());
  await writeFile(path(), (await readFile(path(), 'utf8')).slice(0, 40));
  expect(await fixture.call('studies.list', undefined)).toEqual([]);
});
