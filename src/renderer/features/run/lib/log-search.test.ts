import { expect, it } from 'vitest';
import { findMatches, matchLimit, piecesOf } from './log-search.ts';

it('finds words in any case, as they stand, without overlap', () => {
  expect(findMatches('Error: an error. ERR', 'error')).toEqual({ starts: [0, 10], count: 2 });
  expect(findMatches('a.b a+b', '.')).toEqual({ starts: [1], count: 1 });
  expect(findMatches('aaaa', 'aa')).toEqual({ starts: [0, 2], count: 2 });
  expect(findMatches('text', '')).toEqual({ starts: [], count: 0 });
});

it('keeps its places where a letter grows with its case', () => {
  const text = 'İİ error';
  const { starts } = findMatches(text, 'error');
  expect(starts.map((start) => text.slice(start, start + 5))).toEqual(['error']);
});

it('counts all, and marks no more than help', () => {
  const found = findMatches('x'.repeat(matchLimit + 5), 'x');
  expect(found.count).toBe(matchLimit + 5);
  expect(found.starts).toHaveLength(matchLimit);
});

it('cuts the text at its matches', () => {
  expect(piecesOf('an error here', findMatches('an error here', 'error'), 5)).toEqual(['an ', 'error', ' here']);
  expect(piecesOf('none', findMatches('none', 'x'), 1)).toEqual(['none']);
});
