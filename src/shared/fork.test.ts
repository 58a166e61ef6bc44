import { describe, expect, it } from 'vitest';
import { type RunConfigInput, runConfig } from './config.ts';
import { UserError } from './errors.ts';
import { continueConfig, cooldownConfig } from './fork.ts';
import { learningRate } from './schedule.ts';

const parent = (schedule: RunConfigInput['schedule']) =>
  runConfig.parse({
    name: 'trunk',
    dataset: 'data',
    seed: 7,
    steps: 100,
    model: { blockSize: 8, vocabSize: 10, layers: 1, heads: 1, width: 8 },
    batch: { microBatch: 1 },
    schedule,
    policies: [{ kind: 'lawa', id: 'lawa', k: 5, spacing: 2 }],
    evaluation: { every: 10 },
    checkpoints: { every: 20 },
  });
const fork = { run: 'trunk', step: 80, end: 100, name: 'trunk-cooldown' };

describe('a cooldown', () => {
  it.each([
    ['constant', { kind: 'constant', peak: 3e-3, warmupSteps: 10 }],
    ['cosine', { kind: 'cosine', peak: 3e-3, min: 3e-4 }],
    ['its own decay', { kind: 'wsd', peak: 3e-3, cooldownSteps: 40 }],
  ] as const)('of a parent on %s starts at its current rate and ends at zero', (_, schedule) => {
    for (const form of ['1-sqrt', 'linear'] as const) {
      const trunk = parent({ ...schedule, cooldownForm: form });
      const child = cooldownConfig(trunk, fork);
      const now = learningRate(trunk.schedule, trunk.steps, 80);
      expect(learningRate(child.schedule, child.steps, 80)).toBe(now);
      expect(learningRate(child.schedule, child.steps, 90)).toBeCloseTo(
        now * (form === 'linear' ? 0.5 : 1 - Math.sqrt(0.5)),
        15,
      );
      expect(learningRate(child.schedule, child.steps, 100)).toBe(0);
    }
  });

  it("keeps what makes the parent's batches and names the parent", () => {
    const trunk = parent({ kind: 'constant', peak: 1e-3 });
    const child = cooldownConfig(trunk, fork);
    expect(child).toMatchObject({ seed: 7, dataset: 'data', batch: trunk.batch, steps: 100, policies: [] });
    expect(child.init).toEqual({ from: 'checkpoint', run: 'trunk', step: 80, purpose: 'cooldown' });
  });

  it('cannot end before it starts', () => {
    expect(() => cooldownConfig(parent({ kind: 'constant', peak: 1 }), { ...fork, end: 80 })).toThrow(
      'cannot end at step 80',
    );
  });
});

describe('training longer', () => {
  it('goes on with the recipe and its averages to a later end', () => {
    const trunk = parent({ kind: 'constant', peak: 1e-3 });
    const child = continueConfig(trunk, { ...fork, end: 300 });
    expect(child).toMatchObject({ steps: 300, schedule: trunk.schedule, policies: [{ id: 'lawa', k: 5, start: 2 }] });
    expect(child.init).toMatchObject({ step: 80, purpose: 'continue' });
  });
});

it.each([
  ['a schedule that does not fit', { end: 90 }, 'warm-up and cooldown together are longer than the run of 90 steps'],
  ['a name that is no file name', { name: 'a/b' }, 'name: use a plain file name'],
])('%s is the user’s to solve', (_, change, message) => {
  const trunk = parent({ kind: 'wsd', peak: 1e-3, warmupSteps: 10, cooldownSteps: 85 });
  const fails = () => continueConfig(trunk, { ...fork, ...change });
  expect(fails).toThrow(UserError);
  expect(fails).toThrow(message);
});
