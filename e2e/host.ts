/** Starts the headless host on a home of its own, as `npm start` does, and ends it with the test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test as base, expect } from '@playwright/test';

const root = path.resolve(import.meta.dirname, '..');

export interface Host {
  readonly url: string;
  /** Folder with runs/ and datasets/. */
  readonly home: string;
  /** Ends the host without a word, as a crash does. */
  kill(): Promise<void>;
  /** A host on the same home again. */
  restart(): Promise<Host>;
}

async function start(home: string, running: Set<ChildProcess>, fresh = false): Promise<Host> {
  // Fresh: as on a machine that Meander was never started on; the user's folder is `home`.
  const where = fresh ? { HOME: home, MEANDER_HOME: '' } : { MEANDER_HOME: home };
  const child = spawn(process.execPath, [path.join(root, 'out/main/server.js'), '--port', '0'], {
    env: { ...process.env, ...where, XDG_CONFIG_HOME: path.join(home, 'settings') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`the host ended with code ${code} before it said its address`)));
  });
  return {
    url,
    home,
    async kill() {
      running.delete(child);
      child.kill('SIGKILL');
      await ended(child);
    },
    restart: () => start(home, running, fresh),
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve));
}

/** Playwright's test with a running host, or one that nobody has used yet: `test.use({ fresh: true })`. */
export const test = base.extend<{ host: Host; fresh: boolean }>({
  fresh: [false, { option: true }],
  host: async ({ fresh }, use) => {
    const home = await mkdtemp(path.join(tmpdir(), 'meander-e2e-'));
    const running = new Set<ChildProcess>();
    await use(await start(home, running, fresh));
    for (const child of running) {
      child.kill('SIGTERM');
      await ended(child);
    }
    await rm(home, { recursive: true, force: true });
  },
});
export { expect };
