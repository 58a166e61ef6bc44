import { expect, it } from 'vitest';
import { filterRuns, type StatusFilter } from './filter.ts';

const runs = [
  { name: 'Quickstart', status: 'finished' },
  { name: 'quickstart cooldown', status: 'running' },
  { name: 'small 6e-3', status: 'failed' },
  { name: 'small 3e-3', status: 'queued' },
] as const;
const names = (search: string, status: StatusFilter = 'all') => filterRuns(runs, search, status).map((run) => run.name);

it('finds runs by words of their name, in any order and case', () => {
  expect(names('COOL quick')).toEqual(['quickstart cooldown']);
  expect(names('  ')).toHaveLength(4);
  expect(names('medium')).toEqual([]);
});

it('tells runs that are at work from those that are done and those that are not', () => {
  expect(names('', 'active')).toEqual(['quickstart cooldown', 'small 3e-3']);
  expect(names('', 'finished')).toEqual(['Quickstart']);
  expect(names('', 'unfinished')).toEqual(['small 6e-3']);
  expect(names('small', 'active')).toEqual(['small 3e-3']);
});
