import { expect, test } from 'vitest';
import { type Held, planRetention } from './retention.ts';

const held = (step: number, changes: Partial<Held> = {}): Held => ({
  step,
  bytes: 30,
  validationLoss: null,
  window: [],
  ...changes,
});
const limits = { every: 10, keepLast: 2, keepEvery: 0, keepBest: true, diskBudget: null };
const steps = (...list: number[]) => list.map((step) => held(step));

test('the newest, every m-th and the best stay', () => {
  const list = [held(10, { validationLoss: 2 }), held(20, { validationLoss: 1 }), ...steps(30, 40, 50, 60, 70)];
  const plan = planRetention(list, { ...limits, keepEvery: 40 }, [], 10);
  expect(plan).toMatchObject({ keep: [20, 40, 60, 70], demote: [], remove: [10, 30, 50], bytes: 120 });
});

test('what a window or a living policy needs stays as a snapshot', () => {
  const list = [...steps(10, 20, 30, 40), held(50, { window: [20, 35, 50] })];
  const plan = planRetention(list, { ...limits, keepBest: false }, [30], 10);
  expect(plan).toMatchObject({ keep: [40, 50], demote: [20, 30], remove: [10], bytes: 2 * 30 + 3 * 10 });
  expect([...plan.needed].sort()).toEqual([20, 30, 35, 50]);
});

test('windows of checkpoints that go are not followed', () => {
  const plan = planRetention([held(10), held(20, { window: [10] }), ...steps(30, 40)], limits, [], 10);
  expect(plan).toMatchObject({ keep: [30, 40], demote: [], remove: [10, 20] });
});

test('over the budget: every m-th, older, best go in that order, the newest never', () => {
  const list = [held(10), held(20), held(30, { validationLoss: 1 }), held(40), held(50, { window: [45] })];
  const keep = (diskBudget: number) => planRetention(list, { ...limits, keepEvery: 10, diskBudget }, [], 10).keep;
  expect(keep(1000)).toEqual([10, 20, 30, 40, 50]);
  expect(keep(130)).toEqual([20, 30, 40, 50]);
  expect(keep(100)).toEqual([30, 40, 50]);
  expect(keep(70)).toEqual([30, 50]);
  expect(keep(69)).toEqual([50]);
  expect(planRetention(list, { ...limits, diskBudget: 5 }, [], 10)).toMatchObject({ keep: [50], bytes: 40 });
});
