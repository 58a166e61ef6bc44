/** A run's page in a real browser: its chart by keyboard, what is saved of it, its log, its report. */
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from './host.ts';
import { writeRun } from './written-runs.ts';

test('a chart is zoomed by keys, smoothed and saved; the log is searched; a report names nobody', async ({
  page,
  host,
}) => {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  await writeRun(host.home, 'charted', { final: 2 });
  const folder = path.join(host.home, 'runs/charted');
  const lines: object[] = [];
  for (let step = 0; step < 100; step++) {
    const loss = Math.fround(4 - step / 50);
    lines.push({
      type: 'train',
      step,
      seconds: step,
      loss,
      gradientNorm: 1,
      learningRate: 0.003,
      tokensPerSecond: 768,
    });
  }
  const device = { type: 'device', step: 99, backend: 'native', device: 'A processor', family: 'AVX2', threads: 2 };
  const machine = { load: 0.5, workerLoad: 0.4, memory: 3e8, freeDisk: 5e10, temperature: null };
  lines.push({ ...device, peak: 1e11 }, { type: 'system', step: 99, seconds: 99, ...machine });
  lines.push({ type: 'checkpoint', step: 50, bytes: 1 }, { type: 'pause', step: 60, waited: 65 });
  await appendFile(path.join(folder, 'metrics.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  await writeFile(path.join(folder, 'log.txt'), `began\nError in ${host.home}/datasets: one\nan error again\nend\n`);

  await page.goto(`${host.url}#/runs/charted`);
  const chart = page.getByRole('img', { name: /^Validation loss of charted/ });
  await expect(chart).toBeVisible();
  for (const name of [
    'Learning rate',
    'Model FLOPs utilisation',
    'Processor load',
    'Memory of the worker',
    'Free disk',
  ])
    await expect(page.getByRole('img', { name })).toBeVisible();
  await expect(page.getByRole('img', { name: 'Temperature' })).toHaveCount(0);
  for (const mark of ['checkpoint', 'pause', 'average begins or goes'])
    await expect(page.getByText(mark, { exact: true })).toBeVisible();

  // The zoom is every chart's of the run, by keys, and is gone with the page.
  await page.getByRole('slider', { name: 'Smoothing' }).focus();
  await page.keyboard.press('ArrowRight');
  await chart.focus();
  const reset = page.getByRole('button', { name: 'Reset zoom' });
  await expect(reset).toHaveCount(0);
  for (const key of ['+', '+', 'ArrowRight']) await page.keyboard.press(key);
  await expect(reset).toBeVisible();
  await page.getByRole('button', { name: /^Save: Validation loss/ }).click();
  const [table] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: 'Data in view as CSV' }).click(),
  ]);
  const rows = (await readFile(await table.path(), 'utf8')).trim().split('\n');
  expect(table.suggestedFilename()).toBe('charted – Validation loss.csv');
  expect(rows[0]).toMatch(/^Step,"Training, not smoothed",Training,Raw weights,/);
  expect(rows.length).toBeGreaterThan(20);
  expect(rows.length).toBeLessThan(70);
  await chart.focus();
  await page.keyboard.press('0');
  await expect(reset).toHaveCount(0);
  await page.getByRole('button', { name: /^Save: Validation loss/ }).click();
  const [picture] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: 'Picture as PNG' }).click(),
  ]);
  expect((await readFile(await picture.path())).subarray(1, 4).toString()).toBe('PNG');
  await page.reload();
  await expect(page.getByRole('slider', { name: 'Smoothing' })).toHaveAttribute('aria-valuenow', '1');

  await page.getByRole('tab', { name: 'Log' }).click();
  await page.getByLabel('Search the log').fill('ERROR');
  await expect(page.getByText('1 of 2 matches')).toBeVisible();
  await page.getByLabel('Search the log').press('Enter');
  await expect(page.getByText('2 of 2 matches')).toBeVisible();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy diagnostics' }).click();
  await expect(page.getByText('Diagnostics copied')).toBeVisible({ timeout: 30_000 });
  const report = await page.evaluate(() => navigator.clipboard.readText());
  expect(report).toContain('Error in <data>/datasets: one');
  expect(report).not.toContain(host.home);
  expect(problems).toEqual([]);
});

test('a spike is shown on the chart and said, with a rescue that makes a child run', async ({ page, host }) => {
  await writeRun(host.home, 'spiked', { final: 2, change: { steps: 400 } });
  const folder = path.join(host.home, 'runs/spiked');
  const spike = { type: 'spike', step: 302, onset: 300, loss: 5, limit: 3.5, snapshots: [280, 290] };
  await appendFile(path.join(folder, 'metrics.jsonl'), `${JSON.stringify(spike)}\n`);
  await mkdir(path.join(folder, 'snapshots'));
  for (const step of spike.snapshots)
    await writeFile(path.join(folder, `snapshots/step-00000${step}.safetensors`), `${step}`);

  await page.goto(`${host.url}#/runs/spiked`);
  await expect(page.getByText('spike', { exact: true })).toBeVisible();
  const notice = page.getByRole('note').filter({ hasText: 'The training loss spiked at step 300' });
  await expect(notice).toContainText('begins at step 303 from the mean of the weights at steps 280, 290');
  await notice.getByRole('button', { name: 'Rescue' }).click();
  await expect(page.getByRole('heading', { name: 'spiked rescue', level: 1 })).toBeVisible();
  await page.getByRole('link', { name: 'spiked from step 303' }).click();
  await expect(page.getByRole('heading', { name: 'spiked', level: 1, exact: true })).toBeVisible();
  await expect(notice).toHaveCount(0);
  await expect(page.getByRole('main').getByRole('link', { name: 'spiked rescue' })).toBeVisible();
});
