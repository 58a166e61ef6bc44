/** The main job in a real browser: drop a folder, prepare, configure, train, watch, pause, stop, reopen, continue, export. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { openModelFolder } from '../src/engine/checkpoint/index.ts';
import { corpus } from './corpus.ts';
import { expect, test } from './host.ts';
import { drop, open, prepareCharacters, startRun, status, workerOf } from './pages.ts';

const button = (name: string) => ({ name, exact: true }) as const;

test('from a dropped folder to an exported average', async ({ page, host }) => {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  const folder = await corpus(host.home);

  await page.goto(host.url);
  await open(page, 'Datasets');
  await drop(page, page.getByTestId('drop-area'), [folder]);
  await expect(page.getByText('40 files,')).toBeVisible();
  await expect(page.getByRole('tab', { name: '1 file skipped' })).toBeVisible();
  await page.reload();
  await prepareCharacters(page, folder);
  const card = page.getByRole('article', { name: 'speeches' });
  await card.getByRole('button', { name: 'Look inside' }).click();
  await card.getByRole('tab', { name: 'First batch' }).click();
  await expect(card.getByText('First batch, as the model sees it')).toBeVisible();

  await startRun(page, 'speeches', 'first', 600);
  await expect(status(page, 'Running')).toBeVisible();
  await expect(page.getByRole('row', { name: /raw/i }).first()).toBeVisible();

  const metrics = () => readFile(path.join(host.home, 'runs/first/metrics.jsonl'), 'utf8').catch(() => '');
  await expect.poll(metrics, { timeout: 60_000 }).toContain('"type":"train"');
  await page.getByRole('button', button('Pause')).click();
  await expect(status(page, 'Paused')).toBeVisible();
  const paused = await metrics();
  await page.waitForTimeout(1500);
  expect(await metrics()).toBe(paused);
  await page.getByRole('button', button('Continue')).click();
  await expect(status(page, 'Running')).toBeVisible();

  await page.getByRole('button', button('Stop and save')).click();
  await page.getByRole('dialog').getByRole('button', button('Stop and save')).click();
  await expect(status(page, 'Stopped')).toBeVisible();

  // Everything is found again by a new host and a new page.
  await page.goto('about:blank');
  await host.kill();
  const again = await host.restart();
  await page.goto(again.url);
  await open(page, 'Runs');
  await page.getByRole('link', { name: 'first' }).first().click();
  await page.getByRole('button', button('Resume')).click();
  await expect(status(page, 'Finished')).toBeVisible({ timeout: 90_000 });

  await page.getByRole('tab', { name: 'Sample' }).click();
  await page.getByRole('combobox', { name: 'Beside raw' }).click();
  await page.getByRole('option', { name: 'ema' }).click();
  await page.getByRole('button', button('Sample')).click();
  for (const weights of ['Raw weights', 'ema'])
    await expect(page.getByRole('region', { name: `What ${weights} wrote` })).toHaveText(/[\s\S]{150,}/, {
      timeout: 60_000,
    });

  await page.getByRole('button', button('Export')).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox', { name: 'Weights' }).click();
  await page.getByRole('option', { name: 'lawa' }).click();
  await dialog.getByRole('button', button('Export')).click();
  await expect(dialog.getByText('Exported to')).toBeVisible();

  // The exported average is the policy's average, to the bit.
  const exports = path.join(again.home, 'runs/first/exports');
  const exported = (await import('node:fs')).readdirSync(exports);
  expect(exported).toHaveLength(1);
  await sameWeights(path.join(exports, exported[0]), path.join(again.home, 'runs/first/averages/lawa/step-00000600'));
  expect(problems).toEqual([]);
});

test('a worker that is killed takes its run down, not the window', async ({ page, host }) => {
  await page.goto(host.url);
  await open(page, 'Datasets');
  await prepareCharacters(page, await corpus(host.home));
  await startRun(page, 'speeches', 'doomed', 600);
  await expect
    .poll(async () => (await checkpoints(host.home, 'doomed')).length, { timeout: 60_000 })
    .toBeGreaterThan(0);

  process.kill(await workerOf(host.home, 'doomed'), 'SIGKILL');
  await expect(page.getByText('ended by signal SIGKILL')).toBeVisible();
  await expect(page.getByText(/Resume to continue from step \d+/)).toBeVisible();
  await open(page, 'Settings');
  await expect(page.getByRole('heading', { name: 'Settings' })).toBeVisible();

  await open(page, 'Runs');
  await page.getByRole('link', { name: 'doomed' }).first().click();
  await page.getByRole('button', button('Resume')).first().click();
  await expect(status(page, 'Finished')).toBeVisible({ timeout: 90_000 });
});

test('what cannot be used is refused by name, with the next step', async ({ page, host }) => {
  const folder = await corpus(host.home);
  await page.goto(host.url);
  await open(page, 'New run');
  await expect(page.getByText('A run needs text')).toBeVisible();
  await open(page, 'Datasets');
  await drop(page, page.getByTestId('drop-area'), [path.join(folder, 'picture.txt')]);
  await expect(page.getByRole('alert').getByText('No file that can be used')).toBeVisible();
  await page.reload();
  await prepareCharacters(page, folder);
  await page.getByRole('article', { name: 'speeches' }).getByRole('link', { name: 'Train on it' }).click();
  await page.getByLabel('Steps', { exact: true }).fill('');
  await expect(page.getByRole('button', { name: /^Fix \d fields?$/ })).toBeVisible();
});

async function checkpoints(home: string, run: string): Promise<string[]> {
  const folder = path.join(home, 'runs', run, 'checkpoints');
  const { readdir } = await import('node:fs/promises');
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => existsSync(path.join(folder, name, 'DONE')));
}

async function sameWeights(a: string, b: string): Promise<void> {
  const [left, right] = await Promise.all([openModelFolder(a), openModelFolder(b)]);
  const bytes = (folder: string) => readFile(path.join(folder, 'model.safetensors'));
  expect(left.model).toEqual(right.model);
  const payload = async (folder: string): Promise<Buffer> => {
    const file = await bytes(folder);
    return file.subarray(8 + Number(file.readBigUInt64LE(0)));
  };
  expect((await payload(a)).equals(await payload(b))).toBe(true);
  await Promise.all([left.close(), right.close()]);
}
