/** Losses of models of others on a dataset, each against the first. */
import { openDataset } from '../../engine/data/index.ts';
import { UserError } from '../../engine/errors.ts';
import { bitsPerByte, evaluateWeights, mean, pairedDifference, perplexity } from '../../engine/evaluate/index.ts';
import { parameterTable } from '../../engine/model/table.ts';
import { deviceConfig } from '../../shared/config.ts';
import type { JobResult, JobSpec } from '../../shared/jobs.ts';
import { withDevice } from './device.ts';
import type { JobHooks } from './job.ts';
import { openJudged } from './model-judge.ts';

/** @throws UserError 'not-comparable', 'loss-not-finite', and what opening models and datasets throws */
export async function runEvaluateModelsJob(
  job: Extract<JobSpec, { kind: 'evaluate-models' }>,
  hooks: JobHooks,
): Promise<JobResult> {
  const dataset = await openDataset(job.dataset);
  try {
    return await withDevice(deviceConfig.parse({}), hooks, async (backend) => {
      const evaluations: NonNullable<JobResult['evaluations']> = [];
      let base: { losses: Float64Array; blockSize: number } | null = null;
      for (const [index, path] of job.paths.entries()) {
        const done = { done: index, total: job.paths.length, unit: 'steps', rate: null, secondsLeft: null } as const;
        hooks.report({ type: 'progress', progress: { phase: 'evaluating', ...done, reason: null } });
        if (hooks.signal.aborted) return { outcome: 'stopped', evaluations };
        const folder = await openJudged(path, dataset);
        try {
          const { model } = folder;
          if (base && base.blockSize !== model.blockSize)
            throw new UserError(
              'not-comparable',
              `${path} reads blocks of ${model.blockSize} tokens and ${job.paths[0]} of ${base.blockSize}.`,
              'Compare models of the same block size.',
            );
          const table = parameterTable(model);
          const store = backend.store('f32', table.elements);
          await folder.loadInto(table, (offset, data) => store.write(offset, data));
          const losses = await evaluateWeights(backend, model, store, dataset, job.blocks);
          store.free();
          base ??= { losses, blockSize: model.blockSize };
          const loss = mean(losses);
          if (!Number.isFinite(loss))
            throw new UserError(
              'loss-not-finite',
              `The loss of ${path} is not a finite number.`,
              'Leave that model out.',
            );
          evaluations.push({
            of: path,
            step: 0,
            loss,
            perplexity: perplexity(loss),
            bitsPerByte: bitsPerByte(loss, dataset.meta.val),
            ...pairedDifference(losses, base.losses),
          });
        } finally {
          await folder.close();
        }
      }
      return { outcome: 'finished', evaluations };
    });
  } finally {
    dataset.close();
  }
}
