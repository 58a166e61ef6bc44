/** run.json: what a run is. Written once, when the run is made; never changed while it trains. */
import { z } from 'zod';
import { runConfig } from './config.ts';

export const runFile = z.object({
  schema: z.literal(1),
  config: runConfig,
  /** Fingerprint of the dataset that the run was made for; null when it was not known yet. */
  datasetFingerprint: z.string().nullable().default(null),
  /** Those of the other datasets of its mix, by their ids. */
  mixFingerprints: z.record(z.string(), z.string()).default({}),
  appVersion: z.string().default(''),
  createdAt: z.string(),
});
export type RunFile = z.infer<typeof runFile>;
/** What names the data that a run was made for. */
export type RunFingerprints = Pick<RunFile, 'datasetFingerprint' | 'mixFingerprints'>;
