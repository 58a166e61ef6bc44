import { expect, it } from 'vitest';
import { maxNoteLength, maxTagLength, runNotes, tidyTags } from './run-notes.ts';

it('tidies tags as they are typed', () => {
  expect(tidyTags(['  paper ', 'Paper', 'two  words,third', '', ' , '])).toEqual(['paper', 'two words', 'third']);
});

it.each([
  ['a comma', { tags: ['a,b'], note: '' }],
  ['an outer space', { tags: [' a'], note: '' }],
  ['nothing', { tags: [''], note: '' }],
  ['a line break', { tags: ['a\nb'], note: '' }],
  ['the same twice', { tags: ['a', 'A'], note: '' }],
  ['too long a tag', { tags: ['x'.repeat(maxTagLength + 1)], note: '' }],
  ['too many', { tags: Array.from({ length: 21 }, (_, i) => `t${i}`), note: '' }],
  ['too long a note', { tags: [], note: 'x'.repeat(maxNoteLength + 1) }],
])('refuses %s', (_, notes) => {
  expect(runNotes.safeParse(notes).success).toBe(false);
});

it('takes what tidying gives, in any script', () => {
  expect(runNotes.safeParse({ tags: tidyTags(['größer', '学習率', 'x']), note: 'a\nb' }).success).toBe(true);
});
