/** The configuration that a run was made with. */
import path from 'node:path';
import type { RunConfig } from '../shared/config.ts';
import { checkedConfig, readJson } from './config-file.ts';

/** @throws UsageError when run.json cannot be used */
export async function readRunConfig(folder: string): Promise<RunConfig> {
  const file = path.join(folder, 'run.json');
  return checkedConfig(((await readJson(file)) as { config?: unknown }).config, file);
}
