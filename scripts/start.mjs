/**
 * Opens the app. In Electron where its binary is there or can be fetched; else in a Chromium, Chrome or Edge of this
 * machine, as an app window on the headless host; else it prints the address. Options:
 *   --no-window    start the host and print its address
 *   --port N       port of the host (default: any free one)
 *   --home DIR     folder that holds runs/ and datasets/
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensureInstalled, ensureNative, findBrowser } from './lib/ensure.mjs';
import { node24, root } from './lib/node24.mjs';

const { values } = parseArgs({
  options: { 'no-window': { type: 'boolean' }, port: { type: 'string', default: '0' }, home: { type: 'string' } },
});
const env = { ...process.env, ...(values.home ? { MEANDER_HOME: path.resolve(values.home) } : {}) };
const isRoot = process.getuid?.() === 0;

ensureInstalled();
ensureNative();
if (spawnSync(process.execPath, [path.join(root, 'scripts/build.mjs')], { cwd: root, stdio: [0, 2, 2] }).status !== 0)
  process.exit(1);

const hasDisplay = process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
const wantsWindow = !values['no-window'] && hasDisplay;
const browser = wantsWindow ? findBrowser() : null;
const electron = wantsWindow ? electronBinary(browser ? 20_000 : 180_000) : null;
if (electron) runElectron(electron);
else runHost();

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

function runElectron(binary) {
  const child = spawn(binary, [root, ...(isRoot ? ['--no-sandbox'] : [])], { cwd: root, stdio: 'inherit', env });
  child.on('exit', (code) => process.exit(code ?? 1));
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
}

/** The headless host; its life is this program's. */
function runHost() {
  const entry = path.join(root, 'out/main/server.js');
  const host = spawn(node24(), [entry, '--port', values.port], {
    cwd: root,
    // Its standard output says the address; the channel tells it that the window was closed.
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env,
    // Ctrl-C comes here first, once.
    detached: process.platform !== 'win32',
  });
  host.on('exit', (code) => process.exit(code ?? 1));
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => host.kill('SIGTERM'));
  host.on('message', ({ busy }) =>
    console.error(`“${busy[0]}” goes on without a window. Ctrl-C saves it and ends; open the address to watch it.`),
  );
  host.stdout.setEncoding('utf8');
  host.stdout.once('data', (text) => {
    const address = text.trim();
    console.log(`Meander is at ${address}`);
    if (browser) openWindow(browser, address, () => host.connected && host.send('window-closed'));
    else console.log(values['no-window'] ? 'Ctrl-C ends it.' : 'Open this address in a browser. Ctrl-C ends it.');
  });
}

function openWindow(executable, address, onClosed) {
  const profile = mkdtempSync(path.join(tmpdir(), 'meander-window-'));
  const child = spawn(
    executable,
    [
      `--app=${address}`,
      `--user-data-dir=${profile}`,
      '--class=meander',
      '--window-size=1280,840',
      '--no-first-run',
      '--no-default-browser-check',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...(isRoot ? ['--no-sandbox', '--test-type'] : []),
    ],
    { stdio: 'ignore' },
  );
  const clean = () => rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  process.on('exit', () => {
    child.kill();
    clean();
  });
  child.on('error', (error) =>
    console.error(`${executable} did not start: ${error.message}. Open the address instead.`),
  );
  child.on('exit', onClosed);
}
