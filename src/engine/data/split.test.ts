import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { splitByHash, trainTokens } from './split.ts';

const hash = (text: string) => createHash('sha256').update(text).digest().readBigUInt64BE(0);
const places = (list: string[]) => ({
  end: list.length,
  isKept: () => true,
  place: (index: number) => Number(hash(list[index]) >> 11n) * 2 ** -53,
});
const texts = Array.from({ length: 400 }, (_, i) => `document ${i}`);
const validating = (list: string[], fraction = 0.1) => {
  const sides = splitByHash(places(list), fraction);
  return new Set(list.filter((_, i) => sides(i)));
};

describe('splitByHash', () => {
  it('does not change with order or growth', () => {
    const all = validating(texts);
    expect(all.size).toBeGreaterThan(20);
    expect(all.size).toBeLessThan(60);
    expect(validating([...texts].reverse())).toEqual(all);
    const half = validating(texts.slice(0, 200));
    expect(half).toEqual(new Set([...all].filter((text) => texts.indexOf(text) < 200)));
  });

  it('puts equal texts on one side', () => {
    const twice = texts.flatMap((text) => [text, text]);
    const sides = splitByHash(places(twice), 0.5);
    for (let i = 0; i < sides.length; i += 2) expect(sides(i)).toBe(sides(i + 1));
  });

  it('leaves no side empty', () => {
    for (let n = 2; n < 12; n++)
      for (const fraction of [0.001, 0.999]) {
        const val = validating(texts.slice(0, n), fraction);
        expect(val.size).toBe(fraction < 0.5 ? 1 : n - 1);
      }
  });

  it('refuses a single text', () => {
    expect(() => splitByHash(places(['a']), 0.1)).toThrow(expect.objectContaining({ code: 'one-document' }));
    expect(() => splitByHash(places(['a', 'a']), 0.1)).toThrow(expect.objectContaining({ code: 'one-document' }));
  });
});

it('cuts a tail as nanoGPT does', () => {
  expect(trainTokens(1_115_394, 0.1)).toBe(1_003_854);
});
