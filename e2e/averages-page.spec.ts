/** The pages Averages and Sample over a real run: a mean drawn, measured, written, deleted; a merge dropped; samples. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { openModelFolder } from '../src/engine/checkpoint/index.ts';
import { expect, test } from './host.ts';
import { drop, open } from './pages.ts';
import { trainRun } from './real-run.ts';

test('averages are looked into, drawn anew, measured, written, merged and sampled', async ({ page, host }) => {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  const run = await trainRun(host.home, 'rhymes');
  await page.goto(host.url);
  await open(page, 'Averages');
  await expect(page.getByText('Which run?')).toBeVisible();
  await page.getByRole('combobox', { name: 'Run' }).click();
  await page.getByRole('option', { name: 'rhymes' }).click();
  await expect(page).toHaveURL(/#\/averages\/rhymes$/);

  const lawa = page.getByRole('article', { name: 'lawa' });
  await expect(lawa.getByText('4 of 4')).toBeVisible();
  await expect(lawa.getByRole('row', { name: /^120 25\.0% checkpoint/ })).toBeVisible();
  await expect(lawa.getByRole('row', { name: /^110 25\.0% snapshot/ })).toBeVisible();
  await expect(lawa.getByRole('img', { name: /^Gain of lawa over the raw weights/ })).toBeVisible();

  // All by drag, then fewer by keyboard.
  const kept = page.getByRole('region', { name: 'Checkpoints and snapshots' });
  const plot = page.getByTestId('trajectory');
  await plot.scrollIntoViewIfNeeded();
  const box = await plot.boundingBox();
  if (!box) throw new Error('the timeline is not visible');
  await page.mouse.move(box.x + 1, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2, box.y + 50);
  await page.mouse.move(box.x + box.width - 1, box.y + 50);
  await page.mouse.up();
  const first = kept.getByRole('slider', { name: 'First step of the window' });
  const all = Number(await first.getAttribute('aria-valuenow'));
  expect(all).toBe(Number(await first.getAttribute('aria-valuemin')));
  const measure = async () => {
    await kept.getByRole('button', { name: 'Measure its loss' }).click();
    await expect(kept.getByRole('row', { name: /this window/ })).toContainText(/±/, { timeout: 30_000 });
  };
  await measure();
  await first.press('End');
  await first.press('ArrowLeft');
  await first.press('ArrowLeft');
  const from = Number(await first.getAttribute('aria-valuenow'));
  expect(from).toBeGreaterThan(all);
  await measure();
  const losses = kept.getByRole('table', { name: /Losses on the run/ });
  await expect(losses.getByRole('row')).toHaveCount(1 + 3 + 2);
  await expect(kept.getByText(/^Chosen on every other block: Mean of/)).toBeVisible();

  await kept.getByRole('button', { name: 'Write it as a model' }).click();
  await expect(kept.getByText(/the same as before it was written/)).toBeVisible({ timeout: 30_000 });
  const folders = await readdir(path.join(run, 'averages'));
  const window = folders.find((name) => name.startsWith(`window@${from}-120-k`)) as string;
  const written = path.join(run, 'averages', window, 'step-00000120');
  await (await openModelFolder(written)).close();
  const models = page.getByRole('table', { name: 'Written from this run' });
  await models.getByRole('button', { name: `More about ${window}/step-00000120` }).click();
  await page.getByRole('menuitem', { name: 'Delete model' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete model' }).click();
  await expect(models.getByText(window)).toHaveCount(0);
  expect(existsSync(written)).toBe(false);

  await page.getByRole('button', { name: 'Export ema' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('nanoGPT .pt').click();
  await dialog.getByRole('button', { name: 'Export', exact: true }).click();
  await expect(dialog.getByText(/weights are what they should be/)).toBeVisible({ timeout: 30_000 });
  await expect(dialog.getByText(/the same as before it was written/)).toBeVisible();
  await page.keyboard.press('Escape');
  const nano = path.join(run, 'exports/ema-step-120-float32.pt');
  expect(existsSync(nano)).toBe(true);
  await expect(models.getByRole('row', { name: /ema-step-120-float32\.pt/ })).toContainText('nanoGPT');

  // Models of others: one dropped, one named by its path; a nanoGPT file and a Hugging Face folder.
  const merge = page.getByRole('region', { name: 'Average models of others' });
  await drop(page, page.getByTestId('drop-area'), [nano], 'Drop to average them');
  await expect(merge.getByText('Add at least one more')).toBeVisible();
  await merge.getByLabel('Path of a model folder or file').fill(path.join(run, 'checkpoints/step-00000120'));
  await merge.getByRole('button', { name: 'Add' }).click();
  await merge.getByLabel('Name of the mean').fill('both');
  await merge.getByRole('button', { name: 'Average them' }).click();
  await expect(merge.getByText(/of weights, SHA-256/)).toBeVisible({ timeout: 30_000 });
  await (await openModelFolder(path.join(host.home, 'averages/both'))).close();

  await page.getByRole('link', { name: 'Sample from both' }).click();
  const both = page.getByRole('region', { name: /^What .*both wrote/ });
  await page.getByRole('button', { name: 'Sample', exact: true }).click();
  await expect(both).toHaveText(/\S{3}/, { timeout: 30_000 });
  await page.getByRole('combobox', { name: 'From' }).click();
  await page.getByRole('option', { name: 'rhymes' }).click();
  await page.getByLabel('Prompt', { exact: true }).fill('The great ');
  await page.getByLabel('Name of the prompt').fill('greatness');
  await page.getByRole('button', { name: 'Save this prompt' }).click();
  await page.getByLabel('Prompt', { exact: true }).fill('');
  await page.getByRole('button', { name: 'Use greatness' }).click();
  await page.getByLabel('Length').fill('4096');
  await page.getByRole('button', { name: 'Sample', exact: true }).click();
  // At once: so small a model writes its 4,096 tokens in the time between two looks.
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  const raw = page.getByRole('region', { name: 'What Raw weights wrote' });
  await expect(raw).toContainText('Stopped.');
  expect(((await raw.textContent()) ?? '').length).toBeLessThan(4000);
  await expect(page.getByText('Stopped.')).toHaveCount(2);
  expect(problems).toEqual([]);
});
