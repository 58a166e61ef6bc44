/** Offline: the uniform mean of model folders. */
import { mergeCheckpoints } from '../../engine/averaging/index.ts';
import { checkTarget } from '../../engine/checkpoint/index.ts';
import type { JobResult, JobSpec } from '../../shared/jobs.ts';
import type { JobHooks } from './job.ts';

export async function runAverageJob(job: Extract<JobSpec, { kind: 'average' }>, hooks: JobHooks): Promise<JobResult> {
  const onProgress = (done: number, total: number) => {
    const progress = { phase: 'reading', done, total, unit: 'bytes', rate: null, secondsLeft: null } as const;
    hooks.report({ type: 'progress', progress: { ...progress, reason: null } });
  };
  await checkTarget(job.target);
  await mergeCheckpoints(job.inputs, job.target, { dtype: job.format, signal: hooks.signal, onProgress });
  return { outcome: 'finished', path: job.target };
}
