/** The page Models: revisions of others listed where they lie, merged, and gone. */
import { existsSync } from 'node:fs';
import { cp, mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from './host.ts';
import { open } from './pages.ts';

const fixtures = path.join(import.meta.dirname, '../bench/goldens/fixtures/torch');

test('revisions are listed in place, merged by a sliding mean, and shown as missing once they are moved', async ({
  page,
  host,
}) => {
  const folder = path.join(host.home, 'nanoGPT out');
  await mkdir(folder);
  for (const i of [1, 2]) await cp(path.join(fixtures, `nanogpt-${i}.pt`), path.join(folder, `ckpt_${i}000.pt`));
  await page.goto(host.url);
  await open(page, 'Models');
  await expect(page.getByRole('heading', { name: 'No models yet' })).toBeVisible();
  const field = page.getByRole('textbox', { name: 'Path of a model, or of a folder of revisions' });
  await field.fill(path.join(host.home, 'nothing'));
  await field.press('Enter');
  await expect(page.getByRole('alert')).toContainText('There is no folder');
  await field.fill(folder);
  await field.press('Enter');
  await expect(page.getByText('2 revisions, steps 1,000 to 2,000', { exact: false })).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
  await page.getByRole('checkbox', { name: 'Choose nanoGPT out' }).check();

  const merge = page.getByRole('region', { name: 'Merge' });
  await merge.getByRole('combobox', { name: 'Which' }).click();
  await page.getByRole('option', { name: 'Sliding' }).click();
  await merge.getByRole('textbox', { name: 'k', exact: true }).fill('2');
  await merge.getByRole('textbox', { name: 'Name' }).fill('slid');
  await merge.getByRole('button', { name: 'Merge', exact: true }).click();
  await expect(merge.getByRole('status').getByText('Written', { exact: true })).toBeVisible();
  expect(existsSync(path.join(host.home, 'averages/slid/step-00002000/model.safetensors'))).toBe(true);
  await expect(merge.getByRole('textbox', { name: 'Name' })).not.toHaveValue('slid');

  await page.getByRole('link', { name: 'Start a run from nanoGPT out' }).click();
  await expect(page).toHaveURL(/#\/new$/);

  await rename(folder, `${folder} elsewhere`);
  await open(page, 'Models');
  await page.reload();
  await expect(page.getByText('Not there any more')).toBeVisible();
  await page.getByRole('button', { name: 'Take nanoGPT out off the list' }).click();
  await expect(page.getByRole('heading', { name: 'No models yet' })).toBeVisible();
  expect(existsSync(`${folder} elsewhere`)).toBe(true);
});
