/** "Fit to my time": the same recipe, as long as the hours allow. */
import type { PolicyConfig, RunConfig } from './config.ts';

export interface Speed {
  readonly secondsPerStep: number;
  /** One forward pass over the run's validation blocks. */
  readonly secondsPerEvaluation: number;
}

export interface RunTime {
  /** Seconds of all steps. */
  readonly training: number;
  /** Seconds of all evaluations, each a pass for the raw weights and one per average. */
  readonly evaluating: number;
  readonly total: number;
}

/** Evaluations of a whole run: the first weights, every interval, the last weights. */
export const evaluationCount = (config: Pick<RunConfig, 'steps' | 'evaluation'>): number =>
  Math.ceil(config.steps / config.evaluation.every) + 1;

/** Seconds that a run takes at a measured speed; writing checkpoints aside. */
export function runTime(config: Pick<RunConfig, 'steps' | 'evaluation' | 'policies'>, speed: Speed): RunTime {
  const training = config.steps * speed.secondsPerStep;
  const evaluating = evaluationCount(config) * (1 + config.policies.length) * speed.secondsPerEvaluation;
  return { training, evaluating, total: training + evaluating };
}

/** What a speed was measured for: two configurations with the same key take the same time for a step and a pass. */
export function speedKey({ model, batch, evaluation, device, mix }: RunConfig): string {
  return JSON.stringify([model, batch, evaluation.blocks, device, mix.others.length]);
}

/** Evaluations may take this share of the time at most; beyond it they become rarer. */
const evaluationShare = 0.2;

/**
 * Sets T so that training and its evaluations take `hours` at the measured speed, and scales everything that
 * is counted in steps with it: warm-up, cooldown, intervals, spacings and starts. An EMA that updates every
 * step keeps its mean age as a share of the run. Nothing else changes.
 * `unit`: T becomes a multiple of it.
 */
export function fitToTime(config: RunConfig, speed: Speed, hours: number, unit = 1): RunConfig {
  const budget = hours * 3600;
  const passes = 1 + config.policies.length;
  const planned = Math.max(2, evaluationCount(config));
  const affordable = Math.max(2, Math.floor((evaluationShare * budget) / (passes * speed.secondsPerEvaluation)));
  const evaluations = Math.min(planned, affordable);
  const seconds = budget - evaluations * passes * speed.secondsPerEvaluation;
  const steps = Math.max(unit, Math.floor(Math.max(seconds, 0) / speed.secondsPerStep / unit) * unit);
  return withSteps(config, Math.max(1, steps), evaluations);
}

/** The recipe over another number of steps; `evaluations`: how many in all, null as often in proportion as before. */
export function withSteps(config: RunConfig, steps: number, evaluations: number | null = null): RunConfig {
  const ratio = steps / config.steps;
  const scaled = (n: number): number => (n === 0 ? 0 : Math.max(1, Math.round(n * ratio)));
  const every = evaluations === null ? scaled(config.evaluation.every) : Math.ceil(steps / (evaluations - 1));
  return {
    ...config,
    steps,
    schedule: {
      ...config.schedule,
      warmupSteps: Math.min(steps, scaled(config.schedule.warmupSteps)),
      cooldownSteps: scaled(config.schedule.cooldownSteps),
    },
    policies: config.policies.map((policy) => scaledPolicy(policy, ratio, scaled)),
    evaluation: { ...config.evaluation, every },
    checkpoints: {
      ...config.checkpoints,
      every: scaled(config.checkpoints.every),
      keepEvery: scaled(config.checkpoints.keepEvery),
    },
  };
}

function scaledPolicy(policy: PolicyConfig, ratio: number, scaled: (n: number) => number): PolicyConfig {
  const start = policy.start === null ? null : scaled(policy.start);
  switch (policy.kind) {
    case 'lawa':
    case 'wma':
      return { ...policy, start, spacing: scaled(policy.spacing) };
    case 'swa':
      return { ...policy, start, every: scaled(policy.every) };
    case 'power': {
      const every = policy.every === 1 ? 1 : scaled(policy.every);
      return { ...policy, start, every, storeEvery: scaled(policy.storeEvery) };
    }
    case 'tail':
    case 'ema': {
      const every = policy.every === 1 ? 1 : scaled(policy.every);
      // Mean age in steps, every · β/(1 − β), keeps its share of the run.
      const age = ((policy.every * policy.decay) / (1 - policy.decay)) * ratio;
      return { ...policy, start, every, decay: age / (age + every) };
    }
  }
}
