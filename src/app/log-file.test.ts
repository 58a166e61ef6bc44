import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LogFile } from './log-file.ts';
import { scratch } from './testing/fixture.ts';

test('a log stays below its limit and keeps its newest lines whole', async () => {
  const { folder, remove } = await scratch();
  const path = join(folder, 'log.txt');
  const log = new LogFile(path, 1000);
  for (let i = 0; i < 300; i++) log.append(`line ${i}\n`);
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  expect(readFileSync(path).length).toBeLessThanOrEqual(1000);
  expect(lines[0]).toBe('… older lines were cut');
  expect(lines.slice(1)).toEqual(lines.slice(1).map((_, i) => `line ${301 - lines.length + i}`));
  await remove();
});

test('a folder that is gone does not end the job', () => {
  expect(() => new LogFile('/nowhere/log.txt').append('x')).not.toThrow();
});
