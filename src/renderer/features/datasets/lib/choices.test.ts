import { describe, expect, test } from 'vitest';
import { documentFilters, prepareConfig } from '../../../../shared/dataset.ts';
import { asksForSomething, type Choices, choicesAreGood, filters, startingChoices } from './choices.ts';

const none = startingChoices(null);
const filtered = (part: Partial<Choices['filters']>): Choices => ({ ...none, filters: { ...none.filters, ...part } });

test('none are asked for at first; an earlier try is taken up', () => {
  expect(asksForSomething(none)).toBe(false);
  expect(choicesAreGood(none)).toBe(true);
  const earlier = prepareConfig.parse({ name: 'a', sources: ['/a'], shuffle: 0, filters: { minLetters: 0.5 } });
  expect(startingChoices(earlier)).toEqual({ dedup: false, shuffle: 0, filters: earlier.filters });
  for (const asked of [{ dedup: true }, { shuffle: 0 }, { threads: 1 }])
    expect(asksForSomething({ ...none, ...asked })).toBe(true);
  expect(asksForSomething(filtered({ maxCharacters: 10 }))).toBe(true);
});

test('every filter has a field', () => {
  expect(filters.map(({ filter }) => filter).sort()).toEqual(Object.keys(documentFilters.shape).sort());
});

describe('what cannot be read, or is out of range, is not taken', () => {
  test.each<[string, Choices, Choices]>([
    ['seed', { ...none, shuffle: 0xffffffff }, { ...none, shuffle: 2 ** 32 }],
    ['seed, read', { ...none, shuffle: 0 }, { ...none, shuffle: Number.NaN }],
    ['threads', { ...none, threads: 64 }, { ...none, threads: 65 }],
    ['threads, whole', { ...none, threads: 1 }, { ...none, threads: 1.5 }],
    ['characters', filtered({ minCharacters: 1 }), filtered({ minCharacters: 0 })],
    ['characters, read', filtered({ maxCharacters: 9 }), filtered({ maxCharacters: Number.NaN })],
    ['letters', filtered({ minLetters: 1 }), filtered({ minLetters: 1.01 })],
    ['lines', filtered({ maxRepeatedLines: 0 }), filtered({ maxRepeatedLines: -0.01 })],
  ])('%s', (_, good, bad) => {
    expect(choicesAreGood(good)).toBe(true);
    expect(choicesAreGood(bad)).toBe(false);
  });
});
