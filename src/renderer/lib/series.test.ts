import { describe, expect, it } from 'vitest';
import type { MetricsLine } from '../../shared/metrics.ts';
import { Column, firstNewLine, RunSeries } from './series.ts';

const train = (step: number, loss: number | null = 1): MetricsLine => ({
  type: 'train',
  step,
  seconds: step / 10,
  loss,
  gradientNorm: 1,
  learningRate: 1e-3,
  tokensPerSecond: 100,
});
const evaluation = (step: number, raw = 2): MetricsLine => ({
  type: 'evaluation',
  step,
  seconds: step / 10,
  raw,
  rawStandardError: 0.01,
  blocks: 8,
  averages: {},
  took: 1,
});
const seriesOf = (lines: MetricsLine[]) => {
  const series = new RunSeries();
  for (const line of lines) series.push(line);
  return series;
};
const stepsOf = (series: RunSeries) => Array.from(series.step.values.slice(0, series.step.length));

describe('RunSeries', () => {
  it('lets a resume drop the update from its step on and measurements past it', () => {
    const series = seriesOf([
      evaluation(0),
      train(0),
      train(1),
      train(2),
      evaluation(2),
      { type: 'checkpoint', step: 2, bytes: 9 },
      train(3),
      evaluation(4),
      { type: 'checkpoint', step: 4, bytes: 9 },
      { type: 'resume', from: 2, exact: true },
    ]);
    expect(stepsOf(series)).toEqual([0, 1]);
    expect(series.evaluations.map((e) => e.step)).toEqual([0, 2]);
    expect(series.checkpoints.map((c) => c.step)).toEqual([2]);
    expect(series.resumes).toEqual([{ from: 2, exact: true }]);
    for (const column of Object.values(series.columns)) expect(column.length).toBe(2);
    series.push(train(2, 7));
    expect(stepsOf(series)).toEqual([0, 1, 2]);
    expect(series.columns.loss.last).toBe(7);
  });

  it('lets a later resume from before take back an earlier one', () => {
    const series = seriesOf([
      train(0),
      { type: 'resume', from: 8, exact: true },
      { type: 'resume', from: 4, exact: false },
    ]);
    expect(series.resumes).toEqual([{ from: 4, exact: false }]);
  });

  it('has every step once, whatever is said twice', () => {
    const series = seriesOf([train(0), train(1), train(2), train(1, 5), evaluation(3), evaluation(3, 9)]);
    expect(stepsOf(series)).toEqual([0, 1]);
    expect(series.columns.loss.last).toBe(5);
    expect(series.evaluations.map((e) => e.raw)).toEqual([9]);
  });

  it('holds a loss that is not finite as a hole', () => {
    expect(seriesOf([train(0, null)]).columns.loss.last).toBeNaN();
  });

  it('says with its version that it has grown', () => {
    const series = new RunSeries();
    const before = series.version;
    series.push(train(0));
    expect(series.version).not.toBe(before);
  });
});

describe('joining a listing with what came meanwhile', () => {
  const lines = [train(0), train(1), train(2), train(3)];
  it('continues after the last listed line', () => {
    expect(firstNewLine(lines.slice(0, 3), lines.slice(1))).toBe(2);
  });
  it('takes all where nothing overlaps, and nothing where all is listed', () => {
    expect(firstNewLine(lines.slice(0, 2), lines.slice(2))).toBe(0);
    expect(firstNewLine(lines, lines.slice(2))).toBe(2);
    expect(firstNewLine([], lines)).toBe(0);
  });
});

it('a column grows past its first size', () => {
  const column = new Column();
  for (let i = 0; i < 5000; i++) column.push(i);
  expect(column.length).toBe(5000);
  expect(column.values[4999]).toBe(4999);
});
