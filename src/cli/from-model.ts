/** Model folders and files where a run may be named, and runs that start from one. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { RunConfig } from '../shared/config.ts';
import { shapeFrom } from '../shared/models.ts';
import { UsageError } from './command.ts';
import { jobWithProgress } from './job.ts';

/** The path of a model that a word means; null for the name of a run. @throws UsageError for a path of nothing */
export function modelPath(word: string): string | null {
  if (!/[\\/]/.test(word) && !word.startsWith('.')) return null;
  const found = path.resolve(word);
  if (!existsSync(found)) throw new UsageError(`there is nothing at ${found}`);
  return found;
}

/**
 * The configuration with a model's shape, beginning at its weights.
 * @throws UsageError with the reason where Meander does not run that model
 */
export async function startingFrom(config: RunConfig, given: string): Promise<RunConfig> {
  const job = { kind: 'inspect-model', path: path.resolve(given) } as const;
  const { place } = await jobWithProgress(job, 'Looking', { quiet: true });
  if (!place?.model) throw new UsageError(place?.refused ?? `${given} does not say what model it is`);
  const from = place.revisions.at(-1)?.path ?? place.path;
  return {
    ...config,
    model: shapeFrom(config.model, place.model),
    init: { from: 'model', path: from },
  };
}
