/** The configuration that a run was made with. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { RunConfig } from '../shared/config.ts';
import { UsageError } from './command.ts';
import { checkedConfig, readJson } from './config-file.ts';

/** @throws UsageError when the folder is no run */
export async function readRunConfig(folder: string): Promise<RunConfig> {
  const file = path.join(folder, 'run.json');
  if (!existsSync(file)) throw new UsageError(`there is no run at ${folder}`);
  return checkedConfig(((await readJson(file)) as { config?: unknown }).config, file);
}
