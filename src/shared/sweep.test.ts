import { describe, expect, it, test } from 'vitest';
import { type RunConfig, runConfig } from './config.ts';
import { presetConfig } from './presets.ts';
import { expandSweep, maxSweepRuns, sweepConfigs } from './sweep.ts';
import { findField, parseSweepValues, sweepFields, sweepValueText } from './sweep-fields.ts';

const base = presetConfig('quickstart', { name: 'small', dataset: { folder: '/d', tokenizer: { vocabSize: 65 } } });
const fields = sweepFields(base);
const values = (field: string, text: string) => parseSweepValues(findField(fields, field), text);
const names = (axes: Parameters<typeof expandSweep>[1], config: RunConfig = base) =>
  expandSweep(config, axes).map((run) => run.name);

describe('fields', () => {
  it('are the numbers, choices and switches of the configuration, the base’s value beside', () => {
    expect(findField(fields, 'schedule.peak')).toMatchObject({ kind: 'number', value: base.schedule.peak });
    expect(findField(fields, 'schedule.kind')).toMatchObject({
      kind: 'choice',
      choices: expect.arrayContaining(['wsd']),
    });
    expect(findField(fields, 'model.bias')).toMatchObject({ kind: 'choice', choices: [false, true], value: false });
    expect(findField(fields, 'device.threads')).toMatchObject({ kind: 'whole', nullable: true, value: null });
    expect(findField(fields, 'policies.lawa.k')).toMatchObject({ kind: 'whole', value: 5 });
    const paths = fields.map(({ field }) => field);
    for (const not of ['name', 'dataset', 'schema', 'model.vocabSize', 'policies.lawa.id', 'policies.lawa.kind'])
      expect(paths).not.toContain(not);
  });

  it('can be called by their last part where that is one, and by what people say', () => {
    expect(findField(fields, 'seed').field).toBe('seed');
    expect(findField(fields, 'learningRate').field).toBe('schedule.peak');
    expect(findField(fields, 'accumulation').field).toBe('batch.accumulation');
    expect(() => findField(fields, 'every')).toThrow('could be evaluation.every or checkpoints.every');
    expect(() => findField(fields, 'colour')).toThrow('no field "colour"');
  });
});

describe('values', () => {
  test.each([
    ['schedule.peak', '3e-4, 6e-4 .001', [3e-4, 6e-4, 1e-3]],
    ['seed', '1..4,10', [1, 2, 3, 4, 10]],
    ['steps', '1k 1.5k', [1000, 1500]],
    ['schedule.kind', 'cosine,wsd', ['cosine', 'wsd']],
    ['model.bias', 'true,false', [true, false]],
    ['device.threads', 'auto 2', [null, 2]],
    ['seed', ' , ', []],
  ])('%s: %s', (field, text, expected) => {
    expect(values(field, text)).toEqual(expected);
  });

  test.each([
    ['seed', '1.5', 'takes whole numbers, not "1.5"'],
    ['seed', '5..1', 'from low to high'],
    ['seed', '1..100000', 'at most 1000'],
    ['schedule.peak', '1e-3x', 'takes numbers, not "1e-3x"'],
    ['schedule.peak', '1e999', 'takes numbers'],
    ['schedule.kind', 'sine', 'takes constant, cosine'],
    ['schedule.peak', 'auto', 'takes numbers'],
  ])('%s: %s is refused', (field, text, message) => {
    expect(() => values(field, text)).toThrow(message);
  });

  it('are written so that they can be read again', () => {
    for (const value of [3e-4, 0.1, 1234567, -0.0025, 0])
      expect(values('schedule.peak', sweepValueText(value))).toEqual([value]);
  });
});

describe('the grid', () => {
  it('is every combination, named by what differs, each a whole configuration', () => {
    const runs = expandSweep(base, [
      { field: 'schedule.peak', values: [3e-4, 6e-4] },
      { field: 'seed', values: [1, 2, 3] },
    ]);
    expect(runs.map((run) => run.name)).toEqual([
      'small lr=3e-4 seed=1',
      'small lr=3e-4 seed=2',
      'small lr=3e-4 seed=3',
      'small lr=6e-4 seed=1',
      'small lr=6e-4 seed=2',
      'small lr=6e-4 seed=3',
    ]);
    const { schedule } = base;
    expect(runs[4]!.config).toEqual({ ...base, name: runs[4]!.name, schedule: { ...schedule, peak: 6e-4 }, seed: 2 });
    expect(base.seed).toBe(1337);
  });

  it('reaches into one policy and leaves the others', () => {
    const [run] = expandSweep(base, [{ field: 'policies.lawa.k', values: [9] }]);
    expect(run!.name).toBe('small lawa.k=9');
    expect(run!.config!.policies.map((p) => (p.kind === 'lawa' ? p.k : p))).toEqual([9, ...base.policies.slice(1)]);
  });

  it('keeps names apart and short', () => {
    const twins = [
      { field: 'evaluation.every', values: [10] },
      { field: 'checkpoints.every', values: [20] },
    ];
    expect(names(twins)).toEqual(['small evaluation.every=10 checkpoints.every=20']);
    const long = names([{ field: 'seed', values: [1, 2] }], { ...base, name: 'x'.repeat(100) });
    expect(new Set(long).size).toBe(2);
    for (const name of long) expect(name).toMatch(/^x{93} seed=\d$/);
  });

  it('says of each run why it cannot be made, and makes none then', () => {
    const axes = [{ field: 'schedule.warmupSteps', values: [10, 1e6] }];
    const runs = expandSweep(base, axes);
    expect(runs[0]).toMatchObject({ problem: null });
    expect(runs[1]).toMatchObject({ config: null, problem: expect.stringContaining('is longer than the run') });
    expect(() => sweepConfigs(base, axes)).toThrow(
      '1 of the 2 runs of this sweep cannot be made: "small warmup=1000000"',
    );
    const seeds = [{ field: 'seed', values: [1, 2] }];
    expect(() => sweepConfigs(base, seeds, ['small seed=2'])).toThrow('there is a run of this name already');
    expect(sweepConfigs(base, seeds).every((config) => runConfig.safeParse(config).success)).toBe(true);
  });

  test.each([
    ['no field', [], 'needs a field'],
    ['no value', [{ field: 'seed', values: [] }], 'no values'],
    ['a value twice', [{ field: 'seed', values: [1, 2, 1] }], 'seed has 1 twice'],
    [
      'a field twice',
      [
        { field: 'schedule.peak', values: [1] },
        { field: 'learningRate', values: [2] },
      ],
      'schedule.peak is swept twice',
    ],
    ['no such field', [{ field: 'name', values: ['x'] }], 'no field "name"'],
    [
      'too many runs',
      [
        { field: 'seed', values: Array.from({ length: maxSweepRuns }, (_, i) => i) },
        { field: 'schedule.peak', values: [1, 2] },
      ],
      'makes 200 runs (100 × 2); at most 100',
    ],
  ])('%s is refused', (_, axes, message) => {
    expect(() => expandSweep(base, axes)).toThrow(message);
  });

  it('does not sweep a child run', () => {
    const init = { from: 'checkpoint', run: 'trunk', step: 5, purpose: 'cooldown' } as const;
    expect(() => expandSweep({ ...base, init }, [{ field: 'seed', values: [1] }])).toThrow('a checkpoint of "trunk"');
  });
});
