/** How far the job of a kind is that works on something, while it runs. */
import { useEffect, useState } from 'react';
import type { Job } from '../../shared/api.ts';
import type { Progress } from '../../shared/jobs.ts';
import { door } from '../door/index.ts';

export function useJobProgress(kind: Job['kind'], subject: string): Progress | null {
  const [progress, setProgress] = useState<Progress | null>(null);
  useEffect(
    () =>
      door.subscribe((event) => {
        if (event.type !== 'job' || event.job.kind !== kind || event.job.subject !== subject) return;
        setProgress(event.job.status === 'running' ? event.job.progress : null);
      }),
    [kind, subject],
  );
  return progress;
}
