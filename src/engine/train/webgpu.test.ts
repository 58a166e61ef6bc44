/** A run on the graphics card: goes on elsewhere from its checkpoint, and loses its device in the middle. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Backend } from '../backends/backend.ts';
import { openBackend } from '../backends/select.ts';
import { lacksAdapter } from '../backends/webgpu/fixture.ts';
import { openWebgpu } from '../backends/webgpu/index.ts';
import { selfTest } from '../backends/webgpu/self-test.ts';
import { RunFolder } from '../checkpoint/index.ts';
import { microConfig, microDataset } from './fixture.ts';
import { sittings, weightsAt } from './sittings.ts';

const reason = await lacksAdapter();
const dataset = microDataset();
const config = microConfig({
  steps: 12,
  policies: [{ kind: 'ema', id: 'ema', decay: 0.8, every: 1, start: 3 }],
  checkpoints: { every: 6, keepLast: 2 },
});

const sit = sittings(config, dataset);
const weights = (path: string, of: string) => weightsAt(path, 12, of);

describe.skipIf(reason !== null)(`training on webgpu${reason ? `: ${reason}` : ''}`, () => {
  let home: string;
  let other: Backend;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'meander-webgpu-'));
    ({ backend: other } = await openBackend('auto', {}));
    await sit(join(home, 'alone'), other);
  });
  afterAll(async () => {
    await other.close();
    await rm(home, { recursive: true, force: true });
  });

  async function expectSameEnd(path: string): Promise<void> {
    for (const of of ['raw', 'ema']) {
      const [got, want] = [await weights(path, of), await weights(join(home, 'alone'), of)];
      const apart = Math.hypot(...got.map((x, i) => x - want[i])) / Math.hypot(...want);
      expect(apart, of).toBeLessThan(1e-4);
      expect(apart, of).toBeGreaterThan(0);
    }
  }

  it('continues a run of another engine from its checkpoint, to the same weights and averages', async () => {
    const path = join(home, 'continued');
    await sit(path, other, (step, trainer) => step === 7 && trainer.stop());
    const backend = await openWebgpu({ software: true });
    await sit(path, backend);
    await backend.close();
    await expectSameEnd(path);
  });

  it('ends with the reason when the device is lost, and another engine goes on from the last checkpoint', async () => {
    const path = join(home, 'lost');
    const backend = await openWebgpu({ software: true });
    const lost = sit(path, backend, (step) => step === 8 && backend.device.device.destroy());
    await expect(lost).rejects.toMatchObject({ code: 'device-lost', next: expect.stringContaining('last checkpoint') });
    const folder = await RunFolder.open(path);
    expect((await folder.checkpoints()).at(-1)).toMatchObject({ step: 6 });
    await sit(path, other);
    await expectSameEnd(path);
  });

  it('skips an update whose gradient is not finite: weights, averages and checkpoint stay finite', async () => {
    const path = join(home, 'spoiled');
    const backend = await openWebgpu({ software: true });
    const compile = backend.compile.bind(backend);
    vi.spyOn(backend, 'compile').mockImplementation((program) => {
      const executable = compile(program);
      const run = executable.run.bind(executable);
      executable.run = (stores, scalars) =>
        run(stores, program.name === 'train' && scalars.step === 4 ? { ...scalars, lossScale: Number.NaN } : scalars);
      return executable;
    });
    await sit(path, backend);
    await backend.close();
    for (const of of ['raw', 'ema']) expect((await weights(path, of)).every(Number.isFinite), of).toBe(true);
    const lines = await (await RunFolder.open(path)).readMetrics();
    const spoiled = lines.find((line) => line.type === 'train' && line.step === 4);
    expect(spoiled).toMatchObject({ skipped: true });
  });

  it('passes its own test, and a device that miscounts does not', async () => {
    const backend = await openWebgpu({ software: true });
    await selfTest(backend);
    const compile = backend.compile.bind(backend);
    vi.spyOn(backend, 'compile').mockImplementation((program) => {
      const executable = compile(program);
      const run = executable.run.bind(executable);
      executable.run = (stores, scalars) => run(stores, { ...scalars, lossScale: 1.001 });
      return executable;
    });
    await expect(selfTest(backend)).rejects.toMatchObject({
      code: 'webgpu-wrong',
      message: /gradients differ .*1\.0e-3/,
    });
    await backend.close();
  });
});
