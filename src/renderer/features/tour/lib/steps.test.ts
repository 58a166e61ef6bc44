import { expect, test } from 'vitest';
import { t } from '../../../strings.ts';
import { type Box, placeOf, steps } from './steps.ts';

const view = { width: 800, height: 600 };
const card = { width: 340, height: 180 };

/** Whether two boxes share a point. */
const overlaps = (a: Box, b: Box) =>
  a.left < b.left + b.width && b.left < a.left + a.width && a.top < b.top + b.height && b.top < a.top + a.height;

test.each<[string, Box]>([
  ['in the navigation', { left: 8, top: 80, width: 48, height: 40 }],
  ['at the top right', { left: 600, top: 20, width: 180, height: 36 }],
  ['at the bottom right', { left: 600, top: 540, width: 180, height: 36 }],
  ['as high as the page, at the right', { left: 500, top: 0, width: 300, height: 600 }],
])('the words stand beside a control %s, inside the window', (_, target) => {
  const place = { ...placeOf(target, card, view), ...card };
  expect(overlaps(place, target)).toBe(false);
  expect(place.left).toBeGreaterThanOrEqual(0);
  expect(place.top).toBeGreaterThanOrEqual(0);
  expect(place.left + card.width).toBeLessThanOrEqual(view.width);
  expect(place.top + card.height).toBeLessThanOrEqual(view.height);
});

test('in the middle where there is no control, or no room beside it', () => {
  const middle = { left: 230, top: 210 };
  expect(placeOf(null, card, view)).toEqual(middle);
  expect(placeOf({ left: 0, top: 0, width: 800, height: 600 }, card, view)).toEqual(middle);
});

test('every text of the tour has its station', () => {
  expect(steps.map(({ id }) => id).sort()).toEqual(Object.keys(t.tour.steps).sort());
});
