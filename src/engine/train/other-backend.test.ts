/** A run changes its engine between two sittings: the checkpoint knows none, the run says that bits may differ. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openBackend } from '../backends/select.ts';
import { TensorflowBackend } from '../backends/tensorflow/index.ts';
import { pureLibrary } from '../backends/tensorflow/pure.ts';
import { RunFolder } from '../checkpoint/index.ts';
import { microConfig, microDataset } from './fixture.ts';
import { sittings, weightsAt } from './sittings.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'meander-other-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const dataset = microDataset();
const config = microConfig({
  steps: 12,
  policies: [
    { kind: 'lawa', id: 'lawa', k: 4, spacing: 2, start: 4 },
    { kind: 'ema', id: 'ema', decay: 0.8, every: 1, start: 3 },
  ],
  checkpoints: { every: 6, keepLast: 2 },
});

const sit = sittings(config, dataset);
const weights = (path: string, of: string) => weightsAt(path, 12, of);

it('goes on with TensorFlow from a checkpoint of another engine, to the same weights and averages', async () => {
  const { backend: first } = await openBackend('auto', {});
  const second = new TensorflowBackend(await pureLibrary());
  const [mixed, alone] = [join(home, 'mixed'), join(home, 'alone')];
  await sit(alone, first);
  await sit(mixed, first, (step, trainer) => step === 5 && trainer.stop());
  await sit(mixed, second);
  const lines = await (await RunFolder.open(mixed)).readMetrics();
  expect(lines.filter((line) => line.type === 'resume')).toMatchObject([{ exact: false }]);
  expect(lines.find((line) => line.type === 'note')).toMatchObject({
    level: 'warning',
    text: expect.stringContaining('tensorflow'),
  });
  for (const of of ['raw', 'lawa', 'ema']) {
    const [got, want] = [await weights(mixed, of), await weights(alone, of)];
    const apart = Math.hypot(...got.map((x, i) => x - want[i])) / Math.hypot(...want);
    expect(apart, of).toBeLessThan(1e-4);
    // Another engine did compute: float32 leaves its traces.
    expect(apart, of).toBeGreaterThan(0);
  }
  await first.close();
  await second.close();
});
