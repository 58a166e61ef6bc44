/** Text from a checkpoint's weights or averages. */
import { loadTokenizer } from '../../engine/data/index.ts';
import { UserError } from '../../engine/errors.ts';
import { Sampler } from '../../engine/evaluate/index.ts';
import type { JobResult, JobSpec } from '../../shared/jobs.ts';
import { withDevice } from './device.ts';
import type { JobHooks } from './job.ts';
import { loadWeights, openRunOf } from './weights.ts';

/** A stop ends the text early. Needs no dataset: a checkpoint carries its tokenizer. */
export async function runSampleJob(job: Extract<JobSpec, { kind: 'sample' }>, hooks: JobHooks): Promise<JobResult> {
  const run = await openRunOf(job.folder, job.weights);
  return withDevice(run.config.device, hooks, async (backend) => {
    const { store, step, path } = await loadWeights(backend, run, job.weights);
    const tokenizer = await loadTokenizer(path);
    if (!tokenizer)
      throw new UserError(
        'no-tokenizer',
        `The dataset of "${run.config.name}" had no tokenizer, so ids cannot be turned into text.`,
        'Prepare the dataset from text files.',
      );
    const sampler = new Sampler(backend, run.config.model);
    const { of } = job.weights;
    let text = '';
    for await (const piece of sampler.text(store, tokenizer, job.options)) {
      if (hooks.signal.aborted) break;
      text += piece;
      hooks.report({ type: 'text', of, piece, done: false });
    }
    hooks.report({ type: 'text', of, piece: '', done: true });
    sampler.free();
    store.free();
    return { outcome: hooks.signal.aborted ? 'stopped' : 'finished', step, text };
  });
}
