/** A dataset and a trained run, made by the command line in a few seconds: files as the engine itself leaves them. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { RunConfigInput } from '../src/shared/config.ts';
import { corpus } from './corpus.ts';

const root = path.resolve(import.meta.dirname, '..');
const run = promisify(execFile);

async function meander(home: string, ...words: string[]): Promise<void> {
  const main = path.join(root, 'src/cli/main.ts');
  const options = ['--disable-warning=ExperimentalWarning', main, ...words, '--home', home];
  await run(process.execPath, options, { env: { ...process.env, XDG_CONFIG_HOME: path.join(home, 'settings') } });
}

/** Prepares characters of the test corpus and trains a model of two layers on it, with every checkpoint kept. */
export async function trainRun(home: string, name: string, change: Partial<RunConfigInput> = {}): Promise<string> {
  await meander(home, 'prepare', await corpus(home), '--name', 'speeches', '--tokenizer', 'characters');
  const dataset = path.join(home, 'datasets/speeches');
  const { tokenizer } = JSON.parse(await readFile(path.join(dataset, 'dataset.json'), 'utf8'));
  const config: RunConfigInput = {
    name,
    dataset,
    steps: 120,
    model: { blockSize: 32, vocabSize: tokenizer.vocabSize, layers: 2, heads: 2, width: 32 },
    batch: { microBatch: 4 },
    schedule: { kind: 'constant', peak: 4e-3, warmupSteps: 10 },
    policies: [
      { kind: 'lawa', id: 'lawa', k: 4, spacing: 10 },
      { kind: 'ema', id: 'ema', decay: 0.9 },
    ],
    evaluation: { every: 20, blocks: 16 },
    checkpoints: { every: 20, keepEvery: 20 },
    ...change,
  };
  const file = path.join(home, `${name}.json`);
  await writeFile(file, JSON.stringify(config));
  await meander(home, 'train', '--config', file);
  return path.join(home, 'runs', name);
}
