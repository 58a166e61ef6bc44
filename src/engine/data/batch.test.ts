import { describe, expect, it } from 'vitest';
import { blockStarts, epochStarts, evaluationBlocks, trainingBatch } from './batch.ts';
import type { TokenSource } from './source.ts';

const counting = (count: number): TokenSource => ({
  count,
  read(start, target) {
    if (start < 0 || start + target.length > count) throw new RangeError(`${start}+${target.length} of ${count}`);
    for (let i = 0; i < target.length; i++) target[i] = start + i;
  },
  close() {},
});
const at = { fingerprint: 'f', seed: 1, step: 3, microBatch: 0 };

describe('trainingBatch', () => {
  it('holds blocks and the same shifted by one', () => {
    const { tokens, targets } = trainingBatch(counting(1000), at, { batch: 5, tokens: 7 });
    expect(tokens).toHaveLength(35);
    for (let row = 0; row < 5; row++)
      for (let i = 0; i < 7; i++) {
        expect(tokens[row * 7 + i]).toBe(tokens[row * 7] + i);
        expect(targets[row * 7 + i]).toBe(tokens[row * 7 + i] + 1);
      }
  });

  it('is a function of fingerprint, seed, step and micro-batch, and of each of them', () => {
    const starts = (place: Partial<typeof at>) => blockStarts(1e6, { ...at, ...place }, { batch: 4, tokens: 8 }).join();
    const all = [{}, { fingerprint: 'g' }, { seed: 2 }, { step: 4 }, { microBatch: 1 }].map(starts);
    expect(new Set(all).size).toBe(5);
    expect([{}, { fingerprint: 'g' }, { seed: 2 }, { step: 4 }, { microBatch: 1 }].map(starts)).toEqual(all);
    // A written-down value: a change here would change every run that is resumed.
    expect(starts({})).toBe('65982,746772,465757,775074');
  });

  it('gives a row the same place in batches of any size', () => {
    const six = blockStarts(1e6, at, { batch: 6, tokens: 8 });
    expect(blockStarts(1e6, at, { batch: 2, tokens: 8 })).toEqual(six.slice(0, 2));
  });

  it('draws every place, the first and the last, evenly', () => {
    const counts = new Array(10).fill(0);
    for (let step = 0; step < 1000; step++)
      for (const start of blockStarts(18, { ...at, step }, { batch: 10, tokens: 8 })) counts[start]++;
    // 10,000 draws over 10 places: 1,000 each, standard deviation 30.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it('reaches past 2^32 tokens', () => {
    const count = 9e9;
    const starts = Array.from(
      { length: 200 },
      (_, step) => blockStarts(count, { ...at, step }, { batch: 1, tokens: 8 })[0],
    );
    expect(Math.max(...starts)).toBeGreaterThan(2 ** 32);
    expect(starts.some((start) => start % 2 === 1)).toBe(true);
    expect(starts.every((start) => Number.isInteger(start) && start + 9 <= count)).toBe(true);
  });

  it('says what to do when not one block fits', () => {
    expect(trainingBatch(counting(9), at, { batch: 1, tokens: 8 }).tokens[0]).toBe(0);
    expect(() => trainingBatch(counting(8), at, { batch: 1, tokens: 8 })).toThrow(
      expect.objectContaining({
        code: 'dataset-too-short',
        message: expect.stringContaining('8 tokens'),
        next: expect.stringContaining('at most 7'),
      }),
    );
  });
});

describe('epochs', () => {
  const places = (from: number, rows: number, size: { batch: number; accumulation: number }) =>
    Array.from({ length: rows / size.batch }, (_, i) => {
      const micro = from / size.batch + i;
      const place = { ...at, step: Math.floor(micro / size.accumulation), microBatch: micro % size.accumulation };
      return epochStarts(1000, place, { ...size, tokens: 7 });
    }).flat();

  it('take every block once before any comes again, however rows are put into batches', () => {
    const blocks = Math.floor(999 / 7);
    const one = places(0, 3 * blocks, { batch: 1, accumulation: 1 });
    for (let epoch = 0; epoch < 3; epoch++) {
      const own = one.slice(epoch * blocks, (epoch + 1) * blocks).sort((a, b) => a - b);
      expect(own).toEqual(own.map((_, block) => own[0] + 7 * block));
      expect(own[0] + 7 * blocks).toBeLessThan(1000);
    }
    expect(places(0, 420, { batch: 6, accumulation: 5 })).toEqual(one.slice(0, 420));
    expect(one.slice(0, blocks)).not.toEqual(one.slice(blocks, 2 * blocks));
  });

  it('are read by a training batch that asks for them, and refuse a text shorter than a block', () => {
    const size = { batch: 2, tokens: 7, accumulation: 1 };
    const { tokens } = trainingBatch(counting(1000), at, size, 'epochs');
    expect([tokens[0], tokens[7]]).toEqual(epochStarts(1000, at, size));
    expect(() => trainingBatch(counting(7), at, size, 'epochs')).toThrow(
      expect.objectContaining({ code: 'dataset-too-short' }),
    );
  });
});

describe('evaluationBlocks', () => {
  it('are evenly spaced, apart, and inside', () => {
    for (const [count, size, wanted] of [
      [1000, 8, 10],
      [1000, 8, 1000],
      [9, 8, 3],
      [65, 8, 8],
      [64, 8, 8],
      [99991, 64, 512],
    ]) {
      const starts = evaluationBlocks(counting(count), size, wanted);
      expect(starts).toHaveLength(Math.min(wanted, Math.floor((count - 1) / size)));
      expect(starts[0]).toBe(0);
      starts.forEach((start, i) => {
        if (i > 0) expect(start - starts[i - 1]).toBeGreaterThanOrEqual(size);
        expect(start + size + 1).toBeLessThanOrEqual(count);
      });
    }
    expect(() => evaluationBlocks(counting(8), 8, 1)).toThrow(expect.objectContaining({ code: 'dataset-too-short' }));
  });
});
