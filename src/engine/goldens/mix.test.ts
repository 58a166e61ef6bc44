/** Which dataset each row of a mix comes from (bench/goldens/mix.py). */
import { expect, test } from 'vitest';
import { MixOrder } from '../data/mix-order.ts';
import { readJson } from './fixture.ts';

const golden = readJson<{
  orders: {
    weights: number[];
    seed: number;
    fingerprints: string[];
    members: string;
    places: number[];
    late: { row: number; member: number }[];
  }[];
}>('mix');

test('rows of several datasets', () => {
  for (const { weights, seed, fingerprints, members, places, late } of golden.orders) {
    const order = new MixOrder(weights, seed, fingerprints);
    const rows = Array.from(members, (_, row) => order.at(row));
    expect(rows.map(({ member }) => member).join('')).toBe(members);
    expect(rows.slice(-places.length).map(({ place }) => place)).toEqual(places);
    for (const { row, member } of late) expect(order.at(row).member).toBe(member);
  }
});
