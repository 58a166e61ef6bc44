import { describe, expect, test } from 'vitest';
import { greedySoup, searchLambda } from './search.ts';

describe('λ by Bayesian optimisation', () => {
  test.each([0.13, 0.5, 0.775])('finds the bottom of a bowl at %d in 12 looks', async (bottom) => {
    const tried = await searchLambda(async (x) => 3 + 0.4 * (x - bottom) ** 2, 12);
    expect(tried.length).toBeLessThanOrEqual(12);
    expect(tried.slice(0, 3).map(({ lambda }) => lambda)).toEqual([0, 1, 0.5]);
    const best = tried.reduce((a, b) => (b.loss < a.loss ? b : a));
    expect(Math.abs(best.lambda - bottom)).toBeLessThan(0.02);
  });

  test('a bowl that is no parabola, with two dips', async () => {
    const loss = (x: number) => 3 + 0.05 * Math.cos(9 * x) + 0.1 * (x - 0.3) ** 2;
    const tried = await searchLambda(async (x) => loss(x), 20);
    const lowest = Math.min(...Array.from({ length: 1001 }, (_, i) => loss(i / 1000)));
    expect(Math.min(...tried.map((point) => point.loss))).toBeLessThan(lowest + 1e-4);
  });

  test('ends early where nothing is to be gained, and where losses are no numbers', async () => {
    expect(await searchLambda(async () => 3, 30)).toHaveLength(3);
    expect(await searchLambda(async () => Number.NaN, 30)).toHaveLength(3);
    expect((await searchLambda(async (x) => 3 + x, 30)).length).toBeLessThan(30);
  });
});

describe('greedy soup', () => {
  /** Loss of a mean: distance of the mean of these numbers from 0. */
  const of = (values: readonly number[]) => async (members: readonly number[]) =>
    Math.abs(members.reduce((sum, i) => sum + values[i], 0) / members.length);

  test('keeps what makes the mean better, from the best on', async () => {
    const values = [3, -1, 0.5, 8, -0.9];
    const soup = await greedySoup(values.map(Math.abs), of(values));
    // 0.5; with −0.9: 0.2 kept; with −1: 0.47 left; with 3: 0.87 left; with 8 left.
    expect(soup.members).toEqual([2, 4]);
    expect(soup.loss).toBeCloseTo(0.2);
    expect(soup.tried.map(({ members }) => members)).toEqual([
      [2, 4],
      [1, 2, 4],
      [0, 2, 4],
      [2, 3, 4],
    ]);
  });

  test('an equal loss is no better', async () => {
    const soup = await greedySoup([1, 1], async () => 1);
    expect(soup.members).toEqual([0]);
  });
});
