import { expect, test } from 'vitest';
import { presetConfig } from '../shared/presets.ts';
import { UsageError } from './command.ts';
import { readSweep, sweptConfigs } from './sweep.ts';

const base = presetConfig('quickstart', { name: 's', dataset: { folder: '/d', tokenizer: { vocabSize: 65 } } });
const names = (...options: string[]) => sweptConfigs(base, readSweep(base, options)).map((config) => config.name);

test('reads keys and values into a grid', () => {
  expect(names('lr=1e-3,2e-3', 'seed=1..2')).toEqual([
    's lr=1e-3 seed=1',
    's lr=1e-3 seed=2',
    's lr=2e-3 seed=1',
    's lr=2e-3 seed=2',
  ]);
  expect(readSweep(base, ['schedule.kind=cosine,wsd'])).toEqual([
    { field: 'schedule.kind', values: ['cosine', 'wsd'] },
  ]);
});

test.each([
  ['seed', '--sweep takes key=value,value, not "seed"'],
  ['=1', '--sweep takes key=value,value, not "=1"'],
  ['colour=red', 'no field "colour"'],
  ['lr=x', 'schedule.peak takes numbers, not "x"'],
  ['seed=1..200', 'makes 200 runs; at most 100'],
  ['warmupSteps=1,5000', 'is longer than the run of'],
  ['seed=', 'seed has no values'],
])('%s is a wrong call: %s', (option, message) => {
  expect(() => names(option)).toThrow(UsageError);
  expect(() => names(option)).toThrow(message);
});
