import { describe, expect, it } from 'vitest';
import { blockStarts, epochStarts, MixSampler, type MixSource } from './batch.ts';
import { MixOrder } from './mix-order.ts';
import type { TokenSource } from './source.ts';

/** Tokens that tell where they lie: `base` and up. */
const counting = (count: number, base: number): TokenSource => ({
  count,
  read(start, target) {
    if (start < 0 || start + target.length > count) throw new RangeError(`${start}+${target.length} of ${count}`);
    for (let i = 0; i < target.length; i++) target[i] = base + start + i;
  },
  close() {},
});
const fingerprints = ['a', 'b', 'c'];
const weights = [7, 2.5, 0.5];
const mix: MixSource[] = fingerprints.map((fingerprint, i) => ({
  fingerprint,
  weight: weights[i],
  source: counting([1000, 300, 90][i], 10_000 * i),
}));

describe('the order of a mix', () => {
  const order = new MixOrder(weights, 3, fingerprints);

  it('counts the rows of each dataset without having made them', () => {
    const counts = [0, 0, 0];
    for (let row = 0; row < 5000; row++) {
      const { member, place } = order.at(row);
      expect(place).toBe(counts[member]++);
    }
  });

  it('gives every dataset its share to within one row of any 2^k, and to a few of any number', () => {
    for (const [from, rows, within] of [
      [0, 64, 1],
      [640, 64, 1],
      [1 << 20, 4096, 1],
      [777, 1000, 8],
      [2 ** 33 + 5, 3000, 8],
    ]) {
      const counts = [0, 0, 0];
      for (let row = from; row < from + rows; row++) counts[order.at(row).member]++;
      for (const [i, count] of counts.entries())
        expect(Math.abs(count - (rows * weights[i]) / 10)).toBeLessThan(within);
    }
  });

  it('goes on past 2^32 rows as it began, counts included', () => {
    const start = order.at(2 ** 32 - 1);
    const next = order.at(2 ** 32);
    expect(next.member).toBe(order.at(0).member);
    const share = weights[next.member] / 10;
    expect(next.place).toBe(Math.round(share * 2 ** 32));
    expect(start.place).toBeLessThan(2 ** 32);
  });

  it('is another one for another seed, other data and other weights', () => {
    const members = (made: MixOrder) => Array.from({ length: 400 }, (_, row) => made.at(row).member).join('');
    const all = [
      order,
      new MixOrder(weights, 4, fingerprints),
      new MixOrder(weights, 3, ['a', 'b', 'd']),
      new MixOrder([6, 3.5, 0.5], 3, fingerprints),
    ].map(members);
    expect(new Set(all).size).toBe(4);
  });
});

describe('the sampler of a mix', () => {
  const size = { batch: 6, tokens: 16, accumulation: 2 };
  const places = Array.from({ length: 200 }, (_, i) => ({ step: i >> 1, microBatch: i & 1 }));

  it('of one dataset is that dataset, in random blocks and in epochs', () => {
    for (const [kind, starts] of [
      ['blocks', blockStarts],
      ['epochs', epochStarts],
    ] as const) {
      const sampler = new MixSampler(mix.slice(0, 1), 5, kind);
      for (const at of places) {
        const rows = sampler.rows(at, size);
        expect(rows.map(({ start }) => start)).toEqual(starts(1000, { ...at, seed: 5, fingerprint: 'a' }, size));
      }
    }
  });

  it('reads each row from its dataset, whole, with its target', () => {
    const sampler = new MixSampler(mix, 5, 'blocks');
    for (const at of places.slice(0, 20)) {
      const rows = sampler.rows(at, size);
      const { tokens, targets } = sampler.batch(at, size);
      rows.forEach(({ member, start }, row) => {
        expect(tokens[row * 16]).toBe(10_000 * member + start);
        expect(targets[row * 16 + 15]).toBe(10_000 * member + start + 16);
      });
    }
  });

  it('takes every block of a dataset once before any of it comes again, whatever the others do', () => {
    const sampler = new MixSampler(mix, 5, 'epochs');
    const drawn: number[][] = [[], [], []];
    for (const at of places) for (const { member, start } of sampler.rows(at, size)) drawn[member].push(start);
    const blocks = [62, 18, 5];
    expect(drawn.map((starts, i) => Math.floor(starts.length / blocks[i]))).toEqual([13, 16, 12]);
    drawn.forEach((starts, i) => {
      for (let epoch = 0; (epoch + 1) * blocks[i] <= starts.length; epoch++) {
        const own = starts.slice(epoch * blocks[i], (epoch + 1) * blocks[i]).sort((a, b) => a - b);
        expect(own).toEqual(own.map((_, block) => own[0] + 16 * block));
      }
    });
  });

  it('is a function of seed, step and micro-batch, whatever was drawn before', () => {
    for (const kind of ['blocks', 'epochs'] as const) {
      const forth = new MixSampler(mix, 5, kind);
      const all = places.map((at) => JSON.stringify(forth.rows(at, size)));
      const back = new MixSampler(mix, 5, kind);
      const reversed = places.toReversed().map((at) => JSON.stringify(back.rows(at, size)));
      expect(reversed.reverse()).toEqual(all);
      expect(JSON.stringify(new MixSampler(mix, 6, kind).rows(places[0], size))).not.toBe(all[0]);
    }
  });

  it('says which set is too short', () => {
    const short = [...mix, { fingerprint: 'd', weight: 10, source: counting(16, 0) }];
    const sampler = new MixSampler(short, 5, 'epochs');
    expect(() => places.map((at) => sampler.rows(at, size))).toThrow(
      expect.objectContaining({ code: 'dataset-too-short' }),
    );
  });
});
