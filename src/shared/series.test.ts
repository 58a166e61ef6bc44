import { describe, expect, it } from 'vitest';
import { Column } from './column.ts';
import type { MetricsLine } from './metrics.ts';
import { RunSeries, seriesData } from './series.ts';

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
const stepsOf = (series: RunSeries) => Array.from(series.train.step.copy());

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
    expect(series.resumes).toMatchObject([{ from: 2, exact: true }]);
    for (const column of Object.values(series.train)) expect(column.length).toBe(2);
    series.push(train(2, 7));
    expect(stepsOf(series)).toEqual([0, 1, 2]);
    expect(series.train.loss.last).toBe(7);
  });

  it('lets a later resume from before take back an earlier one', () => {
    const series = seriesOf([
      train(0),
      { type: 'resume', from: 8, exact: true },
      { type: 'resume', from: 4, exact: false },
    ]);
    expect(series.resumes).toMatchObject([{ from: 4, exact: false }]);
  });

  it('has every step once, whatever is said twice', () => {
    const series = seriesOf([train(0), train(1), train(2), train(1, 5), evaluation(3), evaluation(3, 9)]);
    expect(stepsOf(series)).toEqual([0, 1]);
    expect(series.train.loss.last).toBe(5);
    expect(series.evaluations.map((e) => e.raw)).toEqual([9]);
  });

  it('holds a loss that is not finite as a hole', () => {
    expect(seriesOf([train(0, null)]).train.loss.last).toBeNaN();
  });

  it('says with its version that it has grown', () => {
    const series = new RunSeries();
    const before = series.version;
    series.push(train(0));
    expect(series.version).not.toBe(before);
  });
});

describe('a listing and the lines that came meanwhile', () => {
  const lines: MetricsLine[] = [
    { type: 'device', step: 0, backend: 'native', device: 'x', family: 'y', threads: 2 },
    evaluation(0),
    train(0),
    train(1),
    { type: 'note', step: 2, level: 'info', text: 'a' },
    { type: 'note', step: 2, level: 'info', text: 'b' },
    { type: 'pause', step: 2, waited: 3 },
    train(2),
    { type: 'policy', step: 3, id: 'ema', change: 'added', backfilled: false },
    train(3),
    evaluation(4),
    { type: 'checkpoint', step: 4, bytes: 9 },
    { type: 'system', step: 4, seconds: 0.4, load: 1, workerLoad: null, memory: 5, freeDisk: 6, temperature: null },
    { type: 'system', step: 4, seconds: 0.5, load: 1, workerLoad: null, memory: 5, freeDisk: 6, temperature: null },
    train(4),
    { type: 'resume', from: 3, exact: true },
    { type: 'device', step: 3, backend: 'native', device: 'x', family: 'y', threads: 1 },
    train(3, 5),
    evaluation(4, 1),
    train(4, 6),
  ];
  const whole = seriesOf(lines).data();

  it('give the same series wherever the listing ends and the lines begin', () => {
    for (let listed = 0; listed <= lines.length; listed++)
      for (let first = 0; first <= listed; first++) {
        const series = new RunSeries(seriesOf(lines.slice(0, listed)).data());
        for (const line of lines.slice(first)) series.push(line);
        expect(series.data(), `${first} to ${listed}`).toEqual(whole);
      }
  });

  it('is checked by the contract, and no part of it is lost', () => {
    expect(seriesData.parse(whole)).toEqual(whole);
    expect(whole).toMatchObject({ reached: 5, pauses: [{ waited: 3 }], devices: [{ threads: 2 }, { threads: 1 }] });
    expect(Array.from(whole.columns['train.loss'])).toEqual([1, 1, 1, 5, 6]);
    expect(whole.columns['system.load']).toHaveLength(0);
  });
});

it('a column grows past its first size', () => {
  const column = new Column('f64');
  for (let i = 0; i < 5000; i++) column.push(i);
  expect(column.length).toBe(5000);
  expect(column.values[4999]).toBe(4999);
});
