import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemLine } from '../../shared/metrics.ts';
import { findSensor, readSensor, SystemWatch } from './system.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'meander-system-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

it('measures this process, and says nothing of what it cannot tell', async () => {
  const watch = new SystemWatch(root);
  expect(watch.due).toBe(false);
  const until = performance.now() + 60;
  while (performance.now() < until);
  const values = await watch.look();
  expect(systemLine.parse({ type: 'system', step: 1, seconds: 1, ...values })).toMatchObject(values);
  expect(values.memory).toBeGreaterThan(20e6);
  expect(values.freeDisk).toBeGreaterThan(0);
  expect(values.workerLoad).toBeGreaterThan(0);
  expect(values.workerLoad).toBeLessThanOrEqual(1);
  const lost = await new SystemWatch('\0').look();
  expect(lost.freeDisk).toBeNull();
});

it('finds the sensor of the processor among others, and none where there is none', async () => {
  expect(await findSensor(join(root, 'nowhere'))).toBeNull();
  for (const [name, kind, degrees] of [
    ['hwmon/hwmon0', 'nvme', '33000\n'],
    ['hwmon/hwmon1', 'k10temp', '61250\n'],
  ]) {
    await mkdir(join(root, name), { recursive: true });
    await writeFile(join(root, name, 'name'), `${kind}\n`);
    await writeFile(join(root, name, 'temp1_input'), degrees);
  }
  const sensor = await findSensor(root);
  expect(sensor).toBe(join(root, 'hwmon/hwmon1/temp1_input'));
  expect(await readSensor(sensor)).toBe(61.25);
  for (const text of ['', 'x', '-5000', '0', '9999999']) {
    await writeFile(sensor as string, text);
    expect(await readSensor(sensor)).toBeNull();
  }
  expect(await findSensor(root)).toBeNull();
});
