import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { processStart } from '../../shared/process-lock.ts';
import { temporaryFolder } from './fixture.ts';
import { takeLock } from './lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => rm(folder, { recursive: true }));
const write = (content: object) => writeFile(join(folder, 'lock'), JSON.stringify(content));

test('one at a time; the other is told which process holds it', async () => {
  const release = await takeLock(folder);
  await expect(takeLock(folder)).rejects.toMatchObject({
    code: 'run-in-use',
    message: expect.stringContaining(`process ${process.pid}`),
  });
  await release();
  await (await takeLock(folder))();
  expect(await readdir(folder)).toEqual([]);
});

test('of many at once, one gets a stale lock', async () => {
  const pid = await deadPid();
  for (let round = 0; round < 10; round++) {
    await write({ pid, started: `long ago ${round}`, host: hostname() });
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => takeLock(folder)));
    const taken = results.filter((result) => result.status === 'fulfilled');
    expect(taken).toHaveLength(1);
    await taken[0].value();
  }
});

test.each([
  ['of a dead process', async () => write({ pid: await deadPid(), started: null, host: hostname() })],
  ['whose id belongs to a younger process', () => write({ pid: process.pid, started: 'before', host: hostname() })],
  [
    'that was cut off and is old',
    async () => {
      await writeFile(join(folder, 'lock'), '{"pid":');
      await utimes(join(folder, 'lock'), 1, 1);
    },
  ],
])('a lock %s is taken over', async (_, prepare) => {
  await prepare();
  const release = await takeLock(folder);
  expect(JSON.parse(await readFile(join(folder, 'lock'), 'utf8')).pid).toBe(process.pid);
  await release();
});

test('a lock of another machine, or one being written now, counts', async () => {
  await write({ pid: 1, started: null, host: 'elsewhere' });
  await expect(takeLock(folder)).rejects.toMatchObject({ next: expect.stringContaining('delete the file') });
  await writeFile(join(folder, 'lock'), '');
  await expect(takeLock(folder)).rejects.toMatchObject({ code: 'run-in-use' });
});

test('a process has the same start time whenever it is asked', async () => {
  const start = await processStart(process.pid);
  expect(start).not.toBeNull();
  expect(await processStart(process.pid)).toBe(start);
  expect(await processStart(await deadPid())).toBeNull();
});

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid!;
}
