/** Datasets: what is in the sources, tokens from them, and a look at the first batch. */
import {
  datasetPreview,
  openRunData,
  prepareDataset,
  prepareLimits,
  preparingSpeed,
  scanSources,
} from '../../engine/data/index.ts';
import { UserError } from '../../engine/errors.ts';
import { Rate } from '../../engine/train/index.ts';
import type { JobResult, JobSpec } from '../../shared/jobs.ts';
import type { JobHooks } from './job.ts';

export async function runScanJob(job: Extract<JobSpec, { kind: 'scan' }>): Promise<JobResult> {
  return { outcome: 'finished', report: await scanSources(job.sources, job.textField ?? null) };
}

export async function runPreparingSpeedJob(
  job: Extract<JobSpec, { kind: 'preparing-speed' }>,
  hooks: JobHooks,
): Promise<JobResult> {
  return { outcome: 'finished', preparing: await preparingSpeed(job.sources, hooks.signal) };
}

/** A stop leaves what was done so far for a later preparation to go on from. */
export async function runPrepareJob(job: Extract<JobSpec, { kind: 'prepare' }>, hooks: JobHooks): Promise<JobResult> {
  const rate = new Rate();
  let last = { time: performance.now(), done: 0 };
  const tell = (done: number, total: number) => {
    const time = performance.now();
    rate.add((time - last.time) / 1000, done - last.done);
    last = { time, done };
    const bytesPerSecond = rate.perSecond;
    const secondsLeft = bytesPerSecond ? (total - done) / bytesPerSecond : null;
    const progress = { phase: 'reading', done, total, unit: 'bytes', rate: bytesPerSecond, secondsLeft } as const;
    hooks.report({ type: 'progress', progress: { ...progress, reason: null } });
  };
  try {
    const limits = { ...prepareLimits, threads: job.threads ?? null };
    const dataset = await prepareDataset(job.folder, job.config, { onProgress: tell, signal: hooks.signal }, limits);
    return { outcome: 'finished', path: job.folder, dataset };
  } catch (error) {
    if (hooks.signal.aborted && !(error instanceof UserError)) return { outcome: 'stopped', path: job.folder };
    throw error;
  }
}

export async function runPreviewJob(job: Extract<JobSpec, { kind: 'preview' }>): Promise<JobResult> {
  const data = await openRunData(job);
  try {
    return { outcome: 'finished', preview: datasetPreview(data, job) };
  } finally {
    data.close();
  }
}
