import { get_encoding } from 'tiktoken';
import { afterAll, describe, expect, it } from 'vitest';
import { utf8 } from './encoder.ts';
import { gpt2Tokenizer } from './gpt2.ts';
import { hostileTexts, joinChunks, randomText } from './testing.ts';

const reference = get_encoding('gpt2');
const gpt2 = await gpt2Tokenizer();
afterAll(() => reference.free());

const expected = (text: string) => Array.from(reference.encode_ordinary(text));

describe('GPT-2 BPE', () => {
  it.each(hostileTexts)('gives the ids of tiktoken: %j', (text) => {
    expect(Array.from(gpt2.encode(text))).toEqual(expected(text));
  });

  it('gives the ids of tiktoken on random mixtures', () => {
    for (let seed = 0; seed < 400; seed++) {
      const text = randomText(seed, 120);
      expect(Array.from(gpt2.encode(text)), JSON.stringify(text)).toEqual(expected(text));
    }
  });

  it('keeps the ids when the cache of words runs full', () => {
    // More different words than the cache holds, then a known one again.
    const before = Array.from(gpt2.encode(' meandering'));
    let words = '';
    for (let i = 0; i < 150_000; i++) words += ` w${i.toString(36)}q`;
    gpt2.encode(words);
    expect(Array.from(gpt2.encode(' meandering'))).toEqual(before);
    expect(before).toEqual(expected(' meandering'));
  });

  it('merges long words as short ones, in time that does not grow with the square', () => {
    for (const word of ['a'.repeat(97), 'ab'.repeat(700), randomLetters(1500), '!'.repeat(999), '\n'.repeat(500)])
      expect(Array.from(gpt2.encode(word))).toEqual(expected(word));
    const time = (length: number) => {
      const word = randomLetters(length);
      const start = performance.now();
      gpt2.encode(word);
      return performance.now() - start;
    };
    time(50_000);
    // 20 times the length takes 400 times as long in a quadratic algorithm.
    expect(time(1_000_000)).toBeLessThan(150 * Math.max(time(50_000), 2));
  });

  it('takes <|endoftext|> in a text as text, and does not show the id in decoded text', () => {
    const ids = gpt2.encode('a<|endoftext|>b');
    expect(ids).not.toContain(50256);
    expect(gpt2.decode(ids)).toBe('a<|endoftext|>b');
    expect(gpt2.decode([64, 50256, 65, 60000, -1])).toBe('ab');
    expect(gpt2.bytes(50256)).toHaveLength(0);
  });

  it('gives the same ids in chunks as whole', () => {
    const texts = [...hostileTexts, ...Array.from({ length: 60 }, (_, seed) => randomText(seed + 1000, 400))];
    for (const text of texts)
      for (const window of [8, 17, 64])
        expect(joinChunks(gpt2, utf8(text), window), JSON.stringify(text)).toEqual(Array.from(gpt2.encode(text)));
  });

  it('cuts text without white space where the class changes, and not inside a contraction', () => {
    expect(gpt2.safeCut(utf8('我们是。他们'))).toBe(12);
    expect(gpt2.safeCut(utf8("it's"))).toBe(2);
    expect(gpt2.safeCut(utf8('aaaa'))).toBe(0);
    expect(gpt2.safeCut(utf8('a  b'))).toBe(1);
    expect(gpt2.safeCut(utf8('a\u3000 b'))).toBe(1);
    expect(gpt2.safeCut(utf8('\u3000 b'))).toBe(0);
  });

  it('counts the bytes of the text behind ids', () => {
    const text = 'Grüße, 世界 🙂\n';
    expect(gpt2.textBytes(gpt2.encode(text))).toBe(utf8(text).length);
    expect(gpt2.textBytes(Int32Array.of(50256))).toBe(0);
  });
});

function randomLetters(length: number): string {
  let state = 12345;
  let word = '';
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    word += String.fromCharCode(97 + ((state >>> 24) % 26));
  }
  return word;
}
