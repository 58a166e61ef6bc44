import { expect, test } from 'vitest';
import { dropoutThreshold, Random, threefry2x32, uniform } from '../random.ts';
import { readJson } from './fixture.ts';

type At = [seed: number, stream: number, step: number, microBatch: number];
const golden = readJson<{
  blocks: { rows: number[][] };
  streams: { at: At; elements: number[]; words: number[]; uniforms: number[] }[];
  normals: { at: At; elements: number[]; values: number[] }[];
  dropout: { at: At; rate: number; count: number; kept: number; first64: string }[];
}>('threefry');

test('blocks: published known answers, then random keys and counters', () => {
  for (const [k0, k1, c0, c1, x0, x1] of golden.blocks.rows)
    expect([...threefry2x32(k0, k1, c0, c1)], `key ${k0} ${k1} counter ${c0} ${c1}`).toEqual([x0, x1]);
});

test('words and uniforms at coordinates, up to the last element', () => {
  for (const { at, elements, words, uniforms } of golden.streams) {
    const random = new Random(...at);
    expect(
      elements.map((e) => random.word(e)),
      `${at}`,
    ).toEqual(words);
    expect(elements.map((e) => random.uniform(e))).toEqual(uniforms);
    expect(words.map(uniform)).toEqual(uniforms);
  }
});

test('normals', () => {
  for (const { at, elements, values } of golden.normals) {
    const random = new Random(...at);
    for (const [i, e] of elements.entries())
      expect(Math.abs(random.normal(e) - values[i]), `${at} element ${e}`).toBeLessThan(1e-14);
  }
});

test('dropout keeps a word at or above the threshold', () => {
  for (const { at, rate, count, kept, first64 } of golden.dropout) {
    const random = new Random(...at);
    const mask = Array.from({ length: count }, (_, e) => random.word(e) >= dropoutThreshold(rate));
    expect(
      mask
        .slice(0, 64)
        .map((keep) => (keep ? '1' : '0'))
        .join(''),
      `rate ${rate}`,
    ).toBe(first64);
    expect(mask.filter(Boolean)).toHaveLength(kept);
  }
});
