import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MetricsLine } from '../../shared/metrics.ts';
import { temporaryFolder } from './fixture.ts';
import { MetricsFile, readMetrics } from './metrics-file.ts';

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  path = join(folder, 'metrics.jsonl');
});
afterAll(() => rm(folder, { recursive: true }));

const note = (step: number): MetricsLine => ({ type: 'note', step, level: 'info', text: 'ä'.repeat(step) });
const stepsRead = async () =>
  (await readMetrics(path)).map((line) => (line.type === 'resume' ? -line.from : line.step));

test('a missing file has no lines', async () => {
  expect(await readMetrics(path)).toEqual([]);
});

test('torn lines go, resumes apply, nothing else is lost', async () => {
  const first = new MetricsFile(path);
  await first.append([note(1), note(2)]);
  await first.append([note(3)]);
  await first.close();
  await appendFile(path, '{"type":"note","step":4,"lev');
  expect(await stepsRead()).toEqual([1, 2, 3]);
  const second = new MetricsFile(path);
  await second.append([{ type: 'resume', from: 2, exact: true }]);
  await second.append([note(3), note(4)]);
  await second.sync();
  await second.close();
  expect(await readFile(path, 'utf8')).not.toContain('"lev{');
  expect(await stepsRead()).toEqual([1, 2, -2, 3, 4]);
});

test('a file without any whole line, and one torn far from its end', async () => {
  for (const [content, left] of [
    ['x'.repeat(200_000), []],
    [`${JSON.stringify(note(5))}\n${'x'.repeat(200_000)}`, [5]],
  ] as const) {
    await writeFile(path, content);
    const file = new MetricsFile(path);
    await file.append([note(6)]);
    await file.close();
    expect(await stepsRead()).toEqual([...left, 6]);
  }
});
