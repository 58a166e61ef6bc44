/** Which runs of a long list to show. */
import type { RunSummary } from '../../../../shared/api.ts';
import { isLive } from './run-state.ts';

export const statusFilters = ['all', 'active', 'finished', 'unfinished'] as const;
export type StatusFilter = (typeof statusFilters)[number];

/** Runs whose name holds every word of the search, in any case, and whose status is of the kind asked for. */
export function filterRuns<R extends Pick<RunSummary, 'name' | 'status'>>(
  runs: readonly R[],
  search: string,
  status: StatusFilter,
): R[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return runs.filter((run) => {
    const name = run.name.toLowerCase();
    if (!words.every((word) => name.includes(word))) return false;
    if (status === 'all') return true;
    if (status === 'finished') return run.status === 'finished';
    return status === 'active' ? isLive(run.status) : !isLive(run.status) && run.status !== 'finished';
  });
}
