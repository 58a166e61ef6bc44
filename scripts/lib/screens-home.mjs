/** A data folder with a few small real runs, made by the command line: what the pictures of the pages show. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { node24, root } from './node24.mjs';

const steps = 900;

/** Makes what is not there yet: a quickstart with its cooldown, two learning rates, a run that was stopped. */
export async function makeHome(home) {
  mkdirSync(home, { recursive: true });
  const has = (run) => existsSync(path.join(home, 'runs', run, 'run.json'));
  const settings = path.join(home, 'settings');
  if (!has('quickstart cooldown')) await meander(home, ['quickstart', '--steps', String(steps), '--seed', '1']);
  const { config } = JSON.parse(readFileSync(path.join(home, 'runs/quickstart/run.json'), 'utf8'));
  mkdirSync(settings, { recursive: true });
  const file = path.join(settings, 'rates.json');
  writeFileSync(file, JSON.stringify({ ...config, name: 'rates', steps: 450 }));
  if (!has('rates lr=1e-3')) await meander(home, ['train', '--config', file, '--sweep', 'lr=3e-4,1e-3']);
  if (!has('stopped early'))
    await meander(home, ['train', '--config', file, '--set', 'name=stopped early', '--set', 'steps=4500'], 8);
  // A data folder that was chosen and a tour that was taken; texts to read and a note.
  writeFileSync(
    path.join(home, 'runs/quickstart/notes.json'),
    JSON.stringify({
      schema: 1,
      tags: ['baseline', 'seed 1'],
      note: 'Constant rate of 3e-3; the cooldown is the one to beat.',
    }),
  );
  return config;
}

/** Runs the command line; with seconds, interrupts it after them, as Ctrl-C does. */
function meander(home, args, seconds) {
  const child = spawn(
    node24(),
    ['--disable-warning=ExperimentalWarning', path.join(root, 'src/cli/main.ts'), ...args],
    {
      env: { ...process.env, MEANDER_HOME: home },
      stdio: 'inherit',
    },
  );
  const timer = seconds && setTimeout(() => child.kill('SIGINT'), 1000 * seconds);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(timer);
      if (code === 0 || (seconds && code === 130)) resolve();
      else reject(new Error(`meander ${args.join(' ')} ended with code ${code}`));
    });
  });
}
