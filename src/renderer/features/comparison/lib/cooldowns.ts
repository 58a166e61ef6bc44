/** Cooldowns of a run: where one may start so that it can be compared, and how far one is. */
import type { RunDetail, RunSummary } from '../../../../shared/api.ts';

/** A cooldown takes a fifth of the run, and up to twice that where a checkpoint lies no better. */
const cooldownShare = 0.2;
/** How much of a run that was stopped early a cooldown to its newest checkpoint may take. */
const [leastShare, mostShare] = [0.05, 0.5];

export interface Plan {
  readonly from: number;
  readonly end: number;
  /** Whether the run has weights of `end` already. */
  readonly reached: boolean;
  /** Whether its checkpoint at `end` will still be there when the cooldown is. */
  readonly kept: boolean;
}

type Trunk = Pick<RunDetail, 'config' | 'step' | 'checkpoints'>;

/**
 * Where a cooldown of the run should start and end: at T where a checkpoint lies near 0.8 · T; of a run that ended
 * early, at its newest checkpoint; else a fifth of T after the newest checkpoint, where the run has yet to come.
 * @param live whether the run trains, or waits to
 * @returns 'none' without a checkpoint, 'only-end' where there is none before the end of the run
 */
export function cooldownPlan({ config, step, checkpoints }: Trunk, live: boolean): Plan | 'none' | 'only-end' {
  const total = config.steps;
  const steps = checkpoints.map((checkpoint) => checkpoint.step).sort((a, b) => a - b);
  const newest = steps.at(-1);
  if (newest === undefined) return 'none';
  const length = Math.max(1, Math.round(cooldownShare * total));
  const nearest = (end: number, least: number, most: number): number | undefined =>
    steps
      .filter((from) => from < end && end - from >= least && end - from <= most)
      .sort((a, b) => Math.abs(end - a - cooldownShare * end) - Math.abs(end - b - cooldownShare * end))[0];
  const toEnd = nearest(total, 1, 2 * length);
  if (toEnd !== undefined && (live || newest >= total))
    return { from: toEnd, end: total, reached: step >= total, kept: true };
  if (!live) {
    const early = nearest(newest, leastShare * newest, mostShare * newest);
    if (early !== undefined && newest > 0) return { from: early, end: newest, reached: true, kept: true };
  }
  if (newest >= total) return 'only-end';
  const { every, keepEvery } = config.checkpoints;
  const grid = every > 0 ? every : config.evaluation.every;
  const end = Math.min(total, Math.ceil((newest + length) / grid) * grid);
  return { from: newest, end, reached: step >= end, kept: end === total || (keepEvery > 0 && end % keepEvery === 0) };
}

/** Cooldowns that were forked from the run, the newest first. */
export function cooldownsOf(runs: readonly RunSummary[], name: string): RunSummary[] {
  return runs
    .filter(({ parent, status }) => status !== 'broken' && parent?.name === name && parent.purpose === 'cooldown')
    .sort((a, b) => b.createdAt.localeCompare(a.createdAt));
}

/** The one to show: the newest that has not failed, else the newest. */
export const shownCooldown = (all: readonly RunSummary[], chosen: string | null): RunSummary | null =>
  all.find(({ name }) => name === chosen) ?? all.find(({ status }) => status !== 'failed') ?? all[0] ?? null;

/** What a comparison at the end of the cooldown waits for; 'ready' where both have weights of that step. */
export function waitsFor(child: RunSummary, trunk: Pick<RunDetail, 'step'>): 'child' | 'trunk' | 'ready' {
  if (child.status !== 'finished') return 'child';
  return trunk.step < child.config.steps ? 'trunk' : 'ready';
}
