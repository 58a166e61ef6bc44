import { describe, expect, it } from 'vitest';
import type { RunDetail, RunSummary } from '../../../../shared/api.ts';
import type { RunConfig } from '../../../../shared/config.ts';
import type { EvaluationResult } from '../../../../shared/jobs.ts';
import type { EvaluationLine } from '../../../../shared/metrics.ts';
import { presetConfig } from '../../../../shared/presets.ts';
import { verdictOf } from '../../../../shared/statistics.ts';
import { comparisonLines } from './chart-lines.ts';
import { cooldownPlan, cooldownsOf, shownCooldown, waitsFor } from './cooldowns.ts';
import {
  bestAgainst,
  comparedWeights,
  costInWords,
  fullAverages,
  inWords,
  measuredOf,
  measureSeconds,
} from './verdict.ts';

const config: RunConfig = presetConfig('quickstart', {
  name: 'trunk',
  dataset: { folder: '/d', tokenizer: { vocabSize: 65 } },
});
const trunk = (step: number, checkpoints: number[], change: Partial<RunConfig['checkpoints']> = {}) =>
  ({
    config: { ...config, checkpoints: { ...config.checkpoints, ...change } },
    step,
    checkpoints: checkpoints.map((at) => ({ step: at, bytes: 1, averages: [] })),
  }) satisfies Pick<RunDetail, 'config' | 'step' | 'checkpoints'>;

describe('where a cooldown goes', () => {
  it('ends with a finished run, from the checkpoint nearest to four fifths of it', () => {
    const plan = { from: 1200, end: 1500, reached: true, kept: true };
    expect(cooldownPlan(trunk(1500, [900, 1200, 1500]), false)).toEqual(plan);
  });
  it('ends with the newest checkpoint of a run that was stopped', () => {
    expect(cooldownPlan(trunk(900, [600, 900]), false)).toEqual({ from: 600, end: 900, reached: true, kept: true });
  });
  it('goes on ahead of a run that trains, to where that will have a checkpoint', () => {
    expect(cooldownPlan(trunk(320, [300]), true)).toEqual({ from: 300, end: 600, reached: false, kept: false });
    expect(cooldownPlan(trunk(320, [300], { keepEvery: 300 }), true)).toMatchObject({ end: 600, kept: true });
    expect(cooldownPlan(trunk(320, [300], { every: 250 }), true)).toMatchObject({ end: 750 });
    expect(cooldownPlan(trunk(1250, [1200]), true)).toEqual({ from: 1200, end: 1500, reached: false, kept: true });
  });
  it('goes nowhere without a checkpoint before the end', () => {
    expect(cooldownPlan(trunk(10, []), true)).toBe('none');
    expect(cooldownPlan(trunk(1500, [1500]), false)).toBe('only-end');
    expect(cooldownPlan(trunk(1500, [60, 1500]), false)).toBe('only-end');
  });
});

const child = (name: string, change: Partial<RunSummary> = {}): RunSummary =>
  ({
    name,
    status: 'finished',
    config,
    step: 1500,
    parent: { name: 'trunk', step: 1200, purpose: 'cooldown' },
    createdAt: name,
    ...change,
  }) as RunSummary;

describe('cooldowns of a run', () => {
  const all = [
    child('1'),
    child('3', { status: 'failed' }),
    child('2'),
    child('4', { parent: { name: 'trunk', step: 1200, purpose: 'continue' } }),
    child('5', { parent: { name: 'other', step: 1200, purpose: 'cooldown' } }),
    child('6', { status: 'broken' }),
  ];
  it('are its own, the newest first, and the newest that did not fail is shown', () => {
    const found = cooldownsOf(all, 'trunk');
    expect(found.map(({ name }) => name)).toEqual(['3', '2', '1']);
    expect(shownCooldown(found, null)?.name).toBe('2');
    expect(shownCooldown(found, '1')?.name).toBe('1');
    expect(shownCooldown(found, 'gone')?.name).toBe('2');
    expect(shownCooldown([], null)).toBeNull();
  });
  it('wait for their own end, then for the run that they came from', () => {
    expect(waitsFor(child('1', { status: 'running' }), { step: 1500 })).toBe('child');
    expect(waitsFor(child('1'), { step: 1400 })).toBe('trunk');
    expect(waitsFor(child('1'), { step: 1500 })).toBe('ready');
  });
});

const half = (difference: number) => ({ difference, standardError: 0.002, verdict: verdictOf(difference, 0.002) });
const result = (of: string, loss: number, difference: number, halves?: [number, number]): EvaluationResult => ({
  of,
  step: 1500,
  loss,
  perplexity: 1,
  bitsPerByte: 1,
  ...half(difference),
  ...(halves && { halves: [half(halves[0]), half(halves[1])] }),
});
const evaluation = (step: number, full = true): EvaluationLine => ({
  type: 'evaluation',
  step,
  seconds: step / 10,
  raw: 1.6,
  rawStandardError: 0.01,
  blocks: 200,
  averages: {
    lawa: { loss: 1.51, difference: -0.09, standardError: 0.002, count: 5, full },
    ema: { loss: 1.5, difference: -0.1, standardError: 0.003, count: 900, full: true },
  },
  took: 6,
});
const occasion = { step: 1500, from: 1200, config, evaluations: [evaluation(1500)], seconds: 75 };

describe('what is compared', () => {
  it('is the annealed run against raw and every average whose window is full', () => {
    expect(fullAverages([evaluation(1400), evaluation(1500, false)], 1500)).toEqual(['ema']);
    // Later evaluations of a run that went on say nothing of that step.
    expect(fullAverages([evaluation(1500), evaluation(1560, false)], 1500)).toEqual(['lawa', 'ema']);
    expect(comparedWeights('child', 'trunk', 1500, ['ema'])).toEqual([
      { run: 'child', step: 1500, of: 'raw' },
      { run: 'trunk', step: 1500, of: 'raw' },
      { run: 'trunk', step: 1500, of: 'ema' },
    ]);
    expect(measuredOf([result('raw', 1.5, 0)])).toBeNull();
    expect(measureSeconds([evaluation(1500)], 4)).toBe(8);
  });

  it('chooses among averages on one half of the blocks and reports the other', () => {
    const measured = measuredOf([
      result('raw', 1.48, 0, [0, 0]),
      result('raw', 1.6, 0.12, [0.12, 0.12]),
      result('lawa', 1.5, 0.02, [0.01, 0.03]),
      result('ema', 1.49, 0.01, [0.02, 0]),
    ]);
    expect(measured && bestAgainst(measured)).toMatchObject({
      id: 'lawa',
      halved: true,
      difference: { difference: 0.03 },
    });
    const said = inWords(measured!, occasion);
    expect(said[0]).toContain('the annealed run wins: its loss is 0.0300 ± 0.0020 below');
    expect(said[0]).toContain('step 1,500, after the same 1.2 M tokens');
    expect(said[1]).toContain('chosen among 2 averages');
  });
});

describe('in words', () => {
  const words = (average: number, raw = 0.12) =>
    inWords(
      measuredOf([result('raw', 1.48, 0), result('raw', 1.48 + raw, raw), result('ema', 1.48 + average, average)])!,
      occasion,
    );
  it('says which wins, what it gained over raw, what it cost, and what the error is', () => {
    const [head, raw, cost, errors] = words(-0.02);
    expect(head).toContain('“ema”, wins: its loss is 0.0200 ± 0.0020 below the annealed run’s');
    expect(raw).toBe('The annealed run is 0.1200 ± 0.0020 below the raw weights. “ema” against raw: −0.1000 ± 0.0030.');
    expect(cost).toBe(
      'The cooldown cost 300 extra updates, 20% of the run, 1 min 15 s of training; the averages cost no update.',
    );
    expect(errors).toContain('over the same 200 validation blocks. It does not cover seeds');
  });
  it('calls less than two standard errors a tie', () => {
    expect(words(0.003)[0]).toContain('are level: 0.0030 ± 0.0020 apart');
    expect(words(0.003, -0.003)[1]).toContain('Annealed and raw weights are level');
    expect(words(0.003, -0.1)[1]).toContain('0.1000 ± 0.0020 above the raw weights');
  });
  it('compares with raw alone where no average had a value', () => {
    const said = inWords(measuredOf([result('raw', 1.48, 0), result('raw', 1.6, 0.12)])!, occasion);
    expect(said[0]).toContain('No average had a value at step 1,500');
    expect(costInWords({ ...occasion, seconds: null })).not.toContain('of training');
  });
});

it('curves begin a little before the fork and end with the cooldown', () => {
  const steps = [0, 300, 600, 900, 1200, 1500, 1800].map((step) => evaluation(step, step > 600));
  const cooled = [1200, 1350, 1500].map((step) => evaluation(step));
  const lines = comparisonLines(steps, cooled, ['ema', 'lawa', 'gone'], { from: 1200, end: 1500 });
  expect(lines.map(({ key, xs }) => [key, Array.from(xs)])).toEqual([
    ['raw', [600, 900, 1200, 1500]],
    ['ema', [600, 900, 1200, 1500]],
    ['lawa', [900, 1200, 1500]],
    ['annealed', [1200, 1350, 1500]],
  ]);
});
