/** Builds the shell, the preload, the window, the headless host and the workers into out/. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ensureInstalled } from './lib/ensure.mjs';
import { node24, root } from './lib/node24.mjs';

ensureInstalled();
const bin = path.join(root, 'node_modules/electron-vite/bin/electron-vite.js');
const done = spawnSync(node24(), [bin, 'build', '--logLevel', 'warn', ...process.argv.slice(2)], {
  cwd: root,
  stdio: ['ignore', 2, 2],
});
process.exitCode = done.status ?? 1;
