import { expect, it } from 'vitest';
import type { RunSummary } from '../../../../shared/api.ts';
import { presetConfig } from '../../../../shared/presets.ts';
import { secondsOf } from '../../../lib/pace.ts';
import { expectedSeconds, holderOf, movedTo, waitingRuns, waitsFor } from './queue.ts';
import { childrenByParent, usesOf } from './uses.ts';

const config = presetConfig('quickstart', { name: 'x', dataset: { folder: '/d', tokenizer: { vocabSize: 65 } } });
const job = {} as RunSummary['job'];
const run = (name: string, change: Partial<RunSummary> = {}): RunSummary =>
  ({
    name,
    folder: `/home/runs/${name}`,
    config,
    status: 'new',
    step: 0,
    place: null,
    parent: null,
    speed: null,
    job: null,
    ...change,
  }) as RunSummary;

const runs = [
  run('b', { status: 'queued', place: 2 }),
  run('elsewhere', { status: 'running' }),
  run('now', { status: 'paused', job, speed: 1000, step: 50 }),
  run('a', { status: 'queued', place: 1, job }),
  run('done', { status: 'finished', job }),
];

it('knows what waits, in which order, and for what', () => {
  expect(waitingRuns(runs).map(({ name }) => name)).toEqual(['a', 'b']);
  expect(holderOf(runs)?.name).toBe('now');
  expect(runs.map((one) => waitsFor(one, runs))).toEqual(['a', null, null, 'now', null]);
  expect(holderOf(runs.filter(({ name }) => name !== 'now'))).toBeNull();
});

it('moves an item to a place', () => {
  const list = ['a', 'b', 'c', 'd'];
  expect(movedTo(list, 'c', 1)).toEqual(['c', 'a', 'b', 'd']);
  expect(movedTo(list, 'a', 3)).toEqual(['b', 'c', 'a', 'd']);
  expect(movedTo(list, 'b', 0)).toEqual(['b', 'a', 'c', 'd']);
  expect(movedTo(list, 'b', 99)).toEqual(['a', 'c', 'd', 'b']);
});

it('expects a run to take as long as its model took before', () => {
  const whole = secondsOf(config, 1000);
  expect(expectedSeconds(runs[0]!, runs)).toBe(whole);
  expect(expectedSeconds(runs[2]!, runs)).toBeLessThan(whole);
  const other = { ...config, model: { ...config.model, width: 2 * config.model.width } };
  expect(expectedSeconds(run('wide', { config: other }), runs)).toBeNull();
});

it('counts evaluations as forward passes', () => {
  const plain = { ...config, policies: [], steps: 100 };
  const tokens = 100 * config.batch.microBatch * config.batch.accumulation * config.model.blockSize;
  const rare = { ...plain, evaluation: { every: 100, blocks: 3 } };
  expect(secondsOf(rare, 10)).toBeCloseTo((tokens + 2 * config.model.blockSize) / 10);
});

it('tells who needs a run: children own what they start from, models are read at the start', () => {
  const from = (path: string) => ({ ...config, init: { from: 'model' as const, path } });
  const parent = { name: 'trunk', step: 5, purpose: 'cooldown' as const };
  const trunk = run('trunk');
  const all = [
    trunk,
    run('child', { parent }),
    run('tuned', { config: from('/home/runs/trunk/exports/lawa') }),
    run('begun', { config: from('/home/runs/trunk/exports/lawa'), step: 7, status: 'stopped' }),
    run('twin', { config: from('/home/runs/trunk 2/exports/lawa') }),
    run('second', { parent }),
  ];
  expect(usesOf(trunk, all)).toEqual({ children: ['child', 'second'], models: ['tuned'] });
  expect(childrenByParent(all)).toEqual(new Map([['trunk', ['child', 'second']]]));
});
