/** Averages chosen on the New run page, in a real browser: a weighted window and a power EMA. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { corpus } from './corpus.ts';
import { expect, test } from './host.ts';
import { open, prepareCharacters, status } from './pages.ts';

test('a weighted window and a power EMA are added, watch a run, and are in its folder', async ({ page, host }) => {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  const folder = await corpus(host.home);
  await page.goto(host.url);
  await open(page, 'Datasets');
  await prepareCharacters(page, folder);
  await page.getByRole('article', { name: 'speeches' }).getByRole('link', { name: 'Train on it' }).click();
  await page.getByLabel('Name of the run').fill('averaged');
  await page.getByLabel('Steps', { exact: true }).fill('300');
  await page.getByLabel('Steps', { exact: true }).blur();
  await page.getByLabel('Micro-batch').fill('4');
  await page.getByLabel('Validation blocks').fill('32');
  await page.getByLabel('Evaluate every').fill('60');

  const add = async (name: RegExp) => {
    await page.getByRole('button', { name: 'Add an average' }).click();
    await page.getByRole('menuitem', { name }).click();
  };
  await add(/^WMA/);
  const wma = page.getByRole('region', { name: 'Average wma' });
  await wma.getByRole('combobox', { name: 'Weights' }).click();
  await page.getByRole('option', { name: 'Exponential' }).click();
  await wma.getByLabel('Share of the newest (a)').fill('0.3');
  await wma.getByLabel('Snapshots (k)').fill('4');
  await add(/^Power EMA/);
  const power = page.getByRole('region', { name: 'Average power' });
  await power.getByLabel('Second width').fill('0.5');
  await expect(page.getByRole('button', { name: 'Fix 1 field' })).toBeVisible();
  await power.getByLabel('Second width').fill('0.2');
  await page.getByRole('button', { name: 'Start training' }).click();
  await expect(status(page, 'Finished')).toBeVisible({ timeout: 90_000 });
  await expect(page.getByText('4 of 4').first()).toBeVisible();
  await expect(page.getByText('power', { exact: true }).first()).toBeVisible();

  const run = path.join(host.home, 'runs/averaged');
  const { policies } = JSON.parse(await readFile(path.join(run, 'run.json'), 'utf8')).config;
  expect(policies.slice(-2)).toMatchObject([
    { kind: 'wma', weights: 'exponential', a: 0.3, k: 4 },
    { kind: 'power', widths: [0.05, 0.2] },
  ]);
  expect((await readdir(path.join(run, 'averages'))).sort()).toEqual(['ema', 'lawa', 'power', 'swa', 'wma']);
  expect((await readdir(path.join(run, 'pairs/power'))).length).toBeGreaterThan(8);

  await page.getByRole('button', { name: 'Export', exact: true }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('combobox', { name: 'Weights' }).click();
  await page.getByRole('option', { name: 'power' }).click();
  await dialog.getByLabel(/^Width/).fill('0.1');
  await dialog.getByRole('button', { name: 'Export', exact: true }).click();
  await expect(dialog.getByRole('status')).toBeVisible({ timeout: 30_000 });
  const [exported] = await readdir(path.join(run, 'exports'));
  expect(exported).toContain('power@0.1');
  const card = await readFile(path.join(run, 'exports', exported, 'README.md'), 'utf8');
  expect(card).toContain('Power EMA: width 0.1 of the time since step');
  expect(problems).toEqual([]);
});
