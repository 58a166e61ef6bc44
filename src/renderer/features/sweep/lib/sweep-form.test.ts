import { expect, it } from 'vitest';
import { estimateDisk } from '../../../../shared/estimate.ts';
import { presetConfig } from '../../../../shared/presets.ts';
import { sweepFields } from '../../../../shared/sweep-fields.ts';
import { groupedFields, isBase, planSweep, readRow, totalsOf } from './sweep-form.ts';

const base = presetConfig('quickstart', { name: 'small', dataset: { folder: '/d', tokenizer: { vocabSize: 65 } } });
const fields = sweepFields(base);
const rows = (...typed: [string | null, string][]) =>
  typed.map(([field, text], id) => readRow({ id, field, text }, fields));

it('plans nothing, silently, until there are values', () => {
  for (const unbegun of [rows(), rows([null, '']), rows(['seed', ' ']), rows(['seed', '1x'])])
    expect(planSweep(base, unbegun, [])).toMatchObject({ runs: [], problem: null, sound: false });
  expect(rows(['seed', '1x'])[0]!.problem).toContain('takes whole numbers, not "1x"');
});

it('plans the grid of the rows that are filled in', () => {
  const plan = planSweep(base, rows(['seed', '1..3'], [null, ''], ['schedule.peak', '3e-4 6e-4']), []);
  expect(plan.runs).toHaveLength(6);
  expect(plan).toMatchObject({ sound: true, problem: null });
  expect(planSweep(base, rows(['seed', '1..3']), ['small seed=2'])).toMatchObject({ sound: false, problem: null });
  expect(planSweep(base, rows(['seed', '1..300']), []).problem).toContain('makes 300 runs');
});

it('adds up tokens and disk, and time where a run of the model has trained', () => {
  const { runs } = planSweep(base, rows(['steps', '100 300']), []);
  const perStep = base.batch.microBatch * base.batch.accumulation * base.model.blockSize;
  const totals = totalsOf(runs, [{ config: base, speed: 1000 }]);
  expect(totals.tokens).toBe(400 * perStep);
  expect(totals.disk).toBe(runs.reduce((sum, run) => sum + estimateDisk(run.config!).total, 0));
  expect(totals.seconds).toBeGreaterThan((400 * perStep) / 1000);
  expect(totalsOf(runs, [{ config: base, speed: null }]).seconds).toBeNull();
});

it('sees which run would be the base once more', () => {
  const read = rows([null, ''], ['seed', `${base.seed} 5`]);
  expect(planSweep(base, read, []).runs.map((run) => isBase(run, read))).toEqual([true, false]);
});

it('puts what is swept most first, and each field once', () => {
  const { often, all } = groupedFields(fields);
  expect(often[0]).toBe('schedule.peak');
  expect(new Set([...often, ...all]).size).toBe(fields.length);
});
