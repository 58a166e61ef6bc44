import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DocumentTable, leftOut, tableLimits } from './document-table.ts';

const hash = (text: string) => createHash('sha256').update(text).digest();
/** Small enough that most of it lies in the file, and copies are looked for in many shares. */
const small = { block: 16, held: 2, compared: 10 };

function filled(texts: readonly (string | null)[], limits = small): DocumentTable {
  const table = new DocumentTable(limits);
  for (const [i, text] of texts.entries()) table.add(text === null ? null : hash(text), i % 3);
  return table;
}
const endings = (table: DocumentTable) => Array.from({ length: table.count }, (_, i) => table.ending(i));

describe('the table of documents', () => {
  it('keeps what it was given, in memory and in its file, in any order of asking', () => {
    const texts = Array.from({ length: 203 }, (_, i) => (i % 7 === 5 ? null : `text ${i}`));
    for (const limits of [small, tableLimits, { ...small, held: 0 }]) {
      const table = filled(texts, limits);
      expect(endings(table)).toEqual(texts.map((text, i) => (text === null ? leftOut : i % 3)));
      for (const i of [200, 3, 199, 40, 41, 0]) {
        const first = hash(texts[i] ?? '').readBigUInt64BE(0);
        if (texts[i] !== null) expect(table.place(i)).toBe(Number(first >> 11n) * 2 ** -53);
      }
      table.add(hash('after looking'), 2);
      expect(table.ending(203)).toBe(2);
      table.truncate(50);
      table.add(hash('in its place'), 1);
      expect([table.count, table.ending(50), table.ending(48)]).toEqual([51, 1, 0]);
      table.close();
    }
  });

  it('counts copies of earlier texts, and leaves them out where it is told to', () => {
    const texts = Array.from({ length: 300 }, (_, i) => (i % 11 === 0 ? null : `text ${(i * i) % 97}`));
    const seen = new Set<string>();
    const wanted = texts.map((text, i) => {
      if (text === null || seen.has(text)) return leftOut;
      seen.add(text);
      return i % 3;
    });
    const kept = texts.filter((text) => text !== null).length;
    for (const limits of [small, tableLimits]) {
      const table = filled(texts, limits);
      expect(table.copies([[0, 300]], false)).toBe(kept - seen.size);
      expect(endings(table)).toEqual(texts.map((text, i) => (text === null ? leftOut : i % 3)));
      expect(table.copies([[0, 300]], true)).toBe(kept - seen.size);
      expect(endings(table)).toEqual(wanted);
      table.close();
    }
  });

  it('keeps the copy that comes first in the order of the ranges', () => {
    const table = filled(['a', 'b', 'c', 'b', 'd', 'a']);
    const ranges = [
      [3, 6],
      [0, 3],
    ] as const;
    expect(table.copies(ranges, true)).toBe(2);
    expect([0, 1, 2, 3, 4, 5].map((i) => table.isDropped(i))).toEqual([true, true, false, false, false, false]);
    table.close();
  });
});
