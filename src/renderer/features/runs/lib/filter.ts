/** Which runs of a long list to show. */
import type { RunSummary } from '../../../../shared/api.ts';
import { isLive } from './run-state.ts';

export const statusFilters = ['all', 'active', 'finished', 'unfinished'] as const;
export type StatusFilter = (typeof statusFilters)[number];

export interface RunFilter {
  /** Words that name, tags and note hold together, in any order and case. */
  readonly search: string;
  readonly status: StatusFilter;
  /** A tag that the run carries, in any case; null: any or none. */
  readonly tag: string | null;
}

export const everyRun: RunFilter = { search: '', status: 'all', tag: null };

type Searched = Pick<RunSummary, 'name' | 'status' | 'tags' | 'note'>;

export function filterRuns<R extends Searched>(runs: readonly R[], { search, status, tag }: RunFilter): R[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return runs.filter((run) => {
    const text = [run.name, ...run.tags, run.note].join('\n').toLowerCase();
    if (!words.every((word) => text.includes(word))) return false;
    if (tag !== null && !run.tags.some((own) => own.toLowerCase() === tag.toLowerCase())) return false;
    if (status === 'all') return true;
    if (status === 'finished') return run.status === 'finished';
    return status === 'active' ? isLive(run.status) : !isLive(run.status) && run.status !== 'finished';
  });
}

/** Every tag that a run carries, each once whatever its case, in alphabetical order. */
export function allTags(runs: readonly Pick<RunSummary, 'tags'>[]): string[] {
  const found = new Map<string, string>();
  for (const tag of runs.flatMap((run) => run.tags))
    if (!found.has(tag.toLowerCase())) found.set(tag.toLowerCase(), tag);
  return [...found.values()].sort((a, b) => a.localeCompare(b));
}
