import { expect, it } from 'vitest';
import { allTags, everyRun, filterRuns, type RunFilter } from './filter.ts';

const runs = [
  { name: 'Quickstart', status: 'finished', tags: ['Paper'], note: '' },
  { name: 'quickstart cooldown', status: 'running', tags: [], note: 'as figure 2' },
  { name: 'small 6e-3', status: 'failed', tags: ['paper', 'too hot'], note: 'Diverges late' },
  { name: 'small 3e-3', status: 'queued', tags: [], note: '' },
] as const;
const all = runs.map((run) => ({ ...run, tags: [...run.tags] }));
const names = (filter: Partial<RunFilter>) => filterRuns(all, { ...everyRun, ...filter }).map((run) => run.name);

it('finds runs by words of their name, tags and note, in any order and case', () => {
  expect(names({ search: 'COOL quick' })).toEqual(['quickstart cooldown']);
  expect(names({ search: 'diverges SMALL hot' })).toEqual(['small 6e-3']);
  expect(names({ search: '  ' })).toHaveLength(4);
  expect(names({ search: 'medium' })).toEqual([]);
});

it('tells runs that are at work from those that are done and those that are not', () => {
  expect(names({ status: 'active' })).toEqual(['quickstart cooldown', 'small 3e-3']);
  expect(names({ status: 'finished' })).toEqual(['Quickstart']);
  expect(names({ status: 'unfinished' })).toEqual(['small 6e-3']);
  expect(names({ search: 'small', status: 'active' })).toEqual(['small 3e-3']);
});

it('filters by tag and lists the tags there are', () => {
  expect(names({ tag: 'PAPER' })).toEqual(['Quickstart', 'small 6e-3']);
  expect(names({ tag: 'hot' })).toEqual([]);
  expect(allTags(all)).toEqual(['Paper', 'too hot']);
});
