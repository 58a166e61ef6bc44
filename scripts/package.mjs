/**
 * Makes packages in dist/: `npm run package -- TARGET…`. Targets:
 *   deb-window              a .deb whose window is a Chromium-family browser; needs dpkg-deb alone
 *   dir appimage deb        Linux   ┐ with Electron, by electron-builder, which packaging/ installs on its first use;
 *   dir nsis                Windows ├ each on its own system. dir: the unpacked app
 *   dir dmg zip             macOS   ┘
 * Without a target: those of this system, with Electron.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { ensureInstalled, ensureNative } from './lib/ensure.mjs';
import { root } from './lib/node24.mjs';

const builders = { linux: ['dir', 'appimage', 'deb'], win32: ['dir', 'nsis'], darwin: ['dir', 'dmg', 'zip'] };
const known = builders[process.platform] ?? [];
const asked = process.argv.slice(2);
const targets = asked.length > 0 ? asked : known.filter((target) => target !== 'dir');
const wrong = targets.find((target) => target !== 'deb-window' && !known.includes(target));
if (wrong || targets.length === 0) {
  console.error(
    `${wrong ?? process.platform}: no such target here. There are: ${['deb-window', ...known].join(', ')}.`,
  );
  process.exit(2);
}

ensureInstalled();
ensureNative({ strict: true });
if (spawnSync(process.execPath, [path.join(root, 'scripts/build.mjs')], { stdio: [0, 2, 2] }).status !== 0)
  process.exit(1);
const dist = path.join(root, 'dist');
mkdirSync(dist, { recursive: true });
const made = [];
try {
  if (targets.includes('deb-window')) {
    const { packageDebWindow } = await import('./package/deb-window.mjs');
    made.push(packageDebWindow(dist));
  }
  const withElectron = targets.filter((target) => target !== 'deb-window');
  if (withElectron.length > 0) {
    const { packageElectron } = await import('./package/electron.mjs');
    made.push(...packageElectron(dist, withElectron));
  }
} catch (error) {
  console.error(`The package was not made: ${error.message}`);
  process.exit(1);
}
for (const file of made) console.log(file);
