/** The app as a built tree can show it: in Electron, in a Chromium window on the headless host, or as an address. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { node24, root } from './node24.mjs';

export const hasDisplay = () =>
  process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
/** Chromium's sandbox does not start for root. */
const asRoot = () => (process.getuid?.() === 0 ? ['--no-sandbox'] : []);

/** `things`: paths and links to show first, as they were given in the working directory. */
export function runElectron(binary, { env, things }) {
  const child = spawn(binary, [root, ...asRoot(), ...things], { stdio: 'inherit', env });
  child.on('exit', (code) => process.exit(code ?? 1));
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
}

/**
 * The headless host, whose life is this program's, and a window on it; on the host that serves the same data folder
 * already, if there is one and no port was asked for.
 * @param browser null: the address is printed instead
 */
export function runHost({ browser, env, things, port }) {
  const entry = path.join(root, 'out/main/server.js');
  const options = port ? ['--port', port] : ['--attach'];
  const host = spawn(node24(), [entry, ...options, '--from', process.cwd(), '--', ...things], {
    cwd: root,
    // Its standard output says the address; the channel tells it that the window was closed.
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env,
    // Ctrl-C comes here first, once.
    detached: process.platform !== 'win32',
  });
  let attached = false;
  // Not on 'exit': what it said last may still be on its way.
  host.on('close', (code) => {
    if (!attached || !browser) process.exit(code ?? 1);
  });
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.on(signal, () => (attached ? process.exit(0) : host.kill('SIGTERM')));
  host.on('message', (message) => {
    if (message === 'attached') {
      attached = true;
      host.disconnect();
    } else
      console.error(
        `“${message.busy[0]}” goes on without a window. Ctrl-C saves it and ends; start Meander again to watch it.`,
      );
  });
  host.stdout.setEncoding('utf8');
  host.stdout.once('data', (text) => {
    const address = text.trim();
    console.log(`Meander is at ${address}`);
    const closed = () => (attached ? process.exit(0) : host.connected && host.send('window-closed'));
    if (browser) openWindow(browser, address, closed);
    else console.log(`Open this address in a browser.${attached ? '' : ' Ctrl-C ends it.'}`);
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
      ...asRoot(),
      ...(asRoot().length > 0 ? ['--test-type'] : []),
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
