import { expect, it } from 'vitest';
import { align, extent } from './align.ts';

const line = (xs: number[], ys: number[]) => ({ xs, ys, length: xs.length });

it('lays lines with x values of their own over one another', () => {
  const aligned = align([line([0, 1, 2, 3], [5, 4, 3, 2]), line([0, 2], [9, 8])], 0, 3, 100);
  expect(aligned).toEqual([
    [0, 1, 2, 3],
    [5, 4, 3, 2],
    [9, undefined, 8, undefined],
  ]);
});

it('turns what is not finite into a hole, and what a log axis cannot show', () => {
  const loss = line([0, 1, 2], [1, Number.NaN, 0]);
  expect(align([loss], 0, 2, 100)[1]).toEqual([1, null, 0]);
  expect(align([loss], 0, 2, 100, { y: true })[1]).toEqual([1, null, null]);
});

it('draws 100,000 points of several lines as a few thousand', () => {
  const xs = Array.from({ length: 100_000 }, (_, i) => i);
  const ys = xs.map((x) => Math.sin(x));
  const [x] = align(
    [
      line(xs, ys),
      line(
        xs.filter((i) => i % 1000 === 0),
        ys.filter((_, i) => i % 1000 === 0),
      ),
    ],
    0,
    99_999,
    900,
  );
  expect(x.length).toBeLessThan(4000);
});

it('knows the extent of lines, and of none', () => {
  expect(extent([line([], []), line([3, 4], [1, 1]), line([1], [1])])).toEqual([1, 4]);
  expect(extent([line([], [])])).toBeNull();
});

it('leaves out of a log x axis what it cannot show', () => {
  expect(align([line([0, 1, 2], [3, 2, 1])], 1, 2, 100, { x: true })[0]).toEqual([1, 2]);
  expect(extent([line([0, 2, 5], [1, 1, 1])], true)).toEqual([2, 5]);
  expect(extent([line([0], [1])], true)).toBeNull();
});

it('brings neighbours that are far outside of the view near, on the same straight line', () => {
  const far = line([0, 1000], [0, 500]);
  expect(align([far], 400, 410, 100)).toEqual([
    [390, 420],
    [195, 210],
  ]);
  // Near ones stay as they are, and so does what lies in the view.
  expect(align([line([395, 405, 1000], [1, 2, 3])], 400, 410, 100)[0].slice(0, 2)).toEqual([395, 405]);
  const [xs, ys] = align([line([1, 1e6], [1, 1e6])], 100, 1000, 100, { x: true, y: true });
  expect(xs.map((x) => Math.round(x))).toEqual([10, 10_000]);
  expect(ys.map((y) => Math.round(y as number))).toEqual([10, 10_000]);
});
