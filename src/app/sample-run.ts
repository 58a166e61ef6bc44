/** A run to look at in one click: the sample corpus, prepared once, and the quickstart preset on it. */
import type { RunSummary } from '../shared/api.ts';
import { UserError } from '../shared/errors.ts';
import { presetConfig } from '../shared/presets.ts';
import { type Settings, withUserDefaults } from '../shared/settings.ts';
import type { Datasets } from './datasets.ts';
import type { Parts } from './locate.ts';
import type { Runs } from './runs.ts';
import { sampleDataset } from './sample-corpus.ts';
import type { Training } from './training.ts';

export interface SampleRunOptions {
  readonly parts: Parts;
  readonly datasets: Datasets;
  readonly runs: Runs;
  readonly settings: Settings;
  readonly training: Training;
}

/** @returns the run, which trains or waits for its turn. @throws UserError when the preparation was cancelled or failed */
export async function startSampleRun(options: SampleRunOptions): Promise<RunSummary> {
  const { parts, datasets, runs, settings, training } = options;
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
  const { folder, meta } = await datasets.ready(config.name);
  const name = freeName(config.name, new Set(await runs.names()));
  const preset = presetConfig('quickstart', { name, dataset: { folder, tokenizer: meta.tokenizer } });
  const run = withUserDefaults(preset, settings);
  await training.create(run);
  return training.start(run.name);
}

function freeName(base: string, taken: ReadonlySet<string>): string {
  for (let n = 1; ; n++) if (!taken.has(`${base} ${n}`)) return `${base} ${n}`;
}
