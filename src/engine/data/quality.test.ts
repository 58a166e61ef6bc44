import { describe, expect, it } from 'vitest';
import { documentFilters } from '../../shared/dataset.ts';
import { Quality } from './quality.ts';
import { lastBoundary } from './utf8.ts';

/** What refuses a text, taken in parts of a few bytes or whole. */
function refused(text: string, filters: Parameters<typeof documentFilters.parse>[0], step = 1e9) {
  const quality = new Quality();
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    const end = at + step >= bytes.length ? bytes.length : at + (lastBoundary(bytes.subarray(at, at + step)) || step);
    quality.add(bytes.subarray(at, end));
    at = end;
  }
  return quality.refusedBy(documentFilters.parse(filters));
}

describe('filters', () => {
  it('count characters, not bytes', () => {
    expect(refused('äöü世🙂', { minCharacters: 5, maxCharacters: 5 })).toBeNull();
    expect(refused('äöü世🙂', { minCharacters: 6 })).toBe('minCharacters');
    expect(refused('äöü世🙂', { maxCharacters: 4 })).toBe('maxCharacters');
  });

  it('take letters, marks and digits of any script for words, and leave white space out', () => {
    const texts = ['only words here', 'नमस्ते दुनिया', '你好世界', 'مرحبا', '12 345'];
    for (const text of texts) expect(refused(text, { minLetters: 1 }), text).toBeNull();
    expect(refused('a!  \n ', { minLetters: 0.5 })).toBeNull();
    expect(refused('a!! \n ', { minLetters: 0.5 })).toBe('minLetters');
    expect(refused('==== ---- ||||', { minLetters: 0.1 })).toBe('minLetters');
  });

  it('count lines that repeat an earlier one; empty ones are none', () => {
    expect(refused('a\n\nb\n\nc\n', { maxRepeatedLines: 0 })).toBeNull();
    expect(refused('a\nb\na\nb', { maxRepeatedLines: 0.5 })).toBeNull();
    expect(refused('a\nb\na\na', { maxRepeatedLines: 0.49 })).toBe('maxRepeatedLines');
    expect(refused('ab\nba\n', { maxRepeatedLines: 0 })).toBeNull();
  });

  it('find the same however the text comes in parts', () => {
    const text = 'Zeile eins ü\nZeile zwei 🙂🙂\nZeile eins ü\n…… 世界\n'.repeat(3);
    for (const filters of [{ maxRepeatedLines: 0.74 }, { maxRepeatedLines: 0.76 }, { minLetters: 0.8 }, {}])
      for (const step of [5, 7, 16]) expect(refused(text, filters, step)).toBe(refused(text, filters));
    expect(refused(text, { maxRepeatedLines: 0.74 })).toBe('maxRepeatedLines');
    expect(refused(text, { maxRepeatedLines: 0.76 })).toBeNull();
  });
});
