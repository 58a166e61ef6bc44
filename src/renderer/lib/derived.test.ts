import { expect, it } from 'vitest';
import { Column } from '../../shared/column.ts';
import { scaled, smoothed } from './derived.ts';

const column = (values: number[]): Column => {
  const made = new Column('f64');
  for (const value of values) made.push(value);
  return made;
};
const listed = ({ values, length }: Column): number[] => Array.from(values.slice(0, length));

it('smooths without bias: a constant stays, the first value is itself, a hole stays a hole', () => {
  expect(listed(smoothed(column([3, 3, 3]), 0.9)).map((y) => y.toFixed(12))).toEqual(Array(3).fill('3.000000000000'));
  const [a, b, c, d] = listed(smoothed(column([1, 2, Number.NaN, 4]), 0.5));
  expect(a).toBe(1);
  expect(b).toBeCloseTo((0.25 * 1 + 0.5 * 2) / 0.75, 12);
  expect(c).toBeNaN();
  expect(d).toBeCloseTo((0.125 * 1 + 0.25 * 2 + 0.5 * 4) / 0.875, 12);
});

it('is the column itself where nothing is smoothed', () => {
  const source = column([1]);
  expect(smoothed(source, 0)).toBe(source);
});

it('works on from where it was, and anew where values were taken back', () => {
  const source = column([1, 5, 2]);
  const first = smoothed(source, 0.8);
  source.push(7);
  expect(smoothed(source, 0.8)).toBe(first);
  expect(listed(first)).toEqual(listed(smoothed(column([1, 5, 2, 7]), 0.8)));
  source.cut(1);
  source.push(9);
  expect(listed(smoothed(source, 0.8))).toEqual(listed(smoothed(column([1, 9]), 0.8)));
});

it('scales', () => expect(listed(scaled(column([1, 2]), 768))).toEqual([768, 1536]));
