import { expect, it } from 'vitest';
import type { MetricsLine } from '../shared/metrics.ts';
import { RunSeries } from '../shared/series.ts';
import { summarize } from './run-summary.ts';

const device = (step: number, threads: number): MetricsLine => ({
  type: 'device',
  step,
  backend: 'native',
  device: 'A processor',
  family: 'AVX2 float32',
  threads,
});

const summaryOf = (lines: MetricsLine[]) => {
  const series = new RunSeries();
  for (const line of lines) series.push(line);
  return summarize(series);
};

it('remembers the device of the newest sitting, and of older runs that they kept none', () => {
  expect(summaryOf([]).device).toBeNull();
  const { device: used, step } = summaryOf([
    device(0, 2),
    { type: 'resume', from: 40, exact: true },
    device(40, 8),
    { type: 'checkpoint', step: 50, bytes: 1 },
  ]);
  expect(used).toEqual({ backend: 'native', device: 'A processor', family: 'AVX2 float32', threads: 8 });
  expect(step).toBe(50);
});

it('tells the speed of late: a median of the newest lines, not of the start, and not one slow step', () => {
  const line = (step: number, tokensPerSecond: number): MetricsLine => ({
    type: 'train',
    step,
    seconds: step,
    loss: 1,
    gradientNorm: 1,
    learningRate: 1,
    tokensPerSecond,
  });
  expect(summaryOf([]).speed).toBeNull();
  const lines = Array.from({ length: 100 }, (_, i) => line(i, i < 50 ? 10 : 1000 + i));
  expect(summaryOf([...lines, line(100, 1)]).speed).toBe(1075);
});
