/** Times the window in a real Chromium: first page, a chart of a million points, its zoom, memory. See docs/performance.md. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ensureBrowser, ensureInstalled } from './lib/ensure.mjs';
import { node24, root, runUnderNode24 } from './lib/node24.mjs';

ensureInstalled();
const browser = ensureBrowser();
if (!browser) {
  console.error('No Chromium, Chrome or Edge was found. Install one, or name its program in MEANDER_BROWSER.');
  process.exit(1);
}
const build = spawnSync(node24(), [path.join(root, 'scripts/build.mjs')], { cwd: root, stdio: ['ignore', 2, 2] });
if (build.status !== 0) process.exit(build.status ?? 1);
const env = { ...process.env, MEANDER_BROWSER: browser };
process.exitCode = await runUnderNode24('bench/app/bench.ts', process.argv.slice(2), { env });
