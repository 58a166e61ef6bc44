import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { MetricsLine } from '../shared/metrics.ts';
import { RunSeries } from '../shared/series.ts';
import { MetricsReader } from './metrics-reader.ts';
import { summarize } from './run-summary.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meander-metrics-'));
  path = join(folder, 'metrics.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const note = (step: number, text = 'é'): string =>
  `${JSON.stringify({ type: 'note', step, level: 'info', text } satisfies MetricsLine)}\n`;
const steps = async (reader: MetricsReader): Promise<number[]> => (await reader.read()).notes.map((line) => line.step);

test('a file that is not there has no lines; it may come later', async () => {
  const reader = new MetricsReader(path);
  expect(await steps(reader)).toEqual([]);
  await writeFile(path, note(1));
  expect(await steps(reader)).toEqual([1]);
});

test('reads on from where it was, torn lines when they are whole, in any cut', async () => {
  const bytes = Buffer.from(note(1) + note(2) + note(3));
  for (let cut = 0; cut <= bytes.length; cut++) {
    await writeFile(path, bytes.subarray(0, cut));
    const reader = new MetricsReader(path);
    await reader.read();
    await appendFile(path, bytes.subarray(cut));
    expect(await steps(reader)).toEqual([1, 2, 3]);
  }
});

test('a resume that comes later drops what is past it', async () => {
  await writeFile(path, note(1) + note(5));
  const reader = new MetricsReader(path);
  await reader.read();
  await appendFile(path, `{"type":"resume","from":2,"exact":true}\n${note(3)}`);
  expect(await steps(reader)).toEqual([1, 3]);
  expect((await reader.read()).resumes).toHaveLength(1);
});

test('garbage between lines is left out; a file that shrank is read anew', async () => {
  await writeFile(path, `${note(1)}{"torn\n\u0000\u0000\n${note(2)}`);
  const reader = new MetricsReader(path);
  expect(await steps(reader)).toEqual([1, 2]);
  await writeFile(path, note(7));
  expect(await steps(reader)).toEqual([7]);
});

test('train lines become columns, in the words of the trainer or in others, across chunks', async () => {
  const line = (step: number) => ({
    type: 'train',
    step,
    seconds: step / 8,
    loss: step % 3 === 0 ? null : step / 4,
    gradientNorm: 0.5,
    learningRate: 1e-3,
    tokensPerSecond: 100,
  });
  const count = 20_000;
  const text = (step: number): string =>
    JSON.stringify(
      step % 7 === 0 ? { ...line(step), skipped: true } : step % 5 === 0 ? { note: '', ...line(step) } : line(step),
    );
  await writeFile(path, `${Array.from({ length: count }, (_, step) => text(step)).join('\n')}\n{"torn`);
  const { train, reached } = await new MetricsReader(path).read();
  expect(reached).toBe(count);
  expect(Array.from(train.step.copy())).toEqual(Array.from({ length: count }, (_, i) => i));
  expect(Array.from(train.seconds.copy())).toEqual(Array.from({ length: count }, (_, i) => i / 8));
  expect(train.loss.values[9]).toBeNaN();
  expect(train.loss.values[10]).toBe(2.5);
});

test('a line without end is not kept in memory, and what follows it is read', async () => {
  const reader = new MetricsReader(path);
  await writeFile(path, `${note(1)}${'x'.repeat(40 * 1024 * 1024)}\n${note(2)}`);
  expect(await steps(reader)).toEqual([1, 2]);
});

test('an average that is still filling is never the best', () => {
  const average = { difference: 0, standardError: 0, count: 1 };
  const line = (step: number, full: boolean, loss: number | null): MetricsLine => ({
    type: 'evaluation',
    step,
    seconds: 0,
    raw: 3 - step,
    rawStandardError: 0,
    blocks: 1,
    averages: { lawa: { ...average, full, loss } },
    took: 0,
  });
  const series = new RunSeries();
  for (const one of [line(0, false, 0.5), line(1, true, 2), line(2, true, null)]) series.push(one);
  const summary = summarize(series);
  expect(summary.bestAverage).toEqual({ id: 'lawa', loss: 2, step: 1 });
  expect(summary).toMatchObject({ bestRaw: 1, step: 2, spark: [3, 2, 1], last: { averages: { lawa: null } } });
});
