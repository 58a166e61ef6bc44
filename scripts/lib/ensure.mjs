/** Brings a fresh clone to where everything runs: packages, native kernels, Debian's Chromium. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { findBrowser } from './browser.mjs';
import { root } from './node24.mjs';

/** Says which package-lock.json the installed packages came from: its hash, since a checkout changes dates. */
const stamp = path.join(root, 'node_modules/.meander-lock');

/** Installs what package-lock.json names, unless node_modules already holds just that. */
export function ensureInstalled() {
  const lock = path.join(root, 'package-lock.json');
  const hash = createHash('sha256').update(readFileSync(lock)).digest('hex');
  const marker = path.join(root, 'node_modules/.package-lock.json');
  if (existsSync(stamp) ? readFileSync(stamp, 'utf8') === hash : isNewer(marker, lock)) return;
  console.error('Installing packages (about half a minute) …');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  const done = spawnSync(npm, ['ci', ...quiet], { cwd: root, stdio: ['ignore', 2, 2], shell: npm.endsWith('.cmd') });
  if (done.status !== 0) {
    console.error('npm ci failed; its message is above. Check the connection to the npm registry and run this again.');
    process.exit(done.status ?? 1);
  }
  writeFileSync(stamp, hash);
}

/** Whether npm itself, called by hand, has installed after the lock was last changed. */
function isNewer(marker, lock) {
  return existsSync(marker) && statSync(marker).mtimeMs >= statSync(lock).mtimeMs;
}

/** Builds the native kernels when they are missing or older than their sources. Strict: a failure ends the program. */
export function ensureNative({ strict = false } = {}) {
  const script = path.join(root, 'scripts/build-native.mjs');
  const done = spawnSync(process.execPath, [script, ...(strict ? ['--strict'] : [])], { cwd: root, stdio: [0, 2, 2] });
  if (strict && done.status !== 0) process.exit(done.status ?? 1);
}

/** A browser for the tests; as root on Debian it is installed when missing. Null when there is no way. */
export function ensureBrowser() {
  const found = findBrowser();
  if (found || process.platform !== 'linux' || process.getuid?.() !== 0) return found;
  console.error("Installing Debian's Chromium …");
  const options = { stdio: ['ignore', 'ignore', 2], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  const install = () => spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], options);
  spawnSync('apt-get', ['update'], options);
  install();
  return findBrowser();
}
