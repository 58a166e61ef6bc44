import { expect, test } from 'vitest';
import type { RunConfig } from './config.ts';
import type { EvaluationLine } from './metrics.ts';
import { presetConfig } from './presets.ts';
import {
  annealed,
  cooldownLength,
  type StudyRun,
  StudyTable,
  spread,
  studyConfig,
  studyCsv,
  studyPoints,
} from './study.ts';
import { studyFigures } from './study-figures.ts';

const base: RunConfig = presetConfig('quickstart', {
  name: 's',
  dataset: { folder: '/d', tokenizer: { vocabSize: 65 } },
});

test('the cooldown is the whole fraction of the run nearest to a fifth', () => {
  expect([1500, 1000, 64, 900].map(cooldownLength)).toEqual([300, 200, 16, 180]);
  expect(cooldownLength(28)).toBe(7);
  expect(() => cooldownLength(1009)).toThrow('no whole fraction');
});

test('every spacing is a window of its own, and a checkpoint lies where the cooldown starts', () => {
  const config = studyConfig(base, [10, 40]);
  expect(config.policies.map(({ id }) => id)).toEqual(['lawa-10', 'lawa-40', 'ema', 'swa']);
  expect(config.policies[1]).toMatchObject({ k: 5, spacing: 40 });
  expect((config.steps - cooldownLength(config.steps)) % config.checkpoints.every).toBe(0);
  expect(studyConfig(base, []).policies).toEqual(base.policies);
});

const evaluation = (step: number, raw: number | null, lawa: number | null, full = true): EvaluationLine => ({
  type: 'evaluation',
  step,
  seconds: step,
  raw,
  rawStandardError: 0.01,
  blocks: 8,
  averages: {
    'lawa-10': {
      loss: lawa,
      difference: lawa === null || raw === null ? null : lawa - raw,
      standardError: 0.002,
      count: 5,
      full,
    },
  },
  took: 1,
});
const run = (rate: number, seed: number, raw: number, lawa: number, cooled: number): StudyRun => ({
  rate,
  seed,
  evaluations: [evaluation(50, raw + 1, lawa + 1, false), evaluation(100, raw, lawa)],
  cooldown: [
    { ...evaluation(80, raw + 0.1, null), averages: {} },
    { ...evaluation(100, cooled, null), averages: {} },
  ],
  annealed: { difference: cooled - raw, standardError: 0.003 },
});
const runs = [
  run(1e-3, 1, 2.0, 1.9, 1.85),
  run(1e-3, 2, 2.1, 1.9, 1.85),
  run(1e-3, 3, 2.2, 1.9, 1.85),
  run(1e-2, 1, 2.5, 1.7, 1.6),
  run(1e-2, 2, 2.6, 1.9, 1.6),
  run(1e-2, 3, 2.7, 1.8, 1.6),
];
const points = studyPoints(runs);
const recipe = { ...studyConfig(base, [10, 20]), steps: 100 };
const results = new StudyTable(points, recipe);

test('means and deviations over seeds, gains seed by seed', () => {
  expect(results.rates).toEqual([1e-3, 1e-2]);
  expect(results.loss('raw', 1e-3)).toMatchObject({
    mean: expect.closeTo(2.1),
    deviation: expect.closeTo(0.1),
    seeds: 3,
  });
  // −0.8, −0.7, −0.9: paired by seed.
  expect(results.gain('lawa-10', 1e-2, { of: 'raw', rate: 1e-2 })).toMatchObject({
    mean: expect.closeTo(-0.8),
    deviation: expect.closeTo(0.1),
  });
  expect(spread([])).toBeNull();
  expect(spread([3])).toEqual({ mean: 3, deviation: null, seeds: 1 });
});

test('each has a best rate of its own: raw’s is not the average’s', () => {
  expect(results.bestRate('raw')).toBe(1e-3);
  expect(results.bestPolicy()).toEqual({ of: 'lawa-10', rate: 1e-2 });
  expect(results.bestRate(annealed)).toBe(1e-2);
  expect(results.gain(annealed, 1e-2, { of: 'raw', rate: 1e-3 })?.mean).toBeCloseTo(-0.5);
});

test('a rate at which a seed diverged is not best by the seeds that are left', () => {
  const diverged = new StudyTable(
    points.filter(({ rate, seed }) => rate !== 1e-3 || seed === 1),
    recipe,
  );
  expect(diverged.bestRate('raw')).toBe(1e-2);
});

test('windows that fill and losses that are not finite are no points', () => {
  expect(points.some(({ of, step }) => of === 'lawa-10' && step === 50)).toBe(false);
  expect(studyPoints([{ ...runs[0], evaluations: [evaluation(100, null, null)], cooldown: [] }])).toEqual([]);
});

test('a cooldown is compared at its last step only', () => {
  const cooled = points.filter(({ of, seed, rate }) => of === annealed && seed === 1 && rate === 1e-3);
  expect(cooled.map(({ step, difference }) => [step, difference])).toEqual([
    [80, null],
    [100, expect.closeTo(-0.15)],
  ]);
});

test('CSV: one line per loss, empty where there is nothing to compare', () => {
  const lines = studyCsv(points, 768).trimEnd().split('\n');
  expect(lines).toHaveLength(1 + points.length);
  expect(lines[1]).toBe('0.001,1,raw,50,38400,3,,');
  expect(lines).toContain('0.001,1,lawa-10,100,76800,1.9,-0.1,0.002');
  expect(lines).toContain('0.001,1,annealed,80,61440,2.1,,');
});

test('every figure has raw at its best rate and the annealed run', () => {
  const figures = studyFigures(results, recipe, 3);
  expect(Object.keys(figures).sort()).toEqual(['learning-rate.svg', 'progress.svg', 'spacing.svg']);
  for (const svg of Object.values(figures)) {
    expect(svg).toMatch(/raw at (its best rate \()?1e-3/);
    expect(svg).toContain('annealed');
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  }
  expect(Object.keys(studyFigures(results, studyConfig(base, [10]), 3))).not.toContain('spacing.svg');
});
