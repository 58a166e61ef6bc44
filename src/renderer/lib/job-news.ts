import type { Job } from '../../shared/api.ts';
import { t } from '../strings.ts';

/** What is said of a job that is over, names only; null of any other. */
export function jobNews(job: Job): { title: string; body: string; failed: boolean } | null {
  if (job.kind !== 'train' && job.kind !== 'prepare') return null;
  if (job.status !== 'finished' && job.status !== 'failed') return null;
  const { title, body } = t.news[job.kind][job.status];
  return { title, body: body(job.subject), failed: job.status === 'failed' };
}
