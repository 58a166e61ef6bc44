/** The honest comparison on a real run: one click anneals it, and the page says which wins; then a map of its windows. */

import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { expectAccessible } from './axe.ts';
import { expect, test } from './host.ts';
import { open } from './pages.ts';
import { trainRun } from './real-run.ts';

test('a cooldown is forked, waited for, measured and said in words, and windows are mapped', async ({ page, host }) => {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  const folder = await trainRun(host.home, 'rhymes');
  await page.goto(host.url);
  await open(page, 'Runs');
  await page.getByRole('link', { name: 'rhymes' }).first().click();

  const panel = page.getByRole('region', { name: 'Against an annealed run' });
  await expect(panel.getByText('From step 100 to step 120: 20 extra updates, 17% of the run')).toBeVisible();
  await panel.getByText('linear').click();
  await panel.getByRole('button', { name: 'Fork a cooldown' }).click();

  const said = panel.getByRole('region', { name: 'What the comparison says' });
  await expect(said).toContainText(/At step 120, after the same [\d.,k ]+ tokens, .*“(lawa|ema)”/, { timeout: 60_000 });
  await expect(said).toContainText('was chosen among 2 averages on every other block');
  await expect(said).toContainText('The cooldown cost 20 extra updates, 17% of the run');
  await expect(said).toContainText('over the same 16 validation blocks. It does not cover seeds');
  await expect(panel.getByRole('img', { name: /raw weights|and the annealed run rhymes cooldown/ })).toBeVisible();
  const table = panel.getByRole('table', { name: 'Losses at step 120' });
  await expect(table.getByRole('row')).toHaveCount(5);
  for (const of of ['Raw weights', 'lawa', 'ema'])
    await expect(table.getByRole('row', { name: new RegExp(`^${of} .* ± \\d`) })).toBeVisible();
  await expectAccessible(page, 'the comparison');

  // A child is a run of its own, and sends back to where the comparison stands.
  await panel.getByRole('link', { name: 'Open the cooldown' }).click();
  await expect(panel.getByText('This run is a cooldown itself')).toBeVisible();
  await panel.getByRole('link', { name: 'rhymes', exact: true }).click();
  await expect(said).toContainText('At step 120');

  // How long a window should have been, from what the run kept.
  await open(page, 'Averages');
  await page.getByRole('combobox', { name: 'Run' }).click();
  await page.getByRole('option', { name: 'rhymes', exact: true }).click();
  const map = page.getByRole('region', { name: 'Map of windows' });
  await map.getByLabel('Snapshots (k)').fill('2, one');
  await expect(map.getByRole('button', { name: 'Measure the map' })).toBeDisabled();
  await map.getByLabel('Snapshots (k)').fill('2, 4, 8');
  await expect(map.getByText(/^\d+ evaluations of 16 blocks/)).toBeVisible();
  await map.getByRole('button', { name: 'Measure the map' }).click();
  await expect(map.getByText(/^Best of \d+: k = \d/)).toBeVisible({ timeout: 30_000 });
  await expect(map.getByRole('cell', { name: /^[−+]0\.\d{4} best$/ })).toHaveCount(1);
  await expect(map.getByRole('row', { name: /^8 .* not kept not kept$/ })).toBeVisible();
  await expect(map.getByRole('row', { name: /^Raw weights [−+]0\.\d{4} ± 0\.\d{4}/ })).toBeVisible();
  await expectAccessible(page, 'the map');
  await open(page, 'Runs');
  await page.getByRole('link', { name: 'rhymes', exact: true }).click();

  // Without weights of that step there is no error, and so no winner.
  const checkpoints = path.join(folder, 'checkpoints');
  for (const name of await readdir(checkpoints))
    if (name.endsWith('120')) await rm(path.join(checkpoints, name), { recursive: true });
  await page.reload();
  await expect(said).toContainText('no longer keeps its checkpoint at step 120');
  await expect(said).not.toContainText('wins');
  expect(problems).toEqual([]);
});
