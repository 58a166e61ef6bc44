/** What jobs do now: events of a job are laid over the lists that were asked for before. */
import type { AppEvent, Job } from '../../shared/api.ts';
import { door } from '../door/index.ts';
import { patch, refresh } from './cache.ts';

/** Status of a run while a job works on it. */
const live = new Set(['queued', 'running', 'pausing', 'paused', 'stopping']);

interface WithJob {
  readonly name: string;
  readonly job: Job | null;
}

/** The item with its job brought up to date; the same object when the job is not its own. */
export function withJob<T extends WithJob>(item: T, job: Job, kind: Job['kind']): T {
  return job.kind === kind && job.subject === item.name ? { ...item, job } : item;
}

const isLive = (job: Job | null | undefined): boolean => job !== null && job !== undefined && live.has(job.status);

let pending = new Map<string, Job>();
let scheduled = false;

function flush(): void {
  scheduled = false;
  const jobs = [...pending.values()];
  pending = new Map();
  for (const job of jobs) {
    if (job.kind === 'prepare') {
      patch('datasets.list', (list) => mapChanged(list, (item) => withJob(item, job, 'prepare')));
      if (!isLive(job)) refresh('datasets.');
      continue;
    }
    if (job.kind !== 'train') continue;
    let turned = false;
    const update = <T extends WithJob & { status: string; step: number }>(run: T): T => {
      if (run.name !== job.subject) return run;
      if (run.status !== job.status) turned = true;
      const step = job.progress?.unit === 'steps' ? job.progress.done : run.step;
      return { ...run, job, step, status: isLive(job) ? job.status : run.status };
    };
    patch('runs.list', (list) => mapChanged(list, update));
    patch('runs.get', update);
    if (turned) refresh('runs.list', 'runs.get');
  }
}

/** The list with changed items replaced; the same list when none changed. */
function mapChanged<T>(list: T[], change: (item: T) => T): T[] {
  let changed = false;
  const next = list.map((item) => {
    const result = change(item);
    if (result !== item) changed = true;
    return result;
  });
  return changed ? next : list;
}

function onEvent(event: AppEvent): void {
  if (event.type !== 'job') return;
  pending.set(event.job.id, event.job);
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(flush);
}

export function startJobs(): void {
  door.subscribe(onEvent);
}
