import { describe, expect, it } from 'vitest';
import { Column, lowerBound } from '../../shared/column.ts';
import { visiblePoints } from './downsample.ts';

const range = (n: number) => Float64Array.from({ length: n }, (_, i) => i);

const of = (xs: ArrayLike<number>, ys: ArrayLike<number>, length = xs.length) => ({ xs, ys, length });

describe('visiblePoints', () => {
  it('keeps every spike of 100,000 points, up and down', () => {
    const xs = range(100_000);
    const ys = xs.map((x) => 2 + 0.1 * Math.sin(x));
    const spikes = [17, 500, 33_333, 77_777, 99_998];
    spikes.forEach((at, i) => {
      ys[at] = i % 2 ? -5 - i : 9 + i;
    });
    const kept = visiblePoints(of(xs, ys), 0, 99_999, 800);
    for (const at of spikes) expect(kept).toContain(at);
    expect(kept.length).toBeLessThanOrEqual(4 * 802);
    expect([...kept].sort((a, b) => a - b)).toEqual(kept);
    expect(new Set(kept).size).toBe(kept.length);
  });

  it('has the same extremes as the data in every window', () => {
    const xs = range(20_000);
    const ys = xs.map((x) => Math.sin(x * 12.9898) * 43758.5453 - Math.floor(Math.sin(x * 12.9898) * 43758.5453));
    for (const [from, to] of [
      [0, 19_999],
      [3000, 17_000],
      [123, 9876],
    ]) {
      const kept = visiblePoints(of(xs, ys), from, to, 100).filter((i) => xs[i] >= from && xs[i] <= to);
      const inside = ys.slice(from, to + 1);
      expect(Math.max(...kept.map((i) => ys[i]))).toBe(Math.max(...inside));
      expect(Math.min(...kept.map((i) => ys[i]))).toBe(Math.min(...inside));
    }
  });

  it('shows every point once few enough are in view, and one neighbour on each side', () => {
    const xs = range(100_000);
    expect(visiblePoints(of(xs, xs), 50_000, 50_003, 800)).toEqual([49_999, 50_000, 50_001, 50_002, 50_003, 50_004]);
  });

  it('keeps a hole where a slice has nothing finite, and spikes beside holes', () => {
    const xs = range(10_000);
    const ys = new Float64Array(10_000).fill(1);
    ys.fill(Number.NaN, 4000, 6000);
    ys[3999] = 8;
    const kept = visiblePoints(of(xs, ys), 0, 9999, 100);
    expect(kept.some((i) => i >= 4000 && i < 6000 && Number.isNaN(ys[i]))).toBe(true);
    expect(kept).toContain(3999);
  });

  it('does with empty and one-point lines', () => {
    expect(visiblePoints(of([], []), 0, 1, 10)).toEqual([]);
    expect(visiblePoints(of([5], [1]), 0, 10, 10)).toEqual([0]);
  });

  it('ignores what a column holds past its length', () => {
    expect(visiblePoints(of([1, 2, 3, 0, 0], [1, 1, 1, 9, 9], 3), 0, 10, 10)).toEqual([0, 1, 2]);
  });
});

it('picks the same points with blocks as without, on both kinds of axis, while the column grows and is cut', () => {
  const column = new Column('f64');
  const xs = range(30_000);
  const noise = (i: number): number => {
    const value = Math.sin(i * 12.9898) * 43758.5453;
    return Math.floor(i / 500) % 9 === 4 || i % 11 === 0 ? Number.NaN : value - Math.floor(value);
  };
  const compare = (): void => {
    for (const [from, to, buckets, log] of [
      [0, 29_999, 300, false],
      [777, 21_111, 90, false],
      [1, 29_999, 300, true],
      [5, 20_000, 7, true],
    ] as const) {
      const line = of(xs, column.values, column.length);
      const blocks = () => column.blocks();
      expect(visiblePoints({ ...line, blocks }, from, to, buckets, log)).toEqual(
        visiblePoints(line, from, to, buckets, log),
      );
    }
  };
  for (let i = 0; i < 20_001; i++) column.push(noise(i));
  compare();
  for (let i = 20_001; i < 30_000; i++) column.push(noise(i));
  compare();
  column.cut(9_999);
  for (let i = 9_999; i < 25_000; i++) column.push(1 - noise(i));
  compare();
});

it('lowerBound finds the first x not below', () => {
  expect(lowerBound([1, 2, 2, 3], 4, 2)).toBe(1);
  expect(lowerBound([1, 2, 2, 3], 4, 9)).toBe(4);
  expect(lowerBound([1, 2, 2, 3], 4, -1)).toBe(0);
});
