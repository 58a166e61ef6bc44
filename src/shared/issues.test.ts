import { expect, test } from 'vitest';
import { runConfig } from './config.ts';
import { issuesText, optionIssuesText } from './issues.ts';
import { sampleOptions } from './jobs.ts';

test('every wrong key by its path, with what was given and what it takes', () => {
  const value = {
    name: 'a',
    dataset: '',
    steps: 0,
    seed: 1.5,
    model: { blockSize: 8, vocabSize: 8, layers: 1, heads: 1, width: '8', gelu: 'relu', peek: 1 },
    batch: { microBatch: 1 },
    schedule: { kind: 'constant', peak: Number.NaN },
    policies: [
      { kind: 'lawa', id: 'window', k: 0, spacing: 0 },
      { kind: 'ema', id: 'b', decay: 1 },
    ],
    evaluation: { every: 1 },
  };
  const { error } = runConfig.safeParse(value);
  expect(issuesText(error!.issues, value).split('\n').sort()).toEqual(
    [
      '  checkpoints: is missing',
      '  dataset: may not be empty',
      '  model.gelu: takes exact or tanh, not "relu"',
      '  model.peek: there is no such key',
      '  model.width: takes a number, not "8"',
      '  policies.b.decay: takes less than 1, not 1',
      '  policies.window.k: takes more than 0, not 0',
      '  policies.window.spacing: takes more than 0, not 0',
      '  schedule.peak: takes a number, not NaN',
      '  seed: takes a whole number, not 1.5',
      '  steps: takes more than 0, not 0',
    ].sort(),
  );
});

test('options are named as they are given', () => {
  const value = { tokens: 0, topP: 2 };
  const { error } = sampleOptions.safeParse(value);
  expect(optionIssuesText(error!.issues, value)).toBe(
    '  --tokens: takes at least 1, not 0\n  --top-p: takes at most 1, not 2',
  );
});
