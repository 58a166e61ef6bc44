import type { AppEvent, Job } from '../shared/api.ts';

/** Calls `onChange` at every change of a job: as it was, and as it is. Jobs that are over are then forgotten. */
export function watchJobs(
  subscribe: (listener: (event: AppEvent) => void) => unknown,
  onChange: (job: Job, before: Job | null, active: readonly Job[]) => void,
): void {
  const known = new Map<string, Job>();
  subscribe((event) => {
    if (event.type !== 'job') return;
    const { job } = event;
    const before = known.get(job.id) ?? null;
    if (isOver(job)) known.delete(job.id);
    else known.set(job.id, job);
    onChange(job, before, [...known.values()]);
  });
}

export function isOver(job: Job): boolean {
  return job.status === 'finished' || job.status === 'stopped' || job.status === 'failed';
}
