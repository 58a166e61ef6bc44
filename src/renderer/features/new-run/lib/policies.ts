/** Averages as the form edits them: windows as a share of the run, new ones with the conventions' defaults. */
import type { EmaConfig, PolicyConfig, RunConfig, SwaConfig, WindowConfig } from '../../../../shared/config.ts';
import { defaultPolicy, emaDecayForMeanAge, isWindow, meanAge } from '../../../../shared/policies.ts';
import { powerMeanAge } from '../../../../shared/power.ts';

type Kind = PolicyConfig['kind'];
/** In the order in which they are offered. */
export const policyKinds = ['lawa', 'ema', 'swa', 'wma', 'power', 'tail'] as const satisfies readonly Kind[];

/** A policy of that kind with its default for this run, under a name that is free. */
export function newPolicy(kind: Kind, config: Pick<RunConfig, 'steps' | 'schedule' | 'policies'>): PolicyConfig {
  const policy = defaultPolicy(kind, config.steps, config.schedule);
  const taken = config.policies.map(({ id }) => id);
  let id: string = kind;
  for (let n = 2; taken.includes(id); n++) id = `${kind}-${n}`;
  return { ...policy, id };
}

/** Spacing that makes a window of k snapshots span this share of the run. */
export function spacingForShare(policy: Pick<WindowConfig, 'k'>, share: number, steps: number): number {
  return Math.max(1, Math.round((share * steps) / Math.max(1, policy.k - 1)));
}

/** β with which an EMA looks back over this share of the run, twice its mean age. */
export const decayForShare = (policy: Pick<EmaConfig, 'every'>, share: number, steps: number): number =>
  emaDecayForMeanAge((share * steps) / 2, policy.every);

/** The multiple of its interval from which SWA averages about this last share of the run. */
export const startForShare = (policy: Pick<SwaConfig, 'every'>, share: number, steps: number): number =>
  Math.max(0, Math.floor(((1 - share) * steps) / policy.every) * policy.every);

/** Steps of the snapshots in a window at the end of the run; none where there is no such window, or too many to draw. */
export function snapshotSteps(policy: PolicyConfig & { start: number }, steps: number): number[] {
  if (!isWindow(policy) || policy.k > 200) return [];
  const newest = Math.floor(steps / policy.spacing) * policy.spacing;
  return Array.from({ length: policy.k }, (_, i) => newest - (policy.k - 1 - i) * policy.spacing).filter(
    (step) => step >= policy.start,
  );
}

/** First and last step that a policy's value at the end of the run averages over. */
export function finalWindow(policy: PolicyConfig & { start: number }, steps: number): [number, number] {
  switch (policy.kind) {
    case 'lawa':
    case 'wma': {
      const newest = Math.floor(steps / policy.spacing) * policy.spacing;
      return [Math.max(policy.start, newest - (policy.k - 1) * policy.spacing), newest];
    }
    case 'tail':
    case 'ema':
      return [Math.max(policy.start, steps - 2 * meanAge(policy)), steps];
    case 'power':
      return [Math.max(policy.start, steps - 2 * (steps - policy.start) * powerMeanAge(policy.widths[0])), steps];
    case 'swa':
      return [policy.start, steps];
  }
}
