/** The datasets of a run: its own, and those that its mix adds. */
import type { MixMember, RunConfig } from '../../shared/config.ts';
import type { RunFingerprints } from '../../shared/run-file.ts';
import { MixSampler } from './batch.ts';
import { openDataset } from './dataset.ts';
import type { Dataset } from './source.ts';

/** Another dataset of a mix. */
export interface MixedDataset extends MixMember {
  /** Opened. */
  readonly data: Dataset;
}

export interface RunData {
  readonly dataset: Dataset;
  readonly others: readonly MixedDataset[];
  close(): void;
}

/** Opens every dataset of a run. @throws UserError as `openDataset` does */
export async function openRunData(config: Pick<RunConfig, 'dataset' | 'mix'>): Promise<RunData> {
  const open: Dataset[] = [];
  const close = () => {
    for (const dataset of open) dataset.close();
  };
  try {
    const dataset = await openDataset(config.dataset);
    open.push(dataset);
    const others: MixedDataset[] = [];
    for (const member of config.mix.others) {
      const data = await openDataset(member.dataset);
      open.push(data);
      others.push({ ...member, data });
    }
    return { dataset, others, close };
  } catch (error) {
    close();
    throw error;
  }
}

export const fingerprintsOf = ({ dataset, others }: Omit<RunData, 'close'>): RunFingerprints => ({
  datasetFingerprint: dataset.meta.fingerprint,
  mixFingerprints: Object.fromEntries(others.map(({ id, data }) => [id, data.meta.fingerprint])),
});

/** What a run trains on. */
export function runSampler(
  config: Pick<RunConfig, 'mix' | 'seed' | 'sampling'>,
  { dataset, others }: Omit<RunData, 'close'>,
): MixSampler {
  const sourceOf = ({ train, meta }: Dataset, weight: number) => ({
    source: train,
    fingerprint: meta.fingerprint,
    weight,
  });
  const sources = [sourceOf(dataset, config.mix.weight), ...others.map(({ data, weight }) => sourceOf(data, weight))];
  return new MixSampler(sources, config.seed, config.sampling.kind);
}
