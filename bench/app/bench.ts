/**
 * npm run bench:app -- [--points N] [--steps N]
 * Real Chromium on the headless host: the first page, a run of a million points, its zoom, memory while a run goes on.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { Chromium, type Tab } from './browser.ts';
import { writeDataset, writeRun } from './lines.ts';

const { values } = parseArgs({
  options: { points: { type: 'string', default: '1000000' }, steps: { type: 'string', default: '100000' } },
});
/** Each time is the best of so many: on a machine with other work, any one may be disturbed. */
const tries = 5;
const zoomKeys = 40;

const round = (value: number): number => Math.round(value * 10) / 10;
const spread = (times: readonly number[]): string => times.map((time) => time.toFixed(0)).join(', ');

async function startHost(home: string): Promise<{ url: string; child: ChildProcess }> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', path.join(import.meta.dirname, 'host.ts')],
    {
      env: { ...process.env, MEANDER_HOME: home, XDG_CONFIG_HOME: path.join(home, 'settings') },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`the host ended with code ${code}`)));
  });
  return { url, child };
}

/** Milliseconds from the start of the navigation until the list of runs stands there, painted. */
async function firstPaint(browser: Chromium, url: string): Promise<number> {
  const tab = await browser.open(`${url}#/runs`);
  const time = await painted(tab, 'main article');
  await tab.close();
  return time;
}

/** Time in the page at the frame after which something that fits is there. */
function painted(tab: Tab, selector: string): Promise<number> {
  return tab.run(
    (wanted) =>
      new Promise<number>((resolve) => {
        const look = (): void => {
          if (!document.querySelector(wanted)) requestAnimationFrame(look);
          else requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
        };
        look();
      }),
    selector,
  );
}

/** Milliseconds from a click on the run in the list until its loss is drawn. */
async function openChart(tab: Tab, name: string): Promise<number> {
  await tab.run(() => {
    location.hash = '#/runs';
  });
  await painted(tab, 'main article a');
  return tab.run(
    (wanted) =>
      new Promise<number>((resolve, reject) => {
        const link = [...document.querySelectorAll<HTMLAnchorElement>('main a')].find((a) => a.textContent === wanted);
        if (!link) {
          reject(new Error(`there is no link to ${wanted}`));
          return;
        }
        const start = performance.now();
        link.click();
        const look = (): void => {
          const canvas = document.querySelector<HTMLCanvasElement>('section[aria-label="Validation loss"] canvas');
          const { width = 0, height = 0 } = canvas ?? {};
          // The lower right quarter is where the curves end; before they are drawn it holds nothing.
          const part = [width / 2, height / 2, width / 4, height / 4] as const;
          const pixels = width > 0 ? canvas?.getContext('2d')?.getImageData(...part) : null;
          if (pixels?.data.some((value) => value !== 0)) resolve(performance.now() - start);
          else requestAnimationFrame(look);
        };
        look();
      }),
    name,
  );
}

/** Zooms in and out by keys, one a frame; longest and median time between frames, in milliseconds. */
async function zoom(tab: Tab): Promise<{ worst: number; median: number }> {
  const frames = await tab.run(
    (keys) =>
      new Promise<number[]>((resolve) => {
        const chart = document.querySelector<HTMLElement>('section[aria-label="Validation loss"] [role="img"]');
        chart?.focus();
        const frames: number[] = [];
        let last = 0;
        let n = 0;
        const frame = (now: number): void => {
          if (last > 0) frames.push(now - last);
          last = now;
          if (n === 2 * keys) {
            resolve(frames);
            return;
          }
          const key = n++ < keys ? '+' : '-';
          chart?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
          requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
      }),
    zoomKeys,
  );
  const sorted = frames.sort((a, b) => a - b);
  return { worst: sorted[sorted.length - 1], median: sorted[Math.floor(sorted.length / 2)] };
}

/** Memory of the largest renderer in bytes: what it shares with nobody where Linux tells it, else its JavaScript heap. */
async function rendererBytes(browser: Chromium, tab: Tab): Promise<number> {
  if (process.platform !== 'linux') return tab.heap();
  return Math.max(...(await browser.renderers()).map(privateBytes));
}

function privateBytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kilobytes = [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)].map((match) => Number(match[1]));
  return 1024 * kilobytes.reduce((sum, value) => sum + value, 0);
}

const home = await mkdtemp(path.join(tmpdir(), 'meander-bench-'));
const points = Number(values.points);
const steps = Number(values.steps);
console.error('Writing runs …');
writeDataset(home);
writeRun(home, 'million', points, true);
writeRun(home, 'live', steps, false);
const host = await startHost(home);
const browser = await Chromium.start(process.env.MEANDER_BROWSER as string);
try {
  console.log(`${cpus()[0].model}, ${cpus().length} processors; ${await browser.version()}, no GPU`);
  const tab = await browser.open(`${host.url}#/runs`);
  // The first list reads the file; a link that is opened from outside has to wait for the same.
  console.log(
    `list of runs, ${points} points read for the first time: ${(await painted(tab, 'main article')).toFixed(0)} ms`,
  );
  const opens: number[] = [];
  for (let i = 0; i < tries; i++) opens.push(await openChart(tab, 'million'));
  console.log(`opening ${points} points: ${spread(opens)} ms`);
  const zooms: Awaited<ReturnType<typeof zoom>>[] = [];
  for (let i = 0; i < tries; i++) zooms.push(await zoom(tab));
  console.log(`frames while zooming, longest: ${spread(zooms.map(({ worst }) => worst))} ms`);
  console.log(`frames while zooming, median: ${spread(zooms.map(({ median }) => median))} ms`);
  await tab.close();

  const paints: number[] = [];
  for (let i = 0; i < tries; i++) paints.push(await firstPaint(browser, host.url));
  console.log(`first page, cold cache: ${spread(paints)} ms`);

  const live = await browser.open(`${host.url}#/runs/live`);
  await painted(live, 'main h1');
  await live.run(() =>
    [...document.querySelectorAll<HTMLElement>('main button')].find((b) => b.textContent === 'Start')?.click(),
  );
  const memory: number[] = [];
  const finished = (): Promise<boolean> => live.run(() => document.body.innerText.includes('100.0%'));
  while (!(await finished())) {
    memory.push(await rendererBytes(browser, live));
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  memory.push(await rendererBytes(browser, live));
  const megabytes = memory.map((bytes) => bytes / 1e6);
  const [first, most, last] = [megabytes[0], Math.max(...megabytes), megabytes[megabytes.length - 1]];
  const kind = process.platform === 'linux' ? 'private memory' : 'JavaScript heap';
  console.log(
    `renderer through ${steps} logged steps, ${kind}: ` +
      `${first.toFixed(0)} MB at the start, ${most.toFixed(0)} at most, ${last.toFixed(0)} at the end`,
  );
  console.log(
    JSON.stringify({
      first_paint_ms: round(Math.min(...paints)),
      chart_1m_open_ms: round(Math.min(...opens)),
      zoom_worst_frame_ms: round(Math.min(...zooms.map(({ worst }) => worst))),
      renderer_mb: round(most),
    }),
  );
} finally {
  await browser.close();
  host.child.kill('SIGTERM');
  await new Promise((resolve) => host.child.once('exit', resolve));
  await rm(home, { recursive: true, force: true });
}
