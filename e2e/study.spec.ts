/** A study in a real browser: asked for beside the form of a new run, and read where its runs have trained. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { prepareDataset } from '../src/engine/data/index.ts';
import { prepareConfig } from '../src/shared/dataset.ts';
import { expectAccessible } from './axe.ts';
import { corpus } from './corpus.ts';
import { expect, test } from './host.ts';
import { open } from './pages.ts';
import { writeStudy } from './written-studies.ts';

const button = (name: string) => ({ name, exact: true }) as const;

test('is planned with its cost, queued, and shows how far it is', async ({ page, host }) => {
  const config = prepareConfig.parse({ name: 'talks', sources: [await corpus(host.home)], tokenizer: 'characters' });
  const hooks = { onProgress: () => {}, signal: new AbortController().signal };
  await prepareDataset(path.join(host.home, 'datasets/talks'), config, hooks);
  await page.goto(host.url);
  await open(page, 'Studies');
  await expect(page.getByText('No study yet')).toBeVisible();
  await page.getByRole('main').getByRole('link', { name: 'New run' }).click();
  await page.getByRole('button', button('Choose a dataset')).click();
  await page.getByRole('option', { name: 'talks' }).click();
  await page.getByLabel('Steps', { exact: true }).fill('200');
  await page.getByRole('button', button('Study it')).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Peak learning rates').fill('1e-3, 3e-3');
  await dialog.getByLabel('Seeds').fill('1, 2');
  await expect(dialog.getByText('2 given; a deviation over seeds wants at least 3')).toBeVisible();
  await expect(dialog.getByRole('button', button('Queue the study'))).toBeDisabled();
  await dialog.getByLabel('Seeds').fill('1..3');
  await dialog.getByLabel('Steps between snapshots').fill('5, 10');
  await dialog.getByLabel('Name').fill('rates');
  await expect(
    dialog.getByText('6 runs of 200 updates and a cooldown of 40 for each: 1,440 updates in all.'),
  ).toBeVisible();
  await dialog.getByRole('button', button('Queue the study')).click();
  await expect(page.getByRole('heading', { name: 'rates', level: 1 })).toBeVisible();
  await expect(page.getByText('0 of 6', { exact: false })).toBeVisible();
  await expect(page.getByRole('link', { name: 'rates lr=3e-3 seed=3' })).toBeVisible();
  await expect(page.getByText('not made yet').first()).toBeVisible();
});

test('says what was found, draws it, hands it out, and can be forgotten', async ({ page, host }) => {
  await writeStudy(host.home, 'windows');
  await page.goto(host.url);
  await open(page, 'Studies');
  await expect(page.getByText('6 of 6')).toBeVisible();
  await page.getByRole('link', { name: 'windows' }).click();
  await expect(page.getByText(/^Raw at its best rate, 3e-3: 2\.\d{4} ± /)).toBeVisible();
  await expect(
    page.getByText(/^Annealed run at 3e-3: .* against the best average\. Each cost 20 extra updates/),
  ).toBeVisible();
  const figure = page.getByRole('img', { name: 'Loss and gain against learning rate' });
  await expect.poll(() => figure.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(400);
  await expectAccessible(page, 'study, light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await expectAccessible(page, 'study, dark', ['color-contrast']);
  const saving = page.waitForEvent('download');
  await page.getByRole('button', button('Save results.csv')).click();
  const csv = await readFile(await (await saving).path(), 'utf8');
  expect(csv).toContain('learning_rate,seed,weights,step');
  expect(csv).toContain('0.003,2,annealed,100');
  await page.getByRole('button', button('Forget')).click();
  await page.getByRole('dialog').getByRole('button', button('Forget')).click();
  await expect(page.getByText('No study yet')).toBeVisible();
  // One that the command line made has figures on the disk and no place here.
  await mkdir(path.join(host.home, 'studies/by hand'), { recursive: true });
  await writeFile(path.join(host.home, 'studies/by hand/results.csv'), '');
  await page.reload();
  await expect(page.getByText('No study yet')).toBeVisible();
});
