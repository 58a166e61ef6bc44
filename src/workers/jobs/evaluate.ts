/** Losses of any weights on the same fixed blocks, each against the first one asked for. */
import type { RunFolder } from '../../engine/checkpoint/index.ts';
import { openDataset } from '../../engine/data/index.ts';
import { UserError } from '../../engine/errors.ts';
import { evaluateWeights, mean } from '../../engine/evaluate/index.ts';
import type { JobResult, JobSpec } from '../../shared/jobs.ts';
import { withDevice } from './device.ts';
import type { JobHooks } from './job.ts';
import { evaluationOf } from './measured.ts';
import { loadWeights, openRunOf } from './weights.ts';

export async function runEvaluateJob(job: Extract<JobSpec, { kind: 'evaluate' }>, hooks: JobHooks): Promise<JobResult> {
  if (job.weights.length === 0) throw new UserError('nothing-to-evaluate', 'No weights were named.', 'Name some.');
  const first = await openRunOf(job.folder, job.weights[0]);
  const dataset = await openDataset(first.config.dataset);
  try {
    return await withDevice(first.config.device, hooks, async (backend) => {
      const evaluations: NonNullable<JobResult['evaluations']> = [];
      let base: Float64Array | null = null;
      for (const [index, ref] of job.weights.entries()) {
        const done = { done: index, total: job.weights.length, unit: 'steps', rate: null, secondsLeft: null } as const;
        hooks.report({ type: 'progress', progress: { phase: 'evaluating', ...done, reason: null } });
        if (hooks.signal.aborted) return { outcome: 'stopped', evaluations };
        const run = await openRunOf(job.folder, ref);
        const { model } = run.config;
        if (model.blockSize !== first.config.model.blockSize || !sameData(run, first))
          throw new UserError(
            'not-comparable',
            `"${run.config.name}" and "${first.config.name}" differ in dataset or block size, so their losses cannot be compared.`,
            'Compare runs on the same dataset with the same block size.',
          );
        const { store, step } = await loadWeights(backend, run, ref);
        const losses = await evaluateWeights(backend, model, store, dataset, job.blocks);
        store.free();
        base ??= losses;
        if (!Number.isFinite(mean(losses))) throw notFinite(ref.of, run, step);
        evaluations.push(evaluationOf(ref.of, step, losses, base, dataset.meta.val));
      }
      return { outcome: 'finished', evaluations };
    });
  } finally {
    dataset.close();
  }
}

function notFinite(of: string, run: RunFolder, step: number): UserError {
  return new UserError(
    'loss-not-finite',
    `The loss of ${of} at step ${step} of "${run.config.name}" is not a finite number: the run had diverged, or the file is damaged.`,
    'Choose an earlier checkpoint.',
  );
}

/** Runs made before their dataset's fingerprint was known are taken at their word. */
function sameData(a: RunFolder, b: RunFolder): boolean {
  if (a.datasetFingerprint === null || b.datasetFingerprint === null) return a.config.dataset === b.config.dataset;
  return a.datasetFingerprint === b.datasetFingerprint;
}
