/** Child runs: the configuration that continues from a checkpoint of another run. */
import { type PolicyConfig, type RunConfig, runConfig } from './config.ts';
import { UserError } from './errors.ts';
import type { SpikeLine } from './metrics.ts';
import { policyInterval, resolvePolicy } from './policies.ts';
import { learningRate } from './schedule.ts';

export interface Fork {
  /** Name of the child. */
  readonly name: string;
  /** The parent, as the child's `init.run` names it. */
  readonly run: string;
  /** Checkpoint that it starts from. */
  readonly step: number;
  /** T of the child: its last step, counted from the parent's first. */
  readonly end: number;
}

type ChildInit = Extract<RunConfig['init'], { run: string }>;

/** Whether a run's first weights come from another run. */
export const isChild = (init: RunConfig['init']): init is ChildInit =>
  init.from === 'checkpoint' || init.from === 'rescue';

/** What a child run is for. */
export const purposeOf = (init: ChildInit): 'continue' | 'cooldown' | 'rescue' =>
  init.from === 'rescue' ? 'rescue' : init.purpose;

/**
 * The parent's recipe with another T. Policies keep the starts they had, since the child carries their state on.
 * @throws UserError when steps or name make no run.
 */
export function continueConfig(parent: RunConfig, fork: Fork): RunConfig {
  const policies = parent.policies
    .map((policy) => resolvePolicy(policy, parent))
    .filter((policy) => policy.start <= fork.end);
  return checked({ ...child(parent, fork, 'continue'), policies });
}

/**
 * From the parent's rate at the checkpoint, not its peak, to zero at `end`, without policies: the annealed run that
 * averages are compared with.
 * @throws UserError when steps or name make no run.
 */
export function cooldownConfig(
  parent: RunConfig,
  fork: Fork,
  form: RunConfig['schedule']['cooldownForm'] = parent.schedule.cooldownForm,
): RunConfig {
  const schedule: RunConfig['schedule'] = {
    ...parent.schedule,
    kind: 'wsd',
    peak: learningRate(parent.schedule, parent.steps, fork.step),
    min: 0,
    warmupSteps: 0,
    cooldownSteps: fork.end - fork.step,
    cooldownForm: form,
    rewarm: null,
  };
  return checked({ ...child(parent, fork, 'cooldown'), schedule, policies: [] });
}

/** Steps of a rescue's second warm-up. */
export const rewarmSteps = 100;

/**
 * The parent's recipe from the mean of its snapshots before a spike: fresh moments, a second warm-up of 100 steps,
 * and batches from the step after the spike's on. Policies begin after that warm-up at the earliest.
 * @param spike the parent's line of it
 * @throws UserError 'no-snapshots', or when nothing is left of the run
 */
export function rescueConfig(parent: RunConfig, run: string, name: string, spike: SpikeLine): RunConfig {
  const { snapshots } = spike;
  const step = spike.step + 1;
  if (snapshots.length === 0)
    throw new UserError(
      'no-snapshots',
      `Nothing of "${run}" from before the spike at step ${spike.onset} was kept, so it cannot be rescued.`,
      'Give the next run a LAWA policy, or set spikes.snapshotEvery; a run can also go on from a checkpoint.',
    );
  if (step >= parent.steps)
    throw new UserError(
      'fork-empty',
      `The spike of "${run}" is at its end: nothing is left to train after step ${spike.step}.`,
      'Export an average from before it, or fork an earlier checkpoint.',
    );
  const rewarm = { from: step, steps: Math.min(rewarmSteps, parent.steps - step) };
  const policies = parent.policies
    .map((policy) => resolvePolicy(policy, parent))
    .map((policy) => ({ ...policy, start: startAfter(policy, step + rewarm.steps) }))
    .filter((policy) => policy.start <= parent.steps);
  const init: RunConfig['init'] = { from: 'rescue', run, step, snapshots };
  return checked({ ...structuredClone(parent), name, policies, init, schedule: { ...parent.schedule, rewarm } });
}

/** The policy's own start, or its first observation past `step` where that is later. */
function startAfter(policy: PolicyConfig & { start: number }, step: number): number {
  const interval = policyInterval(policy);
  const behind = Math.max(0, step + 1 - policy.start);
  return policy.start + Math.ceil(behind / interval) * interval;
}

function child(parent: RunConfig, fork: Fork, purpose: 'continue' | 'cooldown'): RunConfig {
  const { name, run, step, end } = fork;
  if (end <= step)
    throw new UserError(
      'fork-empty',
      `A run from step ${step} cannot end at step ${end}.`,
      `Choose an end after step ${step}.`,
    );
  return { ...structuredClone(parent), name, steps: end, init: { from: 'checkpoint', run, step, purpose } };
}

function checked(config: RunConfig): RunConfig {
  const parsed = runConfig.safeParse(config);
  if (parsed.success) return parsed.data;
  const reasons = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new UserError(
    'fork-invalid',
    `No run "${config.name}" can be made that ends at step ${config.steps}: ${reasons.join('; ')}.`,
    'Choose another end or name.',
  );
}
