import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AppEvent } from '../shared/api.ts';
import { type Fixture, openFixture, scratch } from './testing/fixture.ts';

let remove: () => Promise<void>;
let fixture: Fixture;
beforeEach(async () => {
  const made = await scratch();
  remove = made.remove;
  fixture = await openFixture(made.folder);
});
afterEach(async () => {
  await fixture.application.close(5000);
  await remove();
});

test('one call prepares the sample text and trains on it; another one trains again on the same', async () => {
  await fixture.call('settings.set', { diskBudget: 5e9, backend: 'reference', threads: 3 });
  const run = await fixture.call('sample.start', undefined);
  expect(run).toMatchObject({ name: 'state-of-the-union 1', config: { preset: 'quickstart' } });
  expect(run.config.checkpoints.diskBudget).toBe(5e9);
  const at = await fixture.until(
    (e): e is AppEvent => e.type === 'job' && e.job.kind === 'train' && e.job.device !== null,
  );
  // A run that leaves the choice open takes the device of the settings.
  expect(at).toMatchObject({ job: { device: { backend: 'reference', threads: 3 } } });
  const second = await fixture.call('sample.start', undefined);
  expect(second).toMatchObject({ name: 'state-of-the-union 2', status: 'queued' });
  expect(await fixture.call('datasets.list', undefined)).toMatchObject([
    { name: 'state-of-the-union', status: 'ready', usedBy: ['state-of-the-union 2', 'state-of-the-union 1'] },
  ]);
});
