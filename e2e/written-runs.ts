/** Runs as their folders would be after training, written in a moment. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunConfig } from '../src/shared/config.ts';
import { presetConfig } from '../src/shared/presets.ts';

/** A quickstart of 100 steps with evaluations every 10 from `from` on, raw falling to `final`, LAWA 0.1 below. */
export async function writeRun(
  home: string,
  name: string,
  { final, from = 0, change = {} }: { final: number; from?: number; change?: Partial<RunConfig> },
): Promise<RunConfig> {
  const dataset = { folder: path.join(home, 'datasets/speeches'), tokenizer: { vocabSize: 96 } };
  const config: RunConfig = { ...presetConfig('quickstart', { name, dataset }), steps: 100, ...change };
  const lines = [];
  for (let step = from; step <= 100; step += 10) {
    const raw = final + (100 - step) / 50;
    const average = { loss: raw - 0.1, difference: -0.1, standardError: 0.01, count: 5, full: true };
    lines.push({
      type: 'evaluation',
      step,
      seconds: step - from,
      raw,
      rawStandardError: 0.01,
      blocks: 8,
      averages: step > 20 && config.policies.length > 0 ? { lawa: average } : {},
      took: 1,
    });
  }
  const folder = path.join(home, 'runs', name);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'metrics.jsonl'), `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
  const file = { schema: 1, config, datasetFingerprint: null, appVersion: '', createdAt: new Date().toISOString() };
  await writeFile(path.join(folder, 'run.json'), JSON.stringify(file));
  return config;
}
