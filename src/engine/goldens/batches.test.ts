/** Which tokens a step and an evaluation read (bench/goldens/batches.py). */
import { expect, test } from 'vitest';
import { type BatchPlace, blockStarts, evaluationBlocks } from '../data/batch.ts';
import { readJson } from './fixture.ts';

const golden = readJson<{
  training: { count: number; at: BatchPlace; size: { batch: number; tokens: number }; starts: number[] }[];
  evaluation: { count: number; blockSize: number; wanted: number; starts: number[] }[];
}>('batches');

test('starts of training blocks', () => {
  for (const { count, at, size, starts } of golden.training)
    expect(blockStarts(count, at, size), JSON.stringify(at)).toEqual(starts);
});

test('starts of evaluation blocks', () => {
  for (const { count, blockSize, wanted, starts } of golden.evaluation) {
    const source = { count, read: () => expect.unreachable('only the count matters'), close: () => {} };
    expect(evaluationBlocks(source, blockSize, wanted)).toEqual(starts);
  }
});
