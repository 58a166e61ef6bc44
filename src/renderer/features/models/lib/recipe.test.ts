import { expect, it } from 'vitest';
import { firstForm, recipeOf } from './recipe.ts';

it('says what the form says, and nothing where a number is missing', () => {
  expect(recipeOf(firstForm, null, 64)).toMatchObject({ method: { kind: 'uniform' }, windows: null });
  const sliding = { ...firstForm, method: 'ema', windows: 'sliding', spacing: 200 } as const;
  expect(recipeOf(sliding, null, 64)).toMatchObject({
    method: { kind: 'ema', beta: 0.9 },
    windows: { kind: 'sliding', k: 5, spacing: 200 },
  });
  expect(recipeOf({ ...sliding, windows: 'blocks' }, null, 64)?.windows).toEqual({ kind: 'blocks', k: 5 });
  for (const wrong of [{ beta: 1 }, { beta: Number.NaN }, { k: 1 }, { k: 2.5 }, { spacing: -3 }])
    expect(recipeOf({ ...sliding, ...wrong }, null, 64)).toBeNull();
  expect(recipeOf({ ...firstForm, method: 'soup' }, null, 64)).toBeNull();
  expect(recipeOf({ ...firstForm, method: 'soup' }, '/data', 64)?.method).toMatchObject({
    dataset: '/data',
    blocks: 64,
  });
});
