import { beforeEach, expect, it, vi } from 'vitest';
import type { Backend } from '../../engine/backends/backend.ts';
import { UserError } from '../../engine/errors.ts';
import { runConfig } from '../../shared/config.ts';
import type { Report } from '../../shared/jobs.ts';
import { withTrainingDevice } from './device.ts';

const { openBackend } = vi.hoisted(() => ({ openBackend: vi.fn() }));
vi.mock('../../engine/backends/select.ts', () => ({ openBackend }));

const config = (backend: 'auto' | 'native') =>
  runConfig.parse({
    name: 'a',
    dataset: 'd',
    steps: 1,
    model: { layers: 1, heads: 1, width: 8, blockSize: 8, vocabSize: 32 },
    batch: { microBatch: 1 },
    checkpoints: { every: 0 },
    schedule: { kind: 'constant', peak: 0 },
    evaluation: { every: 1, blocks: 1 },
    device: { backend },
  });

const close = vi.fn();
async function takes(choice: 'auto' | 'native', before: 'tensorflow' | null): Promise<Report> {
  const said: Report[] = [];
  await withTrainingDevice(config(choice), before, { report: (report) => said.push(report) }, async () => {});
  return said[0]!;
}

beforeEach(() => {
  close.mockReset();
  openBackend.mockReset().mockImplementation(async (name: string) => ({
    backend: { info: { name, device: 'a processor', family: 'f', threads: 1 }, close } as unknown as Backend,
    why: `${name}: chosen`,
  }));
});

it('auto stays with the engine that the run began on', async () => {
  expect(await takes('auto', 'tensorflow')).toMatchObject({ why: 'tensorflow: the run began on it' });
  expect(close).toHaveBeenCalledOnce();
});

it('auto takes the fastest at the first start, and where the former engine is gone', async () => {
  expect(await takes('auto', null)).toMatchObject({ why: 'auto: chosen' });
  openBackend.mockRejectedValueOnce(new UserError('tensorflow-missing', 'gone', 'install it'));
  expect(await takes('auto', 'tensorflow')).toMatchObject({ why: 'auto: chosen' });
  for (const [, , race] of openBackend.mock.calls.filter(([name]) => name === 'auto'))
    expect(race).toMatchObject({ of: 'a step of this model' });
});

it('an engine by name overrules both', async () => {
  expect(await takes('native', 'tensorflow')).toMatchObject({ why: 'native: chosen' });
});
