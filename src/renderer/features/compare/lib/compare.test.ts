import { describe, expect, it } from 'vitest';
import type { RunConfig } from '../../../../shared/config.ts';
import type { EvaluationLine, MetricsLine } from '../../../../shared/metrics.ts';
import { presetConfig } from '../../../../shared/presets.ts';
import { RunSeries } from '../../../../shared/series.ts';
import {
  type Compared,
  compareLines,
  forkMarkers,
  lowestNow,
  ownEvaluations,
  policyIds,
  sameMeasure,
  startSeconds,
} from './compare-lines.ts';
import { valueText } from './value-text.ts';

const config = presetConfig('quickstart', {
  name: 'parent',
  dataset: { folder: '/data/speeches', tokenizer: { vocabSize: 96 } },
});

const evaluation = (step: number, raw: number, lawa?: { loss: number; full: boolean }): EvaluationLine => ({
  type: 'evaluation',
  step,
  seconds: step / 10,
  raw,
  rawStandardError: 0.01,
  blocks: 8,
  averages: lawa ? { lawa: { ...lawa, difference: lawa.loss - raw, standardError: 0.001, count: 3 } } : {},
  took: 1,
});
const train = (step: number): MetricsLine => ({
  type: 'train',
  step,
  seconds: step / 10,
  loss: 1,
  gradientNorm: 1,
  learningRate: 1e-3,
  tokensPerSecond: 100,
});

function compared(name: string, lines: MetricsLine[], change: Partial<RunConfig> = {}, fork?: number): Compared {
  const series = new RunSeries();
  for (const line of lines) series.push(line);
  return {
    run: {
      name,
      config: { ...config, name, ...change },
      parent: fork === undefined ? null : { name: 'parent', step: fork, purpose: 'cooldown' },
    },
    series,
  };
}
const everything = { axis: 'step', hiddenRuns: new Set<string>(), hiddenWeights: new Set<string>() } as const;

const parent = compared('parent', [
  evaluation(0, 4),
  ...Array.from({ length: 10 }, (_, i) => train(i * 10)),
  evaluation(50, 3, { loss: 2.9, full: false }),
  evaluation(100, 2, { loss: 1.8, full: true }),
]);
// Its clock starts anew, and a torn start left a line from before its fork.
const child = compared(
  'child',
  [evaluation(20, 9), { ...evaluation(50, 3), seconds: 1 }, { ...evaluation(100, 1.7), seconds: 6 }],
  { policies: [], steps: 100 },
  50,
);

describe('lines of several runs', () => {
  it('are a colour per run, raw solid, a dash per policy', () => {
    const lines = compareLines([parent, child], everything);
    expect(lines.map(({ label, color, dash }) => [label, color, dash !== undefined])).toEqual([
      ['parent · raw', '--meander-run-1', false],
      ['child · raw', '--meander-run-2', false],
      ['parent · lawa (filling)', '--meander-run-1', true],
      ['parent · lawa', '--meander-run-1', true],
    ]);
    expect(new Set(lines.map((line) => line.key)).size).toBe(lines.length);
  });

  it('leave out what is hidden and keep everybody’s colour', () => {
    const lines = compareLines([parent, child], {
      ...everything,
      hiddenRuns: new Set(['parent']),
      hiddenWeights: new Set(['lawa']),
    });
    expect(lines.map(({ label, color }) => [label, color])).toEqual([['child · raw', '--meander-run-2']]);
  });

  it('start a child at its fork, on its parent’s clock where that is on the chart', () => {
    expect(ownEvaluations(child).map((line) => line.step)).toEqual([50, 100]);
    const [, raw] = compareLines([parent, child], { ...everything, axis: 'time' });
    expect(Array.from(raw.xs)).toEqual([5 + 1, 5 + 6]);
    expect(startSeconds(child, [child])).toBe(0);
    expect(forkMarkers([parent, child], everything)).toEqual([
      { x: 50, kind: 'fork', text: '“child” begins at step 50' },
    ]);
  });

  it('count each run’s tokens by its own batch', () => {
    const wide = compared('wide', [evaluation(10, 3)], { batch: { microBatch: 24, accumulation: 2 } });
    const [raw] = compareLines([wide], { ...everything, axis: 'tokens' });
    expect(raw.xs[0]).toBe(10 * 24 * 2 * config.model.blockSize);
  });

  it('do not loop where two folders call each other parent', () => {
    const a = { ...parent, run: { ...parent.run, parent: { name: 'child', step: 10, purpose: 'continue' as const } } };
    expect(startSeconds(a, [a, child])).toBeGreaterThan(0);
  });

  it('know the policies of all runs once', () => {
    expect(policyIds([child, parent])).toEqual(config.policies.map((policy) => policy.id));
  });
});

describe('what may be said of them', () => {
  it('is the lowest newest loss that is shown, full windows only', () => {
    expect(lowestNow([parent, child], everything)).toEqual({ run: 'child', of: 'raw', loss: 1.7 });
    expect(lowestNow([parent, child], { ...everything, hiddenWeights: new Set(['raw']) })?.of).toBe('lawa');
    const young = compared('young', [evaluation(5, 3, { loss: 0.1, full: false })]);
    expect(lowestNow([young], everything)?.of).toBe('raw');
    expect(lowestNow([compared('new', [])], everything)).toBeNull();
    const midway = { ...child, run: { ...child.run, config: { ...child.run.config, steps: 200 } } };
    expect(lowestNow([parent, midway], everything)?.run).toBe('parent');
  });

  it('is nothing across other blocks or another text', () => {
    expect(sameMeasure([config, { ...config, schedule: { ...config.schedule, peak: 1 } }])).toBe(true);
    expect(sameMeasure([config, { ...config, dataset: '/data/other' }])).toBe(false);
    expect(sameMeasure([config, { ...config, evaluation: { ...config.evaluation, blocks: 3 } }])).toBe(false);
  });
});

it.each([
  ['schedule.peak', '0.003', '3e-3'],
  ['steps', '70000', '70,000'],
  ['seed', '1337', '1337'],
  ['policies.ema.decay', '0.9772727272727273', '0.977273'],
  ['policies.ema', 'ema, decay 0.9772727272727273, every 2', 'ema, decay 0.977273, every 2'],
  ['policies.ema.start', 'null', 'not set'],
  ['model.bias', 'true', 'yes'],
  ['dataset', '/home/me/datasets/speeches', 'speeches'],
  ['schedule.kind', 'wsd', 'wsd'],
  ['init.step', null, '–'],
])('%s of %s is shown as %s', (field, value, text) => expect(valueText(field, value)).toBe(text));
