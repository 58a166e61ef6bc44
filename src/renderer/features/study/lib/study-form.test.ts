import { expect, test } from 'vitest';
import { presetConfig } from '../../../../shared/presets.ts';
import { planStudy } from './study-form.ts';

const dataset = { folder: '/data/text', tokenizer: { vocabSize: 96 } };
const base = { ...presetConfig('quickstart', { name: 'study', dataset }), steps: 1000 };
const given = { rates: '1e-3, 3e-3', seeds: '1..3', spacings: '' };

test('rates by seeds, each with a cooldown of about a fifth', () => {
  const plan = planStudy(base, given);
  expect(plan).toMatchObject({ problems: {}, problem: null, cost: { runs: 6, cooldown: 200, updates: 7200 } });
  expect(plan.request).toMatchObject({ rates: [0.001, 0.003], seeds: [1, 2, 3], spacings: [] });
  expect(planStudy(base, { ...given, spacings: '10, 20 40' }).request?.spacings).toEqual([10, 20, 40]);
});

test('what is wrong is said at its field', () => {
  expect(planStudy(base, { ...given, seeds: '1, 2' }).problems.seeds).toContain('at least 3');
  for (const spacings of ['0', '10, 10', 'ten'])
    expect(planStudy(base, { ...given, spacings }).problems.spacings, spacings).toContain(spacings);
  expect(planStudy(base, { ...given, rates: 'fast' })).toMatchObject({
    request: null,
    problems: { rates: expect.stringContaining('fast') },
  });
  expect(planStudy(base, { ...given, rates: '' })).toEqual({ problems: {}, problem: null, request: null, cost: null });
});

test('recipes that cannot be studied: no whole fraction for a cooldown, and children', () => {
  expect(planStudy({ ...base, steps: 1009 }, given).problem).toContain('1009');
  const init = { from: 'checkpoint', run: 'other', step: 5, purpose: 'continue' } as const;
  expect(planStudy({ ...base, init }, given).problem).toContain('anew');
});
