import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { Backend } from '../../engine/backends/backend.ts';
import { runConfig } from '../../shared/config.ts';
import { engineRace } from './race.ts';

const { stepSeconds } = vi.hoisted(() => ({ stepSeconds: vi.fn() }));
vi.mock('../../engine/train/index.ts', () => ({ stepSeconds }));

const config = (width: number) =>
  runConfig.parse({
    name: 'a',
    dataset: 'd',
    steps: 1,
    model: { layers: 1, heads: 1, width, blockSize: 8, vocabSize: 32 },
    batch: { microBatch: 1 },
    checkpoints: { every: 0 },
    schedule: { kind: 'constant', peak: 0 },
    evaluation: { every: 1, blocks: 1 },
  });
const engine = (threads: number) => ({ info: { name: 'native', threads, numerics: {} } }) as unknown as Backend;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meander-race-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  stepSeconds.mockReset().mockResolvedValueOnce(0.5).mockResolvedValueOnce(0.25);
  await rm(join(folder, 'engine-speeds.json'), { force: true });
});

it('measures once for a version, an engine and a model', async () => {
  const seconds = (of = 64, threads = 2, version = '1') =>
    engineRace(config(of), folder, version).seconds(engine(threads));
  expect(await seconds()).toBe(0.5);
  expect(await seconds()).toBe(0.5);
  expect(await seconds(32)).toBe(0.25);
  expect(await seconds()).toBe(0.5);
  expect(stepSeconds).toHaveBeenCalledTimes(2);
  stepSeconds.mockResolvedValue(0.125);
  expect(await seconds(64, 1)).toBe(0.125);
  expect(await seconds(64, 2, '2')).toBe(0.125);
  expect(JSON.parse(await readFile(join(folder, 'engine-speeds.json'), 'utf8'))).toMatchObject({ version: '2' });
});

it('takes a damaged file for none', async () => {
  await writeFile(join(folder, 'engine-speeds.json'), '{"version":"1","seconds":{"a":"b"}');
  expect(await engineRace(config(64), folder, '1').seconds(engine(2))).toBe(0.5);
  expect(await readdir(folder)).toEqual(['engine-speeds.json']);
});

it('keeps nothing without a folder, and does without one that cannot be written', async () => {
  expect(await engineRace(config(64), null, '1').seconds(engine(2))).toBe(0.5);
  expect(await engineRace(config(64), join(folder, 'none'), '1').seconds(engine(2))).toBe(0.25);
  expect(await readdir(folder)).toEqual([]);
});
