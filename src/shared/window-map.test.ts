import { expect, test } from 'vitest';
import { chooseOnHalf, mapEvaluations, planMap } from './window-map.ts';

const every = (gap: number, from: number, to: number) =>
  Array.from({ length: (to - from) / gap + 1 }, (_, i) => from + gap * i);
const usual = { counts: null, spacings: null };

test('windows end at the newest checkpoint, and those that reach past what is kept are named as such', () => {
  const plan = planMap(every(20, 800, 1000), 1000, { counts: [5, 2], spacings: [40, 60, 30] }, []);
  expect(plan.counts).toEqual([2, 5]);
  expect(plan.cells.map(({ of, steps }) => [of, steps])).toEqual([
    ['2×30', null],
    ['2×40', [960, 1000]],
    ['2×60', [940, 1000]],
    ['5×30', null],
    ['5×40', [840, 880, 920, 960, 1000]],
    ['5×60', null],
  ]);
  expect(mapEvaluations(plan, 3)).toBe(6);
});

test('unasked, it takes the smallest kept spacing and its doublings', () => {
  const plan = planMap([600, ...every(20, 900, 1000), 1100], 1000, usual, [{ id: 'power', steps: 900 }]);
  expect(plan.spacings).toEqual([20, 40, 80, 160, 320]);
  // γ = 6.94 at a width of 0.1: 1 − 2^(−1/7.94) = 8.36% of 900.
  expect(plan.widths.find(({ of }) => of === 'power@0.1')).toEqual({ of: 'power@0.1', width: 0.1, half: 75 });
  expect(planMap([500, 1000], 1000, usual, []).spacings).toEqual([500]);
});

test.each([
  [[1000], usual, 'map-empty'],
  [every(20, 900, 1000), { counts: [3], spacings: [7] }, 'map-empty'],
  [every(20, 900, 1000), { counts: [1], spacings: null }, 'map-values'],
  [every(20, 900, 1000), { counts: null, spacings: [0.5] }, 'map-values'],
  [every(1, 900, 1000), { counts: every(1, 2, 10), spacings: every(1, 1, 8) }, 'map-too-large'],
])('%# is refused: %s', (points, asked, code) => {
  expect(() => planMap(points, 1000, asked, [])).toThrow(expect.objectContaining({ code }));
});

test('a choice is made on blocks at even places and reported on those at odd ones', () => {
  const raw = Float64Array.of(2, 2, 2, 2, 2, 2, 2, 2);
  // Best on the even places by luck; the odd ones tell.
  const lucky = Float64Array.of(1, 2.5, 1, 2.5, 1, 2.5, 1, 2.5);
  const steady = Float64Array.of(1.5, 1.4, 1.5, 1.6, 1.5, 1.5, 1.5, 1.5);
  const candidates = new Map([
    ['steady', steady],
    ['lucky', lucky],
  ]);
  const choice = chooseOnHalf(
    candidates,
    new Map([
      ['raw', raw],
      ['ema', steady],
    ]),
  );
  expect(choice).toMatchObject({ of: 'lucky', among: 2, loss: 2.5 });
  expect(choice?.against.map(({ of, difference }) => [of, difference])).toEqual([
    ['raw', 0.5],
    ['ema', 1],
  ]);
  expect(choice?.against[0].verdict).toBe('worse');
  expect(chooseOnHalf(new Map(), new Map([['raw', raw]]))).toBeNull();
  expect(chooseOnHalf(candidates, new Map([['raw', raw.subarray(0, 3)]]))).toBeNull();
});
