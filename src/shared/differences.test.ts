import { expect, it } from 'vitest';
import type { RunConfig } from './config.ts';
import { differenceTable } from './differences.ts';
import { presetConfig } from './presets.ts';

const base = presetConfig('quickstart', {
  name: 'low',
  dataset: { folder: '/data/speeches', tokenizer: { vocabSize: 96 } },
});
const high: RunConfig = { ...base, name: 'high', schedule: { ...base.schedule, peak: 0.006 } };

it('has one row where two runs differ in their learning rate, and none for their names', () => {
  expect(differenceTable([base, high])).toEqual([{ field: 'schedule.peak', values: ['0.003', '0.006'] }]);
});

it('has nothing to say of one run, or of equal ones', () => {
  expect(differenceTable([base])).toEqual([]);
  expect(differenceTable([base, { ...base, name: 'again' }])).toEqual([]);
});

it('names the datasets where they are not the same', () => {
  expect(differenceTable([base, { ...base, dataset: '/data/other' }])).toEqual([
    { field: 'dataset', values: ['/data/speeches', '/data/other'] },
  ]);
});

it('puts a policy that only some have into one row, and compares the fields of one that all have', () => {
  const [lawa, ...others] = base.policies;
  if (lawa.kind !== 'lawa') throw new Error('the preset’s first policy is LAWA');
  const wider: RunConfig = { ...base, policies: [{ ...lawa, k: lawa.k + 3 }] };
  const rows = differenceTable([base, wider]);
  expect(rows.map((row) => row.field)).toEqual([
    `policies.${lawa.id}.k`,
    ...others.map((policy) => `policies.${policy.id}`),
  ]);
  expect(rows[0].values).toEqual([String(lawa.k), String(lawa.k + 3)]);
  expect(rows[1].values[0]).toMatch(/^ema, decay 0\.\d+, every \d+, warmup true$/);
  expect(rows[1].values[1]).toBeNull();
});
