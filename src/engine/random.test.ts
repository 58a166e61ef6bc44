import { describe, expect, it } from 'vitest';
import { dropoutThreshold, Random, Streams, threefry2x32, uniform } from './random.ts';

describe('Threefry-2x32, 20 rounds', () => {
  // Random123's known answers (kat_vectors): counter, key, result.
  const known = [
    [0, 0, 0, 0, 0x6b200159, 0x99ba4efe],
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0x1cb996fc, 0xbb002be7],
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xc4923a9c, 0x483df7a0],
  ];
  it.each(known)('counter %i %i, key %i %i', (c0, c1, k0, k1, x, y) => {
    expect([...threefry2x32(k0, k1, c0, c1)]).toEqual([x, y]);
  });
});

describe('Random', () => {
  it('is a pure function of its coordinates, in any order of asking', () => {
    const forward = new Random(7, Streams.batch, 3, 1);
    const words = Array.from({ length: 9 }, (_, e) => forward.word(e));
    const backward = new Random(7, Streams.batch, 3, 1);
    expect(Array.from({ length: 9 }, (_, e) => backward.word(8 - e)).reverse()).toEqual(words);
  });

  it('follows the agreed coordinates', () => {
    const key = threefry2x32(7, Streams.batch, 3, 1);
    const block = threefry2x32(key[0], key[1], 5, 0);
    const random = new Random(7, Streams.batch, 3, 1);
    expect([random.word(10), random.word(11)]).toEqual([...block]);
  });

  it('differs in every coordinate', () => {
    const first = (...at: [number, number, number, number]) => new Random(...at).word(0);
    const words = [first(1, 1, 1, 1), first(2, 1, 1, 1), first(1, 2, 1, 1), first(1, 1, 2, 1), first(1, 1, 1, 2)];
    expect(new Set(words).size).toBe(5);
  });

  it('stays in [0, 1) and reaches both ends', () => {
    expect(uniform(0)).toBe(0);
    expect(uniform(0xffffffff)).toBe(1 - 2 ** -24);
    expect(Math.fround(uniform(0xffffffff))).toBeLessThan(1);
  });

  it('draws normals with the moments of a normal', () => {
    const random = new Random(11, Streams.init, 0, 0);
    const count = 40_000;
    const moments = [0, 0, 0, 0];
    for (let e = 0; e < count; e++) {
      const z = random.normal(e);
      for (let n = 0; n < 4; n++) moments[n] += z ** (n + 1) / count;
    }
    expect(moments[0]).toBeCloseTo(0, 1);
    expect(moments[1]).toBeCloseTo(1, 1);
    expect(moments[2]).toBeCloseTo(0, 1);
    expect(Math.abs(moments[3] - 3)).toBeLessThan(0.15);
  });

  it('keeps the share that dropout promises', () => {
    const random = new Random(5, 1000, 0, 0);
    const threshold = dropoutThreshold(0.2);
    let kept = 0;
    for (let e = 0; e < 20_000; e++) if (random.word(e) >= threshold) kept++;
    expect(Math.abs(kept / 20_000 - 0.8)).toBeLessThan(0.01);
    expect(dropoutThreshold(0)).toBe(0);
  });
});
