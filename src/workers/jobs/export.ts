/** A model of its own from a checkpoint's weights or averages, read again and compared before it counts. */
import { exportWeights } from '../../engine/checkpoint/index.ts';
import { openDataset } from '../../engine/data/index.ts';
import { verifyExport } from '../../engine/train/index.ts';
import type { JobResult, JobSpec } from '../../shared/jobs.ts';
import type { JobHooks } from './job.ts';
import { openRunOf } from './weights.ts';

export async function runExportJob(job: Extract<JobSpec, { kind: 'export' }>, hooks: JobHooks): Promise<JobResult> {
  const run = await openRunOf(job.folder, job.weights);
  const progress = { done: 0, total: 1, unit: 'steps', rate: null, secondsLeft: null, reason: null } as const;
  hooks.report({ type: 'progress', progress: { phase: 'writing', ...progress } });
  const { of } = job.weights;
  const { target, layout, format: dtype } = job;
  const dataset = await openDataset(run.config.dataset);
  try {
    const { tokenizer } = dataset;
    const { step } = await exportWeights(run, { step: job.weights.step, of, dtype, layout, target, tokenizer });
    hooks.report({ type: 'progress', progress: { phase: 'reading', ...progress } });
    await verifyExport(run, { step, of, dtype, layout, target });
    return { outcome: 'finished', step, path: target };
  } finally {
    dataset.close();
  }
}
