/**
 * Opens the app. In Electron where its binary is there or can be fetched; else in a Chromium, Chrome or Edge of this
 * machine, as an app window on the headless host; else it prints the address. What follows the options, files and
 * folders of text, runs and meander:// links, is shown first. Options:
 *   --no-window    start the host and print its address
 *   --port N       port of the host (default: any free one)
 *   --home DIR     folder that holds runs/ and datasets/
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { hasDisplay, runElectron, runHost } from './lib/app-window.mjs';
import { findBrowser } from './lib/browser.mjs';
import { ensureInstalled, ensureNative } from './lib/ensure.mjs';
import { root } from './lib/node24.mjs';

const { values, positionals: things } = parseArgs({
  options: { 'no-window': { type: 'boolean' }, port: { type: 'string' }, home: { type: 'string' } },
  allowPositionals: true,
});
const env = { ...process.env, ...(values.home ? { MEANDER_HOME: path.resolve(values.home) } : {}) };

ensureInstalled();
ensureNative();
if (spawnSync(process.execPath, [path.join(root, 'scripts/build.mjs')], { cwd: root, stdio: [0, 2, 2] }).status !== 0)
  process.exit(1);

const wantsWindow = !values['no-window'] && hasDisplay();
const browser = wantsWindow ? findBrowser() : null;
const electron = wantsWindow ? electronBinary(browser ? 20_000 : 180_000) : null;
if (electron) runElectron(electron, { env, things });
else runHost({ browser, env, things, port: values.port });

/** Path of Electron's binary; tries to fetch it, for so many milliseconds. Null where it is not to be had. */
function electronBinary(patience) {
  const folder = path.join(root, 'node_modules/electron');
  const installed = () => {
    const named = path.join(folder, 'path.txt');
    const binary = existsSync(named) && path.join(folder, 'dist', readFileSync(named, 'utf8'));
    return binary && existsSync(binary) ? binary : null;
  };
  if (!installed() && existsSync(path.join(folder, 'install.js'))) {
    console.error('Fetching Electron …');
    spawnSync(process.execPath, [path.join(folder, 'install.js')], { stdio: 'ignore', timeout: patience });
    if (!installed()) console.error('It could not be fetched; using a browser window instead.');
  }
  return installed();
}
