/** The job that measures a map, from what a run keeps: for the page and for the command line. */
import type { HeldPolicy, TrajectoryPoint } from './averages.ts';
import { UserError } from './errors.ts';
import type { JobSpec } from './jobs.ts';
import { type MapPlan, planMap } from './window-map.ts';

interface Kept {
  readonly step: number | null;
  readonly policies: readonly HeldPolicy[];
  readonly points: readonly TrajectoryPoint[];
}

/** @throws UserError 'no-checkpoint', and as `planMap` does */
export function mapJob(
  folder: string,
  { step, policies, points }: Kept,
  asked: { readonly counts: readonly number[] | null; readonly spacings: readonly number[] | null },
  blocks: number,
): { plan: MapPlan; spec: Extract<JobSpec, { kind: 'map' }> } {
  if (step === null)
    throw new UserError('no-checkpoint', 'This run has no checkpoint yet.', 'Train it until it has saved one.');
  const held = policies.filter(({ count }) => count > 0);
  const powers = held.flatMap(({ config, count, pairs }) =>
    config.kind === 'power' && pairs && pairs.count > 0 ? [{ id: config.id, steps: count * config.every }] : [],
  );
  const steps = points.map((point) => point.step);
  const plan = planMap(steps, step, asked, powers);
  const windows = plan.cells.flatMap((cell) => (cell.steps === null ? [] : [{ of: cell.of, steps: cell.steps }]));
  const beside = held.map(({ config }) => config.id);
  return {
    plan,
    spec: { kind: 'map', folder, step, beside, windows, widths: plan.widths.map(({ of }) => of), blocks },
  };
}
