/** Which tokens a step reads in epochs (bench/goldens/epochs.py). */
import { expect, test } from 'vitest';
import { type BatchPlace, type BatchSize, epochStarts } from '../data/batch.ts';
import { readJson } from './fixture.ts';

const golden = readJson<{ training: { count: number; at: BatchPlace; size: BatchSize; starts: number[] }[] }>('epochs');

test('starts of blocks in epochs', () => {
  for (const { count, at, size, starts } of golden.training)
    expect(epochStarts(count, at, size), JSON.stringify(at)).toEqual(starts);
});
