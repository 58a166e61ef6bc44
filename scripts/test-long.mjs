/**
 * What does not fit into `npm test`: the quickstart's acceptance on three seeds, the goldens on every kernel family of
 * this processor, the loss of mixed precision beside float32's on three seeds, preparations that are killed, and the
 * packages: made, looked into, and started as installed. Run it before calling work on the engine, on data or on
 * packages done. `npm run test:long -- packages` tries those alone; quickstart, goldens, precision and kills are the
 * other names.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureInstalled, ensureNative } from './lib/ensure.mjs';
import { node24, root } from './lib/node24.mjs';
import { precisionLosses } from './lib/precision-loss.mjs';

ensureInstalled();
ensureNative({ strict: true });
const totals = { passed: 0, failed: 0 };
const check = (name, ok, detail) => {
  totals[ok ? 'passed' : 'failed']++;
  console.log(`${ok ? 'passed' : 'FAILED'}: ${name}: ${detail}`);
};

const scratch = mkdtempSync(path.join(os.tmpdir(), 'meander-long-'));
const wanted = process.argv.slice(2);
for (const [name, run] of Object.entries({ quickstart, goldens, precision, kills, packages }))
  if (wanted.length === 0 || wanted.includes(name)) await run();
rmSync(scratch, { recursive: true, force: true });
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed > 0 ? 1 : 0;

function quickstart() {
  for (const seed of [1, 2, 3]) {
    const args = [
      'src/cli/main.ts',
      'quickstart',
      '--seed',
      String(seed),
      '--home',
      path.join(scratch, 'home'),
      '--json',
    ];
    const done = spawnSync(node24(), args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 2] });
    process.stdout.write(done.stdout);
    const result = done.status === 0 ? JSON.parse(done.stdout.trimEnd().split('\n').at(-1)) : null;
    for (const id of ['lawa', 'ema']) {
      const ratio = result ? -result.differences[id] / result.se[id] : 0;
      check(
        `quickstart, seed ${seed}, ${id}`,
        ratio >= 5,
        `better by ${ratio.toFixed(1)} standard errors (at least 5)`,
      );
    }
    const alarms = result ? spikesIn(path.resolve(result.export, '../..')) : null;
    check(`quickstart, seed ${seed}, spikes`, alarms === 0, `${alarms} alarms without one`);
    check(`quickstart, seed ${seed}, time`, result?.seconds <= 360, `${result?.seconds.toFixed(0)} s (at most 360)`);
  }
}

/** Spikes that a run's metrics tell of. */
function spikesIn(folder) {
  const lines = readFileSync(path.join(folder, 'metrics.jsonl'), 'utf8').split('\n');
  return lines.filter((line) => line.startsWith('{"type":"spike"')).length;
}

function goldens() {
  for (const family of ['avx512', 'avx2', 'neon', 'portable']) {
    const goldens = path.join(root, 'node_modules/vitest/vitest.mjs');
    const env = { ...process.env, MEANDER_KERNELS: family };
    const probe = `import('./src/engine/backends/native/index.ts').then((m) => process.exit(m.nativeStatus().available ? 0 : 3))`;
    if (spawnSync(node24(), ['-e', probe], { cwd: root, env }).status !== 0) {
      console.log(`skipped: goldens on ${family}: this processor does not have it`);
      continue;
    }
    const args = [goldens, 'run', 'src/engine/goldens', '--reporter=default'];
    const done = spawnSync(node24(), args, { cwd: root, env, stdio: ['ignore', 1, 1] });
    check(`goldens on ${family}`, done.status === 0, `exit code ${done.status}`);
  }
}

async function kills() {
  const { killAtEachChange, killPreparations } = await import('./lib/kills.mjs');
  const report = (moment) => (result) => {
    const { way, kills, early, other } = result;
    const detail = `${early} of ${kills} kills came before its end; ${other === null ? 'the same bytes' : `OTHER BYTES: ${other}`}`;
    check(`preparing ${way}, killed ${moment}`, other === null, detail);
  };
  for await (const result of killPreparations(scratch)) report('at random')(result);
  for await (const result of killAtEachChange(scratch)) report('at each change of a file')(result);
}

function precision() {
  const probe = `import('./src/engine/backends/native/index.ts').then((m) => process.exit(m.nativeStatus('mixed').mixed ? 0 : 3))`;
  if (spawnSync(node24(), ['-e', probe], { cwd: root }).status !== 0)
    return console.log('skipped: precision: this processor has no bfloat16 arithmetic of its own');
  const { losses, difference, deviation } = precisionLosses(path.join(scratch, 'precision'), [1, 2, 3]);
  const shown = (values) => values.map((value) => value.toFixed(4)).join(' ');
  check(
    'mixed precision, three seeds',
    Math.abs(difference) <= deviation,
    `float32 ${shown(losses.float32)}, mixed ${shown(losses.mixed)}: the means differ by ${difference.toFixed(4)}, ` +
      `the standard deviation of float32 is ${deviation.toFixed(4)}`,
  );
}

async function packages() {
  if (process.platform !== 'linux') return console.log('skipped: packages: they are tried on Linux');
  const { standInElectron } = await import('./lib/stand-in-electron.mjs');
  const { electronVersion } = await import('./package/electron.mjs');
  const dist = path.join(scratch, 'electron');
  standInElectron(dist, electronVersion());
  const script = (name, args, env = {}) =>
    spawnSync(node24(), [path.join(root, 'scripts', name), ...args], {
      stdio: ['ignore', 1, 2],
      env: { ...process.env, ...env },
    }).status;
  const packed = script('package.mjs', ['dir'], { MEANDER_ELECTRON_DIST: dist });
  check('the app is packed around a stand-in for Electron', packed === 0, `exit code ${packed}`);
  const whole = script('check-package.mjs', [path.join(root, 'dist/linux-unpacked')]);
  check('what was packed is whole', whole === 0, `exit code ${whole}`);
  // It must not be taken for an app that runs.
  rmSync(path.join(root, 'dist/linux-unpacked'), { recursive: true, force: true });
  const tried = script('test-package.mjs', []);
  check('the package with a browser as its window, installed and started', tried === 0, `exit code ${tried}`);
}
