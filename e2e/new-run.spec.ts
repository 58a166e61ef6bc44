/** Setting up a run in a real browser, and what the datasets page says when something is wrong. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { prepareDataset } from '../src/engine/data/index.ts';
import { runConfig } from '../src/shared/config.ts';
import { prepareConfig } from '../src/shared/dataset.ts';
import { corpus } from './corpus.ts';
import { expect, test } from './host.ts';
import { open } from './pages.ts';

const button = (name: string) => ({ name, exact: true }) as const;

async function dataset(home: string, name: string): Promise<void> {
  const config = prepareConfig.parse({ name, sources: [await corpus(home)], tokenizer: 'characters' });
  const hooks = { onProgress: () => {}, signal: new AbortController().signal };
  await prepareDataset(path.join(home, 'datasets', name), config, hooks);
}

const depth = (page: Page, name: string) => page.getByText(name, { exact: true }).first().click();

test('a run is set up in three depths, timed, fitted, kept, and carried by a file', async ({ page, host }) => {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  await dataset(host.home, 'talks');
  await page.goto(host.url);
  await open(page, 'New run');

  await page.getByRole('button', button('Choose a dataset')).click();
  await page.getByRole('option', { name: 'talks' }).click();
  await expect(page.getByRole('button', button('Start training'))).toBeVisible();
  await expect(page.getByRole('region', { name: 'Row 1: Token ids' })).toHaveText(/^\d+( \d+){63}$/);

  await depth(page, 'Preset');
  await expect(page.getByRole('textbox', { name: 'Peak learning rate' })).toBeHidden();
  await depth(page, 'Everything');
  await expect(page.getByLabel('Adam β₁')).toBeVisible();
  await expect(page.getByText('Bound on the norm of the mean gradient. 0 turns it off.')).toBeVisible();

  const changes = page.getByRole('region', { name: 'What differs from the preset' }).first();
  await page.getByRole('textbox', { name: 'Peak learning rate' }).fill('2e-3');
  await page.getByRole('textbox', { name: 'Adam β₂' }).fill('0.98');
  await page.getByRole('textbox', { name: 'Layers' }).fill('2');
  await expect(changes.getByText('3 values differ from “Quickstart”')).toBeVisible();
  await changes.getByRole('button', button('Show differences')).click();
  await changes.getByRole('button', button('Back to the preset’s Adam β₂')).click();
  await expect(page.getByRole('textbox', { name: 'Adam β₂' })).toHaveValue('0.99');
  await expect(changes.getByText('2 values differ from “Quickstart”')).toBeVisible();
  await depth(page, 'Preset');
  await expect(changes.getByText('2 of these are not shown at this depth.')).toBeVisible();
  await depth(page, 'Common');

  // What is set up stays: on another page, and when the window is loaded again.
  await open(page, 'Runs');
  await open(page, 'New run');
  await expect(page.getByRole('textbox', { name: 'Peak learning rate' })).toHaveValue('2e-3');
  await page.reload();
  await expect(page.getByRole('textbox', { name: 'Peak learning rate' })).toHaveValue('2e-3');
  await expect(page.getByRole('button', button('Start training'))).toBeVisible();

  const time = page.getByRole('region', button('Time'));
  await time.getByRole('button', button('Measure')).click();
  await expect(time.getByText('Per step')).toBeVisible({ timeout: 30_000 });
  await expect(time.getByText(/tokens\/s/)).toBeVisible();
  await page.getByLabel('Fit to my time').fill('0.01');
  await page.getByRole('button', button('Fit')).click();
  await expect(page.getByText('Fitted to 0.01 h')).toBeVisible();
  await expect(time.getByText(/^3\d s$/)).toBeVisible();
  await page.getByRole('textbox', { name: 'Layers' }).fill('3');
  await expect(time.getByText('Measured for other settings. Measure again.')).toBeVisible();

  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', button('Save config')).click(),
  ]);
  const file = path.join(host.home, 'kept.json');
  await saved.saveAs(file);
  const config = runConfig.parse(JSON.parse(await readFile(file, 'utf8')));
  expect(config).toMatchObject({ model: { layers: 3 }, schedule: { peak: 0.002 } });
  await page.getByRole('textbox', { name: 'Layers' }).fill('');
  await page.getByRole('textbox', { name: 'Layers' }).blur();
  await expect(page.getByRole('button', button('Fix 1 field'))).toBeVisible();
  const bad = path.join(host.home, 'bad.json');
  await writeFile(bad, JSON.stringify({ ...config, colour: 'red', model: { ...config.model, heads: 'four' } }));
  const chooser = page.locator('input[type=file]');
  await chooser.setInputFiles(bad);
  const refusal = page.getByRole('alert');
  await expect(refusal).toContainText('model.heads: takes a number, not "four"');
  await expect(refusal).toContainText('colour: there is no such key');
  await chooser.setInputFiles(file);
  await expect(page.getByText('Filled in from kept.json')).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Layers' })).toHaveValue('3');
  await expect(page.getByRole('button', button('Start training'))).toBeVisible();
  expect(problems).toEqual([]);
});

test('datasets: a wrong path, a field that is chosen, a preparation that cannot succeed', async ({ page, host }) => {
  const folder = path.join(host.home, 'records');
  await mkdir(folder);
  const records = [
    { text: 'abstract one', body_of_it: 'the whole first story' },
    { text: 'abstract two', body_of_it: 'the whole second story' },
  ];
  await writeFile(path.join(folder, 'a.jsonl'), records.map((record) => JSON.stringify(record)).join('\n'));
  await page.goto(host.url);
  await open(page, 'Datasets');
  await expect(page.getByRole('region', { name: 'OpenWebText' })).toContainText('18.1 GB');

  const place = page.getByLabel('Path of a file or folder on the machine that runs Meander');
  await place.fill('records');
  await place.press('Enter');
  await expect(page.getByText('Give the whole path, from the root of the disk')).toBeVisible();
  await place.fill(path.join(host.home, 'nowhere'));
  await place.press('Enter');
  await expect(page.getByText('it does not exist')).toBeVisible();
  await page.getByRole('button', button('Close')).click();
  await place.fill(folder);
  await place.press('Enter');

  const beginnings = page.getByRole('region', { name: 'How the first documents begin' });
  await expect(beginnings).toContainText('abstract one');
  await page.getByRole('combobox', { name: 'Text field' }).click();
  await page.getByRole('option', { name: 'body_of_it' }).click();
  await expect(beginnings).toContainText('the whole first story');
  await page.getByText('Last part', { exact: true }).click();
  await page.getByLabel('Share for validation').fill('0.1');
  await page.getByText('Bytes', { exact: true }).click();
  await page.getByRole('button', button('Prepare dataset')).click();

  const card = page.getByRole('article', { name: 'records' });
  await expect(card.getByText('Failed', { exact: true })).toBeVisible({ timeout: 30_000 });
  await expect(card.getByRole('alert')).toContainText('it needs at least 2');
  await card.getByRole('button', button('Change and try again')).click();
  await expect(page.getByRole('combobox', { name: 'Text field' })).toHaveValue('body_of_it');
  await page.getByLabel('Share for validation').fill('40');
  await page.getByRole('button', button('Prepare dataset')).click();
  await expect(card.getByText('Ready')).toBeVisible({ timeout: 30_000 });
  await card.getByRole('button', button('Look inside')).click();
  await expect(card.getByRole('region', { name: 'How the training text begins: Text' })).toContainText(
    'the whole first',
  );
  await card.getByRole('tab', button('Documents by length')).click();
  await expect(card.getByRole('region', button('Shortest'))).toContainText('a.jsonl, line 1');
});
