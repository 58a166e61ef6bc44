import { expect, test } from 'vitest';
import { parameterCount } from './architecture.ts';
import { differences } from './differences.ts';
import { fitToTime, withSteps } from './fit.ts';
import { defaultPolicy } from './policies.ts';
import { presetConfig, presets } from './presets.ts';

const dataset = { folder: '/data/set', tokenizer: { vocabSize: 50_257 } };
const preset = (id: string) => presetConfig(id, { name: 'run', dataset });

test('a fitted run takes the time that was given, evaluations included', () => {
  const speed = { secondsPerStep: 0.02, secondsPerEvaluation: 0.5 };
  const base = preset('quickstart');
  const config = fitToTime(base, speed, 0.05);
  const passes = 1 + config.policies.length;
  const evaluations = Math.ceil(config.steps / config.evaluation.every) + 1;
  const seconds = config.steps * speed.secondsPerStep + evaluations * passes * speed.secondsPerEvaluation;
  expect(seconds).toBeGreaterThan(0.97 * 180);
  expect(seconds).toBeLessThanOrEqual(180 * 1.02);
});

test('evaluations become rarer where they would eat the time', () => {
  const config = fitToTime(preset('quickstart'), { secondsPerStep: 0.02, secondsPerEvaluation: 10 }, 0.5);
  const evaluations = Math.ceil(config.steps / config.evaluation.every) + 1;
  expect(evaluations * 4 * 10).toBeLessThanOrEqual(0.2 * 1800 + 40);
  expect(config.steps).toBeGreaterThan(60_000);
});

test('what is counted in steps scales with T and nothing else changes', () => {
  const base = preset('paper-small');
  const half = withSteps(base, 35_000);
  expect(half.schedule.warmupSteps).toBe(1000);
  expect(half.policies[0]).toMatchObject({ kind: 'lawa', k: 5, spacing: 100 });
  expect(half.policies[2]).toMatchObject({ kind: 'swa', start: 26_250, every: 5 });
  const ema = half.policies[1];
  // Mean age 9 steps of 70,000 becomes 4.5 of 35,000.
  expect(ema.kind === 'ema' && ema.decay / (1 - ema.decay)).toBeCloseTo(4.5);
  const fields = differences(base, half).map((d) => d.field);
  expect(fields).toContain('schedule.warmupSteps');
  expect(fields.filter((f) => f.startsWith('optimizer') || f.startsWith('model'))).toEqual([]);
});

test('windows and stored pairs scale with T, weights and widths do not', () => {
  const base = preset('quickstart');
  const { steps, schedule } = base;
  const both = { ...base, policies: (['wma', 'power'] as const).map((kind) => defaultPolicy(kind, steps, schedule)) };
  const [wma, power] = withSteps(both, 2 * steps).policies;
  expect(wma).toEqual({ ...both.policies[0], spacing: 40 });
  expect(power).toEqual({ ...both.policies[1], storeEvery: 186 });
});

test('every preset is a valid config with the known number of parameters', () => {
  for (const { id } of presets) expect(preset(id).preset).toBe(id);
  expect(parameterCount(preset('gpt2-small').model)).toBe(124_337_664);
  expect(parameterCount({ ...preset('gpt2-small').model, bias: true })).toBe(124_439_808);
});

test('the paper’s tokens per step', () => {
  const tokens = (id: string) => {
    const { batch, model } = preset(id);
    return batch.microBatch * batch.accumulation * model.blockSize;
  };
  expect(tokens('paper-small')).toBe(393_216);
  expect(tokens('paper-medium')).toBe(147_456);
  expect(tokens('paper-large')).toBe(49_152);
  expect(tokens('gpt2-small')).toBe(491_520);
});

test('differences name the field and both values', () => {
  const a = preset('quickstart');
  const b = { ...a, seed: 7, schedule: { ...a.schedule, peak: 1e-3 }, policies: a.policies.slice(1) };
  const found = differences(a, b);
  expect(found).toContainEqual({ field: 'schedule.peak', from: '0.003', to: '0.001' });
  expect(found).toContainEqual({ field: 'seed', from: '1337', to: '7' });
  expect(found).toContainEqual({ field: 'policies.lawa.k', from: '5', to: '–' });
  const power = defaultPolicy('power', 100, a.schedule);
  const wider = { ...power, widths: [0.05, 0.2] } as typeof power;
  const widths = differences({ ...a, policies: [power] }, { ...a, policies: [wider] });
  expect(widths).toEqual([{ field: 'policies.power.widths', from: '[0.05,0.1]', to: '[0.05,0.2]' }]);
});
