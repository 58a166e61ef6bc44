/**
 * Averaging policies as numbers: when they start, how long they remember, what to choose by default and
 * what to warn about. Pure, so that the window draws with the same formulas that the engine averages by.
 */
import type {
  EmaConfig,
  LawaConfig,
  PolicyConfig,
  PowerConfig,
  RunConfig,
  ScheduleConfig,
  TailConfig,
  WindowConfig,
} from './config.ts';
import { powerMeanAge } from './power.ts';

/** Share of the run from which SWA averages when its start is left open. */
const swaShare = 0.75;
/** The same of a tail EMA: it watches the last tenth. */
const tailShare = 0.9;
/** LAWA's default k; the LAWA paper's code uses 5. */
const defaultWindow = 5;
/** WMA's default k: linear shares over 7 snapshots have the mean age of 5 uniform ones, ν(k − 1)/3. */
const wmaWindow = 7;
/** Default spacing as a share of the run: with k = 5 the window spans 5.3% of it on a constant rate, … */
const constantSpacing = 1 / 75;
/** … and 1.1% where the rate is annealed (Ajroldi et al., 2502.06761: about 1%). */
const annealedSpacing = 1 / 375;

/** Whether a policy keeps a window of snapshots. */
export const isWindow = <P extends PolicyConfig>(policy: P): policy is P & WindowConfig =>
  policy.kind === 'lawa' || policy.kind === 'wma';

/**
 * Share of each of n snapshots in a window's mean, oldest first, summing to 1; null where the mean is uniform, which
 * is a sum divided once. Weights as in Li et al., "Model Merging in Pre-training" (2505.12082): linear w_i = i;
 * exponential w_1 = (1 − a)^(n−1), w_i = a·(1 − a)^(n−i), their m_i = a·θ_i + (1 − a)·m_{i−1} unrolled.
 */
export function windowShares(policy: WindowConfig, n: number): number[] | null {
  if (policy.kind === 'lawa' || policy.weights === 'uniform') return null;
  const { weights, a } = policy;
  return Array.from({ length: n }, (_, i) => {
    if (weights === 'linear') return (i + 1) / ((n * (n + 1)) / 2);
    return i === 0 ? (1 - a) ** (n - 1) : a * (1 - a) ** (n - 1 - i);
  });
}

/** Steps between two observations of a policy. */
export function policyInterval(policy: PolicyConfig): number {
  return isWindow(policy) ? policy.spacing : policy.every;
}

/**
 * Settles the start step. Left open it is the first multiple of the policy's interval after warm-up (past it, so
 * that a run without warm-up never averages its initialisation); for SWA 0.75 · T and for a tail EMA 0.9 · T, rounded
 * up to a multiple.
 */
export function resolvePolicy<P extends PolicyConfig>(
  config: P,
  run: { steps: number; schedule: Pick<ScheduleConfig, 'warmupSteps'> },
): P & { start: number } {
  if (config.start !== null) return { ...config, start: config.start };
  const interval = policyInterval(config);
  const start =
    config.kind === 'swa' || config.kind === 'tail'
      ? Math.ceil(((config.kind === 'swa' ? swaShare : tailShare) * run.steps) / interval) * interval
      : (Math.floor(run.schedule.warmupSteps / interval) + 1) * interval;
  return { ...config, start };
}

/** Whether the rate ends well below its peak, so that a long window would average what annealing already did. */
export function isAnnealed(schedule: ScheduleConfig): boolean {
  if (schedule.kind === 'wsd') return schedule.cooldownSteps > 0;
  return (schedule.kind === 'cosine' || schedule.kind === 'linear') && schedule.min < schedule.peak;
}

/**
 * LAWA with k = 5 and a window of about 5% of T on a constant rate, about 1% where it is annealed; an EMA of the
 * same mean age; SWA over the last quarter.
 */
export function defaultPolicies(steps: number, schedule: ScheduleConfig): PolicyConfig[] {
  return (['lawa', 'ema', 'swa'] as const).map((kind) => defaultPolicy(kind, steps, schedule));
}

/**
 * A policy of a kind with what suits the run. WMA counts linearly over 7 of LAWA's snapshots, which have LAWA's mean
 * age; a power EMA stores 16 pairs.
 */
export function defaultPolicy(kind: PolicyConfig['kind'], steps: number, schedule: ScheduleConfig): PolicyConfig {
  const share = isAnnealed(schedule) ? annealedSpacing : constantSpacing;
  const spacing = Math.max(1, Math.round(steps * share));
  const lawa: LawaConfig = { kind: 'lawa', id: 'lawa', k: defaultWindow, spacing, start: null };
  switch (kind) {
    case 'lawa':
      return lawa;
    case 'wma':
      return { kind, id: kind, k: wmaWindow, spacing, start: null, weights: 'linear', a: 0.2 };
    case 'ema':
      return { kind, id: kind, decay: emaDecayForMeanAge(meanAge(lawa), 1), every: 1, start: null, warmup: true };
    case 'swa':
      return { kind, id: kind, every: spacing, start: null };
    case 'tail':
      return { kind, id: kind, decay: emaDecayForMeanAge(meanAge(lawa), 1), every: 1, start: null, blend: 0.6 };
    case 'power':
      return {
        kind,
        id: kind,
        widths: [0.05, 0.1],
        every: 1,
        storeEvery: Math.max(1, Math.floor(steps / 16)),
        start: null,
      };
  }
}

/**
 * Mean age in steps of what a window holds when it is full, ν(k − 1)/2 where it is uniform and the shares' mean of
 * the ages else, or of what an EMA remembers, every · β/(1 − β); a tail EMA only so much of it as it blends in.
 */
export function meanAge(policy: WindowConfig | EmaConfig | TailConfig): number {
  if (policy.kind === 'tail') return (policy.blend * policy.every * policy.decay) / (1 - policy.decay);
  if (policy.kind === 'ema') return (policy.every * policy.decay) / (1 - policy.decay);
  const { k, spacing } = policy;
  const shares = windowShares(policy, k);
  if (!shares) return (spacing * (k - 1)) / 2;
  return shares.reduce((sum, share, i) => sum + share * spacing * (k - 1 - i), 0);
}

/** β of the EMA whose mean age is `age` steps: a / (a + every). */
export function emaDecayForMeanAge(age: number, every: number): number {
  return age / (age + every);
}

/** β with which an observation counts half after `halfLife` steps: 2^(−every / h). */
export function emaDecayForHalfLife(halfLife: number, every: number): number {
  return 2 ** (-every / halfLife);
}

/** Steps after which an observation counts half under β: −every · ln 2 / ln β; 0 for β = 0. */
export function halfLife(decay: number, every: number): number {
  return decay === 0 ? 0 : (-every * Math.LN2) / Math.log(decay);
}

/** β in force at the n-th update, n from 1: min(β, (1 + n)/(10 + n)) while warming up (2411.18704). */
export function emaDecayInForce(config: Pick<EmaConfig, 'decay' | 'warmup'>, n: number): number {
  return config.warmup ? Math.min(config.decay, (1 + n) / (10 + n)) : config.decay;
}

/**
 * Share of `steps` that a policy looks back over: a window's (k − 1)·ν, however it is weighted; twice the mean
 * age of an EMA or power EMA (what a uniform window of that age spans), SWA's whole stretch from its start. Pass T, or
 * the steps elapsed so far.
 */
export function windowShare(policy: PolicyConfig & { start: number }, steps: number): number {
  if (steps <= 0) return 0;
  if (policy.kind === 'swa') return Math.max(0, steps - policy.start) / steps;
  if (policy.kind === 'power') return (2 * Math.max(0, steps - policy.start) * powerMeanAge(policy.widths[0])) / steps;
  if (isWindow(policy)) return ((policy.k - 1) * policy.spacing) / steps;
  return (2 * meanAge(policy)) / steps;
}

/** Observations that a policy will have made by step `s`. */
export function observationsBy(policy: PolicyConfig & { start: number }, s: number): number {
  if (s < policy.start) return 0;
  const interval = policyInterval(policy);
  if (!isWindow(policy)) return Math.floor((s - policy.start) / interval) + 1;
  return Math.floor(s / interval) - Math.ceil(policy.start / interval) + 1;
}

/** Pairs that a power EMA will have stored by step `s`. */
export function storedPairsBy(policy: PowerConfig & { start: number }, s: number): number {
  return s < policy.start ? 0 : Math.floor((s - policy.start) / policy.storeEvery);
}

const percent = (share: number) => `${Math.round(share * 100)}%`;
const count = (n: number) => n.toLocaleString('en-US');
const round = (steps: number) => (steps < 10 ? steps.toFixed(1) : count(Math.round(steps)));

/** What a user should know before starting; `id` names the policy. Nothing here stops a run. */
export function policyWarnings(
  config: Pick<RunConfig, 'steps' | 'schedule' | 'policies'>,
): { id: string; text: string }[] {
  const { steps, schedule } = config;
  const warnings: { id: string; text: string }[] = [];
  for (const open of config.policies) {
    const policy = resolvePolicy(open, config);
    const warn = (text: string) => warnings.push({ id: policy.id, text });
    const observations = observationsBy(policy, steps);

    if (observations === 0) {
      warn(`It never observes the run: its first step would be ${count(policy.start)} of ${count(steps)}.`);
      continue;
    }
    if (isWindow(policy) && observations < policy.k)
      warn(`Its window never fills: the run ends with ${observations} of ${policy.k} snapshots.`);
    if (policy.start < schedule.warmupSteps)
      warn(
        `It starts at step ${count(policy.start)}, inside the warm-up of ${count(schedule.warmupSteps)} steps; early weights hurt an average.`,
      );
    const share = windowShare(policy, steps);
    if (policy.kind !== 'swa' && share > 0.2)
      warn(`It looks back over ${percent(share)} of the whole run; above 20%, old weights usually hurt.`);
    if (policy.kind === 'swa' && policy.start < 0.5 * steps)
      warn(
        `It starts at ${percent(policy.start / steps)} of the run and never forgets; before 50%, old weights usually hurt.`,
      );
    if (policy.kind === 'power') {
      const pairs = storedPairsBy(policy, steps);
      if (pairs < 8)
        warn(`It stores ${pairs} pairs by the end of the run; other widths come out exactly with 8 to 16 of them.`);
    }
    if (policy.kind === 'ema') {
      const inForce = emaDecayInForce(policy, Math.max(1, observations - 1));
      if (inForce < policy.decay)
        warn(
          `The run ends before β = ${policy.decay} is reached: warm-up caps it at ${inForce.toFixed(4)}, a half-life of ${round(halfLife(inForce, policy.every))} steps instead of ${round(halfLife(policy.decay, policy.every))}.`,
        );
    }
  }
  return warnings;
}
