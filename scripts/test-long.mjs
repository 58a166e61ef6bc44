/**
 * What does not fit into `npm test`: the quickstart's acceptance on three seeds, and the goldens on every kernel
 * family of this processor. Run it before calling work on the engine done.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureInstalled, ensureNative } from './lib/ensure.mjs';
import { node24, root } from './lib/node24.mjs';

ensureInstalled();
ensureNative({ strict: true });
const totals = { passed: 0, failed: 0 };
const check = (name, ok, detail) => {
  totals[ok ? 'passed' : 'failed']++;
  console.log(`${ok ? 'passed' : 'FAILED'}: ${name}: ${detail}`);
};

/** Spikes that a run's metrics tell of. */
const spikesIn = (folder) => {
  const lines = readFileSync(path.join(folder, 'metrics.jsonl'), 'utf8').split('\n');
  return lines.filter((line) => line.startsWith('{"type":"spike"')).length;
};

const home = mkdtempSync(path.join(os.tmpdir(), 'meander-long-'));
for (const seed of [1, 2, 3]) {
  const args = ['src/cli/main.ts', 'quickstart', '--seed', String(seed), '--home', home, '--json'];
  const done = spawnSync(node24(), args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 2] });
  process.stdout.write(done.stdout);
  const result = done.status === 0 ? JSON.parse(done.stdout.trimEnd().split('\n').at(-1)) : null;
  for (const id of ['lawa', 'ema']) {
    const ratio = result ? -result.differences[id] / result.se[id] : 0;
    check(`quickstart, seed ${seed}, ${id}`, ratio >= 5, `better by ${ratio.toFixed(1)} standard errors (at least 5)`);
  }
  check(
    `quickstart, seed ${seed}, spikes`,
    result && spikesIn(path.resolve(result.export, '../..')) === 0,
    'no alarm without one',
  );
  check(`quickstart, seed ${seed}, time`, result?.seconds <= 360, `${result?.seconds.toFixed(0)} s (at most 360)`);
}
rmSync(home, { recursive: true, force: true });

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
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed > 0 ? 1 : 0;
