/** What a person does on the pages, in the words that stand there. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, type Locator, type Page } from '@playwright/test';

/** Goes to a page by the navigation. */
export async function open(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation').getByRole('link', { name }).click();
}

/** The badge beside a run's name. */
export const status = (page: Page, word: string): Locator => page.getByText(word, { exact: true }).first();

/** Drags files and folders in from the system, as the browser itself would deliver them. */
export async function drop(
  page: Page,
  target: Locator,
  files: readonly string[],
  says = 'Drop to look inside',
): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const box = await target.boundingBox();
  if (!box) throw new Error('the target of the drop is not visible');
  const event = {
    x: box.x + box.width / 2,
    y: box.y + Math.min(box.height, 600) / 2,
    data: { items: [], files: [...files], dragOperationsMask: 1 },
  };
  await session.send('Input.dispatchDragEvent', { type: 'dragEnter', ...event });
  await session.send('Input.dispatchDragEvent', { type: 'dragOver', ...event });
  await expect(page.getByText(says)).toBeVisible();
  await session.send('Input.dispatchDragEvent', { type: 'drop', ...event });
}

/** Drops a folder, prepares it as characters and waits until it is ready. */
export async function prepareCharacters(page: Page, folder: string): Promise<void> {
  await drop(page, page.getByTestId('drop-area'), [folder]);
  await expect(page.getByText('What was found')).toBeVisible();
  await page.getByText('Characters', { exact: true }).click();
  await page.getByRole('button', { name: 'Prepare dataset' }).click();
  const card = page.getByRole('article', { name: path.basename(folder) });
  await expect(card.getByText('Ready')).toBeVisible({ timeout: 60_000 });
}

/** Fills in a small run on a dataset and starts it. */
export async function startRun(page: Page, dataset: string, name: string, steps: number): Promise<void> {
  await open(page, 'Datasets');
  await page.getByRole('article', { name: dataset }).getByRole('link', { name: 'Train on it' }).click();
  await page.getByLabel('Name of the run').fill(name);
  await page.getByLabel('Steps', { exact: true }).fill(String(steps));
  await page.getByLabel('Steps', { exact: true }).blur();
  // Small batches and few evaluations: what is tested is the window, not the engine.
  await page.getByLabel('Micro-batch').fill('4');
  await page.getByLabel('Validation blocks').fill('32');
  await page.getByLabel('Evaluate every').fill(String(steps / 5));
  await page.getByRole('button', { name: 'Start training' }).click();
  await expect(page.getByRole('heading', { name })).toBeVisible();
}

export async function runJson(home: string, run: string): Promise<{ config: { steps: number } }> {
  return JSON.parse(await readFile(path.join(home, 'runs', run, 'run.json'), 'utf8'));
}

/** Process id of the worker that holds a run's lock. */
export async function workerOf(home: string, run: string): Promise<number> {
  const lock = JSON.parse(await readFile(path.join(home, 'runs', run, 'lock'), 'utf8')) as { pid: number };
  return lock.pid;
}
