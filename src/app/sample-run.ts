/** A run to look at in one click: the sample corpus, prepared once, and the quickstart preset on it. */
import type { RunSummary } from '../shared/api.ts';
import { UserError } from '../shared/errors.ts';
import type { Datasets } from './datasets.ts';
import type { Parts } from './locate.ts';
import { type PresetOptions, presetFor } from './presets.ts';
import { sampleDataset } from './sample-corpus.ts';
import type { Training } from './training.ts';

export interface SampleRunOptions {
  readonly parts: Parts;
  readonly datasets: Datasets;
  readonly presets: PresetOptions;
  readonly training: Training;
}

/** @returns the run, which trains or waits for its turn. @throws UserError when the preparation was cancelled or failed */
export async function startSampleRun({ parts, datasets, presets, training }: SampleRunOptions): Promise<RunSummary> {
  const config = sampleDataset(parts);
  const known = (await datasets.list()).find(({ name }) => name === config.name);
  if (known?.status !== 'ready') {
    const { outcome } = await datasets.prepareToEnd(config);
    if (outcome !== 'finished')
      throw new UserError(
        'sample-stopped',
        'The preparation of the sample text was cancelled.',
        'Start the sample run again: it goes on from there.',
      );
  }
  const { config: run } = await presetFor(presets, { preset: 'quickstart', dataset: config.name, hours: null });
  await training.create(run);
  return training.start(run.name);
}
