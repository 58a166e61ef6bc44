/** Text from a model of its own: an export, an average that was written, a merge, a GPT-2 of others. */
import { stat } from 'node:fs/promises';
import { openModelFolder } from '../../engine/checkpoint/index.ts';
import { loadTokenizer } from '../../engine/data/index.ts';
import { UserError } from '../../engine/errors.ts';
import { Sampler } from '../../engine/evaluate/index.ts';
import { parameterTable } from '../../engine/model/table.ts';
import { deviceConfig } from '../../shared/config.ts';
import type { JobResult, JobSpec } from '../../shared/jobs.ts';
import { withDevice } from './device.ts';
import type { JobHooks } from './job.ts';

/** A stop ends the text early. @throws UserError 'no-tokenizer' and what opening a model throws */
export async function runSampleModelJob(
  job: Extract<JobSpec, { kind: 'sample-model' }>,
  hooks: JobHooks,
): Promise<JobResult> {
  const { path } = job;
  const folder = await openModelFolder(path);
  try {
    const isFolder = (await stat(path)).isDirectory();
    const tokenizer = isFolder ? await loadTokenizer(path) : null;
    if (!tokenizer)
      throw new UserError(
        'no-tokenizer',
        `${path} comes without a tokenizer that Meander can read, so ids cannot be turned into text.`,
        'Choose a Hugging Face folder with its tokenizer.json.',
      );
    return await withDevice(deviceConfig.parse({}), hooks, async (backend) => {
      const table = parameterTable(folder.model);
      const store = backend.store('f32', table.elements);
      await folder.loadInto(table, (offset, data) => store.write(offset, data));
      const sampler = new Sampler(backend, folder.model);
      let text = '';
      for await (const piece of sampler.text(store, tokenizer, job.options)) {
        if (hooks.signal.aborted) break;
        text += piece;
        hooks.report({ type: 'text', of: path, piece, done: false });
      }
      hooks.report({ type: 'text', of: path, piece: '', done: true });
      sampler.free();
      store.free();
      return { outcome: 'finished', text };
    });
  } finally {
    await folder.close();
  }
}
