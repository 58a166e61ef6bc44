/** Runs that wait, and what they wait for. */
import type { RunSummary } from '../../../../shared/api.ts';
import { paceOf, secondsOf } from '../../../lib/pace.ts';
import { isLive } from './run-state.ts';

/** In the order in which they train. */
export const waitingRuns = <R extends Pick<RunSummary, 'place'>>(runs: readonly R[]): R[] =>
  runs.filter((run) => run.place !== null).sort((a, b) => a.place! - b.place!);

/** The run that keeps the device; one that another process trains keeps nothing of ours. */
export const holderOf = <R extends Pick<RunSummary, 'status' | 'job'>>(runs: readonly R[]): R | null =>
  runs.find((run) => isLive(run.status) && run.status !== 'queued' && run.job !== null) ?? null;

/** The list with one of its items at another place, counted from 1. */
export function movedTo<T>(list: readonly T[], item: T, place: number): T[] {
  const rest = list.filter((other) => other !== item);
  rest.splice(Math.max(0, place - 1), 0, item);
  return rest;
}

/** What a run waits for: the one before it in the queue, or the one at work; null where nothing is known. */
export function waitsFor(run: Pick<RunSummary, 'place'>, runs: readonly RunSummary[]): string | null {
  if (run.place === null) return null;
  const before = run.place === 1 ? holderOf(runs) : waitingRuns(runs)[run.place - 2];
  return before?.name ?? null;
}

/** Seconds that a waiting run will take; null where no run of its model has trained. */
export function expectedSeconds(run: RunSummary, runs: readonly RunSummary[]): number | null {
  const pace = run.speed ?? paceOf(run.config.model, runs);
  return pace === null || pace <= 0 ? null : secondsOf(run.config, pace, run.step);
}
