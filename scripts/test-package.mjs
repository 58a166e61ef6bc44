/**
 * Tries the package that a user would install, from the installed place, on a screen of its own and with an empty home:
 *   node scripts/test-package.mjs [--deb FILE] [--install] [--out DIR]
 * Without --deb it makes deb-window first. Unpacked by default; --install uses dpkg, as root, and removes it again.
 * DIR gets pictures of the screen. The last line counts the checks.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureBrowser, ensureInstalled } from './lib/ensure.mjs';
import { node24, root } from './lib/node24.mjs';

if (Number(process.versions.node.split('.')[0]) < 22) {
  // What this uses of zlib and Playwright is newer than the oldest Node that installs Meander.
  const { status } = spawnSync(node24(), process.argv.slice(1), { stdio: 'inherit' });
  process.exit(status ?? 1);
}
const { values } = parseArgs({
  options: { deb: { type: 'string' }, install: { type: 'boolean' }, out: { type: 'string' } },
});
ensureInstalled();
const { chromium } = await import('@playwright/test');
const { openScreen } = await import('./lib/x-screen.mjs');

const scratch = mkdtempSync(path.join(tmpdir(), 'meander-package-'));
const totals = { passed: 0, failed: 0 };
const undo = [() => rmSync(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })];
const check = (name, ok, detail = '') => {
  totals[ok ? 'passed' : 'failed']++;
  console.log(`${ok ? 'passed' : 'FAILED'}: ${name}${detail && `: ${detail}`}`);
};
const run = (command, args, options = {}) => {
  const done = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], ...options });
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')} failed`);
  return done.stdout;
};
/** Waits until it holds; false after so many seconds. */
async function until(condition, seconds = 30) {
  for (let tries = 0; tries < 10 * seconds; tries++) {
    if (await condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

try {
  await tryPackage();
} catch (error) {
  check('the package was tried to its end', false, error.stack);
} finally {
  for (const step of undo.reverse()) await step();
}
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exitCode = totals.failed > 0 ? 1 : 0;

async function tryPackage() {
  const deb = values.deb ?? run(process.execPath, [path.join(root, 'scripts/package.mjs'), 'deb-window']).trim();
  const system = install(deb);
  const folder = { home: path.join(scratch, 'home'), texts: path.join(scratch, 'texts of mine') };
  for (const made of Object.values(folder)) mkdirSync(made);
  writeFileSync(path.join(folder.texts, 'a.txt'), 'It was the best of times, it was the worst of times. '.repeat(400));
  // What the first start asks is none of a package's business.
  const settings = path.join(folder.home, '.config/Meander/settings.json');
  mkdirSync(path.dirname(settings), { recursive: true });
  writeFileSync(settings, '{"firstRunDone":true}');
  const screen = await openScreen();
  undo.push(() => screen.end());
  const picture = (name) => {
    if (!values.out) return;
    mkdirSync(values.out, { recursive: true });
    writeFileSync(path.join(values.out, `${name}.png`), screen.picture());
  };
  // As a desktop starts it: nothing of this checkout in the environment.
  const env = {
    HOME: folder.home,
    PATH: `${path.join(system, 'usr/bin')}:/usr/local/bin:/usr/bin:/bin`,
    DISPLAY: screen.display,
    LANG: 'C.UTF-8',
  };
  const start = (...things) => startEntry(system, things, env);

  const version = run('meander', ['--help'], { env });
  check('the command line answers', version.includes('meander COMMAND'));
  const doctor = run('meander', ['doctor', '--json'], { env });
  check('its worker has the native engine', /"name":\s*"native"[^}]*"works":\s*true/.test(doctor));
  const apart = path.join(scratch, 'by threads');
  const args = ['prepare', folder.texts, '--name', 'set', '--split', 'tail', '--threads', '2', '--home', apart];
  run('meander', args, { env });
  check('its worker makes tokens on threads', existsSync(path.join(apart, 'datasets/set/dataset.json')));

  const first = await start(pathToFileURL(folder.texts).href);
  const page = await first.page();
  await page.getByText('a.txt').or(page.getByText('1 file')).first().waitFor({ timeout: 60_000 });
  check('a folder that is opened with it leads to what a worker found there', true);
  await page.waitForTimeout(500);
  picture('opened-with');
  await page
    .getByRole('button', { name: /prepare/i })
    .last()
    .click();
  const datasets = path.join(folder.home, 'Meander/datasets');
  const ready = () =>
    existsSync(datasets) && readdirSync(datasets).some((d) => existsSync(path.join(datasets, d, 'dataset.json')));
  check('a worker prepares it', await until(ready, 60));
  await page.getByRole('navigation').getByRole('link', { name: 'Settings' }).click();
  await page
    .getByText(path.join(folder.home, 'Meander'))
    .or(page.getByLabel(/folder/i))
    .first()
    .waitFor();
  await page.waitForTimeout(500);
  picture('settings');

  // A run that trains when its window is closed is met again by a later start.
  const name = 'while away';
  await beginRun(first.address(), name);
  await first.close();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  check('a run goes on when its window is closed', first.code() === null && hosts(system).length === 1);
  const back = await start(`meander://run/${encodeURIComponent(name)}`);
  const met = await back.page();
  await met.getByRole('heading', { name }).waitFor({ timeout: 30_000 });
  check('a later start shows it, on the same host', hosts(system).length === 1);
  await met.waitForTimeout(1000);
  picture('run-met-again');

  const second = await start('meander://run/nowhere');
  const other = await second.page();
  await other.getByText('There is no run "nowhere"').waitFor({ timeout: 30_000 });
  check('a second start is a window of the first, and says what its link does not find', hosts(system).length === 1);
  picture('second-start');
  await second.close();
  check('a second window’s program ends with it', await until(() => second.code() !== null));
  check('the first goes on', first.code() === null && hosts(system).length === 1);
  await call(back.address(), 'runs.stop', { name });
  await back.close();
  const starts = [first, back, second];
  const over = () => starts.every((started) => started.code() !== null) && hosts(system).length === 0;
  check('when it has saved, and no window is left, the app ends', await until(over, 60));
  const codes = starts.map((started) => started.code());
  check(
    'each start ended in order',
    codes.every((code) => code === 0),
    codes.join(', '),
  );
  const checkpoints = path.join(folder.home, 'Meander/runs', name, 'checkpoints');
  check('the run is saved', existsSync(checkpoints) && readdirSync(checkpoints).length > 0);
  const left = readdirSync(folder.home).filter(
    (name) => !['.config', 'Meander', '.cache', '.local', '.pki'].includes(name),
  );
  check('nothing else was written into the home', left.length === 0, left.join(', '));
  const written = readdirSync(path.join(folder.home, '.config/Meander'));
  check('no address is left behind', !written.some((name) => name.startsWith('host-')), written.join(', '));
}

/** @returns the folder that stands for /. */
function install(deb) {
  if (values.install) {
    run('dpkg', ['--install', deb]);
    undo.push(() => run('dpkg', ['--purge', 'meander-window']));
    return '/';
  }
  const system = path.join(scratch, 'system');
  run('dpkg-deb', ['-x', deb, system]);
  return system;
}

/** One call through the door of the host at this address, as its window makes them. */
async function call(address, method, input) {
  const { host, searchParams } = new URL(address);
  const { WebSocket } = await import('ws');
  const door = new WebSocket(`ws://${host}/door`, {
    headers: { authorization: `Bearer ${searchParams.get('token')}` },
  });
  try {
    return await new Promise((resolve, reject) => {
      door.on('error', reject);
      door.on('open', () => door.send(JSON.stringify({ id: 1, method, input })));
      door.on('message', (message) => {
        const answer = JSON.parse(message);
        if (answer.id === 1) answer.ok ? resolve(answer.output) : reject(new Error(answer.error.message));
      });
    });
  } finally {
    door.terminate();
  }
}

/** A small run that is not over before this program is. */
async function beginRun(address, name) {
  const [dataset] = await call(address, 'datasets.list', null);
  const { presetConfig } = await import('../src/shared/presets.ts');
  const { folder, meta } = dataset;
  const config = presetConfig('quickstart', { name, dataset: { folder, tokenizer: meta.tokenizer } });
  await call(address, 'runs.create', { ...config, steps: 1_000_000 });
  await call(address, 'runs.start', { name });
}

/** Programs of the installed tree that serve a window. */
function hosts(system) {
  const entry = path.join(system, 'opt/meander/out/main/server.js');
  return readdirSync('/proc').filter((name) => {
    try {
      const args = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      return args.some((argument) => path.normalize(argument) === path.normalize(entry));
    } catch {
      return false;
    }
  });
}

/** Runs the command of the desktop entry, whose browser can be driven from here. */
async function startEntry(system, things, env) {
  const entry = readFileSync(path.join(system, 'usr/share/applications/meander.desktop'), 'utf8');
  const command = /^Exec=(\S+) %U$/m.exec(entry)?.[1];
  if (!command) throw new Error('the desktop entry has no command that takes addresses');
  const folder = mkdtempSync(path.join(scratch, 'browser-'));
  const browser = path.join(folder, 'browser');
  const port = path.join(folder, 'port');
  // Chromium picks a free port itself and writes it into its profile, whose place only the app knows.
  writeFileSync(
    browser,
    `#!/bin/sh\nfor a in "$@"; do case "$a" in --user-data-dir=*) echo "\${a#--user-data-dir=}" > "${port}";; esac; done\n` +
      `exec "${ensureBrowser()}" --remote-debugging-port=0 --disable-gpu --disable-dev-shm-usage "$@"\n`,
  );
  chmodSync(browser, 0o755);
  const child = spawn(command, things, {
    env: { ...env, MEANDER_BROWSER: browser },
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let code = null;
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  child.on('exit', (status, signal) => {
    code = status ?? signal;
  });
  undo.push(() => child.kill());
  const chosen = () => {
    try {
      const profile = readFileSync(port, 'utf8').trim();
      return readFileSync(path.join(profile, 'DevToolsActivePort'), 'utf8').split('\n')[0];
    } catch {
      return null;
    }
  };
  if (!(await until(chosen, 60))) throw new Error(`${command} opened no window`);
  const connection = await chromium.connectOverCDP(`http://127.0.0.1:${chosen()}`);
  const pages = () => connection.contexts().flatMap((context) => context.pages());
  return {
    async page() {
      await until(() => pages().some((page) => page.url().startsWith('http://127.0.0.1:')));
      return pages().find((page) => page.url().startsWith('http://127.0.0.1:'));
    },
    address: () => /http:\S+/.exec(said)?.[0],
    code: () => code,
    /** As a user closes it: the window goes, and the browser with its last window. */
    close: () => Promise.all(pages().map((page) => page.close({ runBeforeUnload: false }))),
  };
}
