import { expect, test } from 'vitest';
import { dispatcher, type Handlers } from './dispatcher.ts';

const failing = (error: unknown): Handlers =>
  ({
    'runs.list': () => {
      throw error;
    },
    'settings.get': () => ({ home: 7 }),
  }) as unknown as Handlers;

test.each([
  ['EACCES', 'not-writable', /permission denied/],
  ['EROFS', 'not-writable', /read-only/],
  ['ENOSPC', 'disk-full', /disk is full/],
])("the system's %s is the user's to solve", async (code, expected, message) => {
  const defects: unknown[] = [];
  const error = Object.assign(new Error(code), { code, path: '/data/runs/x' });
  const answer = await dispatcher(failing(error), (defect) => defects.push(defect))('runs.list', undefined);
  expect(answer).toMatchObject({ ok: false, error: { code: expected, message: expect.stringMatching(message) } });
  expect(defects).toEqual([]);
});

test('a defect, and an answer that breaks the contract, are logged and said to be ours', async () => {
  const defects: unknown[] = [];
  const dispatch = dispatcher(failing(new TypeError('x is not a function')), (defect) => defects.push(defect));
  expect(await dispatch('runs.list', undefined)).toMatchObject({ ok: false, error: { code: 'internal' } });
  expect(await dispatch('settings.get', undefined)).toMatchObject({ ok: false, error: { code: 'internal' } });
  expect(defects).toHaveLength(2);
});
