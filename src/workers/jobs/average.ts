/** Offline: the uniform mean of model folders. */
import { mergeCheckpoints } from '../../engine/averaging/index.ts';
import { checkTarget } from '../../engine/checkpoint/index.ts';
import { UserError } from '../../engine/errors.ts';
import type { JobResult, JobSpec } from '../../shared/jobs.ts';
import { rereadHash } from './check.ts';
import type { JobHooks } from './job.ts';

/** A stop leaves nothing behind. */
export async function runAverageJob(job: Extract<JobSpec, { kind: 'average' }>, hooks: JobHooks): Promise<JobResult> {
  const onProgress = (done: number, total: number) => {
    const progress = { phase: 'reading', done, total, unit: 'bytes', rate: null, secondsLeft: null } as const;
    hooks.report({ type: 'progress', progress: { ...progress, reason: null } });
  };
  await checkTarget(job.target);
  try {
    const options = { dtype: job.format, signal: hooks.signal, onProgress };
    const written = await mergeCheckpoints(job.inputs, job.target, options);
    const hash = await rereadHash(job.target);
    if (hash.sha256 !== written.sha256)
      throw new UserError(
        'export-damaged',
        `The mean in ${job.target} was read again, and its hash is not that of what was written.`,
        'Average again, to another disk if it happens twice.',
      );
    const check = { ...hash, weights: null, loss: null, why: null };
    return { outcome: 'finished', path: job.target, check };
  } catch (error) {
    if (hooks.signal.aborted) return { outcome: 'stopped' };
    throw error;
  }
}
