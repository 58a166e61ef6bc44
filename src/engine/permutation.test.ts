import { expect, it } from 'vitest';
import { permuted } from './permutation.ts';

it('takes every number once, whatever the count', () => {
  for (const count of [1, 2, 3, 4, 5, 16, 17, 64, 65, 1000]) {
    const order = Array.from({ length: count }, (_, i) => permuted(i, count, 7, 9));
    expect(new Set(order).size).toBe(count);
    for (const value of order) expect(value).toBeLessThan(count);
  }
});

it('is another order for another key, and looks like none', () => {
  const orderOf = (key: number) => Array.from({ length: 1000 }, (_, i) => permuted(i, 1000, key, 0));
  const [a, b] = [orderOf(1), orderOf(2)];
  expect(a).not.toEqual(b);
  for (const order of [a, b]) {
    // Neighbours and fixed places of a random order are rare: one each on average.
    expect(order.filter((value, i) => value === i).length).toBeLessThan(8);
    expect(order.filter((value, i) => i > 0 && value === order[i - 1] + 1).length).toBeLessThan(8);
    const mean = order.slice(0, 500).reduce((sum, value) => sum + value, 0) / 500;
    expect(Math.abs(mean - 499.5)).toBeLessThan(60);
  }
});

it('stays in its range past 2^32', () => {
  const count = 2 ** 45 + 12345;
  const seen = Array.from({ length: 200 }, (_, i) => permuted(i * 2 ** 37, count, 3, 4));
  expect(new Set(seen).size).toBe(200);
  for (const value of seen) {
    expect(Number.isSafeInteger(value) && value >= 0 && value < count).toBe(true);
  }
});
