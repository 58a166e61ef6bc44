/**
 * Pictures of every page, light and dark, 1280 and 800 wide, from a home with real runs:
 *   node scripts/screens.mjs --run NAME [--home DIR] [--out DIR]
 * The README's picture is OUT/run.png: the run's page, light, 1280 wide.
 */
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { ensureBrowser } from './lib/ensure.mjs';
import { node24, root } from './lib/node24.mjs';

const { values } = parseArgs({
  options: {
    run: { type: 'string' },
    home: { type: 'string', default: path.join(homedir(), 'Meander') },
    out: { type: 'string', default: path.join(root, 'docs/screens') },
  },
});
if (!values.run) throw new Error('--run names the run to show');
mkdirSync(values.out, { recursive: true });

const host = spawn(node24(), [path.join(root, 'out/main/server.js')], {
  env: { ...process.env, MEANDER_HOME: path.resolve(values.home) },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const url = await new Promise((resolve) => createInterface({ input: host.stdout }).once('line', resolve));
const browser = await chromium.launch({ executablePath: ensureBrowser(), args: ['--no-sandbox', '--disable-gpu'] });
const address = encodeURIComponent(values.run).replaceAll('%', '~');
const pages = {
  runs: '#/runs',
  run: `#/runs/${address}`,
  averages: `#/averages/${address}`,
  sample: `#/sample/${address}`,
  'new-run': '#/new',
  datasets: '#/datasets',
  settings: '#/settings',
  doctor: '#/settings/doctor',
};
for (const colorScheme of ['light', 'dark']) {
  for (const width of [1280, 800]) {
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 860 } });
    await page.goto(url);
    for (const [name, hash] of Object.entries(pages)) {
      await page.evaluate((to) => {
        location.hash = to;
      }, hash);
      await page.waitForTimeout(name === 'doctor' ? 8000 : 1500);
      const file = path.join(values.out, `${name}-${colorScheme}-${width}.png`);
      await page.screenshot({ path: file, fullPage: name !== 'run' || colorScheme === 'dark' || width === 800 });
    }
    await page.close();
  }
}
copyFileSync(path.join(values.out, 'run-light-1280.png'), path.join(values.out, 'run.png'));
await browser.close();
host.kill('SIGTERM');
