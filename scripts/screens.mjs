/**
 * Pictures of every page into docs/screens, from real runs that the command line makes first where they are not there:
 *   npm run build && node scripts/screens.mjs [--home DIR] [--out DIR] [--only WORD]
 * Main pages in light and dark, 1280 and 800 wide; the others light at 1280 and dark at 800. --only: pages whose name
 * holds the word. The README's picture is run-light-1280.png.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { ensureBrowser } from './lib/ensure.mjs';
import { node24, root } from './lib/node24.mjs';
import { withPalette } from './lib/palette-png.mjs';
import { makeHome } from './lib/screens-home.mjs';
import { emptyPages, firstPages, livePages, pages } from './lib/screens-pages.mjs';

const { values } = parseArgs({
  options: {
    home: { type: 'string', default: path.join(homedir(), '.cache/meander-screens') },
    out: { type: 'string', default: path.join(root, 'docs/screens') },
    only: { type: 'string', default: '' },
  },
});
const home = path.resolve(values.home);
const looks = [
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 800 },
  { colorScheme: 'dark', width: 1280, main: true },
  { colorScheme: 'light', width: 800, main: true },
];

/** A host on its own settings, until `use` is done. */
async function withHost(env, use) {
  const host = spawn(node24(), [path.join(root, 'out/main/server.js')], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await use(await new Promise((resolve) => createInterface({ input: host.stdout }).once('line', resolve)));
  } finally {
    host.kill('SIGTERM');
    await new Promise((resolve) => (host.exitCode === null ? host.once('exit', resolve) : resolve()));
  }
}

/** Pixels; what lies below is left out of the picture. */
const tallest = 2400;

async function shoot(url, list) {
  for (const { colorScheme, width, main } of looks) {
    const wanted = list.filter((page) => page.name.includes(values.only) && (!main || page.main));
    for (const { name, hash, act, whole = true, height = 860 } of wanted) {
      // A page of its own each: dialogs, drops and toasts of one are not in the next one's picture.
      const page = await browser.newPage({ colorScheme, viewport: { width, height }, reducedMotion: 'reduce' });
      await page.goto(hash === undefined ? url : `${url}#${hash}`);
      await page.locator('main').first().waitFor();
      await act?.(page);
      await page.locator('main [aria-busy="true"]').first().waitFor({ state: 'detached', timeout: 180_000 });
      await page.waitForTimeout(700);
      const file = path.join(values.out, `${name}-${colorScheme}-${width}.png`);
      if (whole) {
        // As tall as what it shows, up to a limit: the navigation then reaches to the foot of the picture.
        const tall = await page.evaluate(() => document.documentElement.scrollHeight);
        await page.setViewportSize({ width, height: Math.max(height, Math.min(tall, tallest)) });
        await page.waitForTimeout(300);
      }
      writeFileSync(file, withPalette(await page.screenshot()));
      await page.close();
      console.log(path.basename(file));
    }
  }
}

/** Calls the application from outside of its pages. */
async function caller(url) {
  const page = await browser.newPage();
  await page.goto(url);
  return (method, input) =>
    page.evaluate(
      ([method, input]) =>
        new Promise((resolve, reject) => {
          const socket = new WebSocket(`ws://${location.host}/door`);
          socket.onopen = () => socket.send(JSON.stringify({ id: 1, method, input }));
          socket.onmessage = ({ data }) => {
            const answer = typeof data === 'string' ? JSON.parse(data) : {};
            if (answer.id !== 1) return;
            socket.close();
            if (answer.ok) resolve(answer.output);
            else reject(new Error(answer.error.message));
          };
        }),
      [method, input],
    );
}

mkdirSync(values.out, { recursive: true });
const config = await makeHome(home);
const browser = await chromium.launch({ executablePath: ensureBrowser(), args: ['--no-sandbox', '--disable-gpu'] });
const settings = { XDG_CONFIG_HOME: path.join(home, 'settings') };
await withHost({ MEANDER_HOME: home, ...settings }, async (url) => {
  const call = await caller(url);
  for (const run of ['quickstart', 'rates lr=1e-3']) await call('models.add', { path: path.join(home, 'runs', run) });
  await shoot(url, pages);
  const live = livePages.filter(({ name }) => name.includes(values.only));
  if (live.length === 0) return;
  const queued = (await call('runs.list')).filter(({ name }) => name.startsWith('live'));
  for (const { name } of queued) await call('runs.delete', { name });
  await call('runs.create', { ...config, name: 'live', steps: 9000, device: { ...config.device, threads: 1 } });
  await call('runs.start', { name: 'live' });
  const axes = [
    { field: 'schedule.peak', values: [1e-3, 6e-3] },
    { field: 'seed', values: [1, 2] },
  ];
  const made = await call('runs.sweep', { base: { ...config, name: 'live again' }, axes });
  for (;;) {
    const { step, job } = await call('runs.get', { name: 'live' });
    if (job?.error) throw new Error(job.error.message);
    if (step >= 60) break;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  await shoot(url, live);
  for (const { name } of made) await call('runs.stop', { name });
  await call('runs.stop', { name: 'live' });
});
const empty = mkdtempSync(path.join(tmpdir(), 'meander-screens-'));
await withHost({ MEANDER_HOME: path.join(empty, 'home'), XDG_CONFIG_HOME: path.join(empty, 'settings') }, (url) =>
  shoot(url, emptyPages),
);
await withHost({ HOME: empty, MEANDER_HOME: '', XDG_CONFIG_HOME: path.join(empty, 'first') }, (url) =>
  shoot(url, firstPages),
);
await browser.close();
rmSync(empty, { recursive: true, force: true });
