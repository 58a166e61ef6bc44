import { expect, test } from 'vitest';
import { locate } from './locate.ts';
import { sampleCorpus } from './sample-corpus.ts';

test('the sample corpus is text only, each address once', () => {
  const speeches = sampleCorpus(locate());
  expect(speeches.length).toBeGreaterThan(200);
  expect(new Set(speeches).size).toBe(speeches.length);
  expect(speeches.every((file) => file.endsWith('.txt'))).toBe(true);
});

test('a missing package is named with the next step', () => {
  expect(() => sampleCorpus({ nodeModules: '/nowhere' })).toThrow(/\/nowhere.*datasets-sotu/);
});
