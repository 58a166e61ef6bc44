/** Two learning rates and a cooldown over one another: from the list to the chart and the table beside it. */
import { corpus } from './corpus.ts';
import { expect, test } from './host.ts';
import { open, prepareCharacters } from './pages.ts';
import { writeRun } from './written-runs.ts';

test('runs are found, ticked, compared and cloned', async ({ page, host }) => {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  const { schedule } = await writeRun(host.home, 'low rate', { final: 2 });
  await writeRun(host.home, 'high rate', { final: 1.9, change: { schedule: { ...schedule, peak: 0.006 } } });
  await writeRun(host.home, 'cooldown', {
    final: 1.7,
    from: 60,
    change: { policies: [], init: { from: 'checkpoint', run: 'high rate', step: 60, purpose: 'cooldown' } },
  });

  await page.goto(host.url);
  await open(page, 'Datasets');
  await prepareCharacters(page, await corpus(host.home));
  await open(page, 'Runs');
  await page.getByLabel('Search runs by name').fill('RATE');
  await expect(page.getByRole('article')).toHaveCount(2);
  for (const name of ['low rate', 'high rate']) await page.getByRole('checkbox', { name: `Select ${name}` }).check();
  await page.getByRole('button', { name: 'Compare', exact: true }).click();

  await expect(page.getByRole('img', { name: 'Validation loss of low rate, high rate' })).toBeVisible();
  const legend = page.getByRole('region', { name: 'Validation loss' });
  const low = legend.getByRole('row', { name: /low rate/ });
  await expect(low).toContainText('2.0000');
  await expect(low).toContainText('1.9000');
  await expect(legend.getByRole('row', { name: /high rate/ })).toContainText(/1\.8000\s*lowest/);
  const table = page.getByRole('region', { name: 'What differs' });
  await expect(table.getByText('1 field differs')).toBeVisible();
  await expect(table.getByRole('row', { name: /schedule\.peak 3e-3 6e-3/ })).toBeVisible();

  // A child joins from its fork on, and takes the lead.
  await page.getByRole('combobox', { name: 'Add a run' }).click();
  await page.getByRole('option', { name: 'cooldown' }).click();
  await expect(legend.getByRole('row', { name: /cools down high rate from step 60/ })).toContainText(
    /1\.7000\s*lowest/,
  );
  await page.reload();
  await expect(legend.getByRole('row')).toHaveCount(4);
  await legend.getByRole('button', { name: 'Take cooldown out of the comparison' }).click();
  await expect(legend.getByRole('row')).toHaveCount(3);

  await open(page, 'Runs');
  await page.getByRole('button', { name: 'More about high rate' }).click();
  await page.getByRole('menuitem', { name: 'Clone into a new run' }).click();
  await expect(page.getByLabel('Name of the run')).toHaveValue('high rate 2');
  await expect(page.getByRole('button', { name: 'Start training' })).toBeVisible();
  await expect(page.getByLabel('Peak learning rate')).toHaveValue('6e-3');
  for (const resource of ['Memory', 'Disk'])
    await expect(page.getByRole('region', { name: resource }).getByText('fits')).toBeVisible();
  expect(problems).toEqual([]);
});
