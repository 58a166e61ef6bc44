/** Child runs: the configuration that continues from a checkpoint of another run. */
import { type RunConfig, runConfig } from './config.ts';
import { UserError } from './errors.ts';
import { resolvePolicy } from './policies.ts';
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
  };
  return checked({ ...child(parent, fork, 'cooldown'), schedule, policies: [] });
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
