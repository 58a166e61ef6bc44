/** The Runs page as a workplace: a sweep fills the queue, its order outlives a kill; tags, notes and deletion. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { corpus } from './corpus.ts';
import { expect, test } from './host.ts';
import { open, prepareCharacters, startRun, status } from './pages.ts';
import { writeRun } from './written-runs.ts';

const queue = (page: Page) => page.getByRole('region', { name: 'Queue' });
const order = async (page: Page, names: readonly string[]) =>
  expect(queue(page).getByRole('listitem').getByRole('link')).toHaveText([...names]);

test('a sweep waits in an order that can be changed and outlives a kill', async ({ page, host }) => {
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  await page.goto(host.url);
  await open(page, 'Datasets');
  await prepareCharacters(page, await corpus(host.home));
  await startRun(page, 'speeches', 'base', 5000);
  // A paused run keeps the device, and leaves the processor to the test.
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect(status(page, 'Paused')).toBeVisible();

  await open(page, 'Runs');
  await expect(queue(page)).toContainText('Nothing waits. A run that is started now begins when “base” has ended.');
  await page.getByRole('button', { name: 'More about base' }).click();
  await page.getByRole('menuitem', { name: 'Sweep over values' }).click();
  const dialog = page.getByRole('dialog', { name: 'Sweep like “base”' });
  await dialog.getByLabel('Values: schedule.peak').fill('1e-3, 2e-3');
  await dialog.getByRole('button', { name: 'Add a field' }).click();
  await dialog.getByRole('combobox', { name: 'Field' }).last().click();
  await page.getByRole('option', { name: 'seed', exact: true }).click();
  await dialog.getByLabel('Values: seed').fill('1..100');
  await expect(dialog.getByRole('alert')).toContainText('makes 200 runs (2 × 100); at most 100');
  await dialog.getByLabel('Values: seed').fill('1..2');
  await dialog.getByLabel('Names begin with').fill('try');
  await expect(dialog.getByRole('region', { name: 'Runs of this sweep' }).getByRole('listitem')).toHaveText([
    'try lr=1e-3 seed=1',
    'try lr=1e-3 seed=2',
    'try lr=2e-3 seed=1',
    'try lr=2e-3 seed=2',
  ]);
  await dialog.getByRole('button', { name: 'Queue 4 runs' }).click();
  const [a, b, c, d] = ['try lr=1e-3 seed=1', 'try lr=1e-3 seed=2', 'try lr=2e-3 seed=1', 'try lr=2e-3 seed=2'];
  await order(page, [a, b, c, d]);
  await expect(queue(page)).toContainText('“base” is paused and keeps the device');

  // By keyboard, where the grip keeps the focus; by a button; by the pointer.
  await queue(page)
    .getByRole('button', { name: new RegExp(`^Move ${d}, place 4`) })
    .press('ArrowUp');
  await order(page, [a, b, d, c]);
  await page.keyboard.press('Home');
  await order(page, [d, a, b, c]);
  await expect(queue(page).getByRole('status')).toHaveText(`${d} is now at place 1 of 4.`);
  await queue(page)
    .getByRole('button', { name: `Move ${a} down`, exact: true })
    .click();
  await order(page, [d, b, a, c]);
  await expect(queue(page).getByRole('button', { name: `Move ${a} down`, exact: true })).toBeFocused();
  const grip = async (name: string) => {
    const box = await queue(page)
      .getByRole('button', { name: new RegExp(`^Move ${name}, place`) })
      .boundingBox();
    return { x: box!.x + box!.width / 2, y: box!.y + box!.height / 2 };
  };
  const [from, to] = [await grip(c), await grip(b)];
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps: 4 });
  await order(page, [d, c, b, a]);
  await page.mouse.up();
  await expect(queue(page).getByRole('status')).toHaveText(`${c} is now at place 2 of 4.`);
  await queue(page)
    .getByRole('button', { name: `Take ${b} out` })
    .click();
  await order(page, [d, c, a]);

  // Killed: the worker saves by itself, what was at work is offered again, the next one has its turn.
  await host.kill();
  await page.goto((await host.restart()).url);
  await open(page, 'Runs');
  await order(page, [c, a]);
  await expect(page.getByRole('article', { name: d }).getByText('Running')).toBeVisible();
  await expect(page.getByRole('article', { name: 'base', exact: true }).getByText('Interrupted')).toBeVisible();
  await expect(page.getByRole('article', { name: c })).toContainText(`Next in the queue · waits for ${d}`);
  expect(problems).toEqual([]);
});

test('runs carry tags and a note, and a deletion says what it takes along', async ({ page, host }) => {
  await writeRun(host.home, 'trunk', { final: 2 });
  await writeRun(host.home, 'cooldown', {
    final: 1.7,
    from: 60,
    change: { policies: [], init: { from: 'checkpoint', run: 'trunk', step: 60, purpose: 'cooldown' } },
  });
  const exported = path.join(host.home, 'runs/trunk/exports/lawa-float32');
  await mkdir(exported, { recursive: true });
  await writeFile(path.join(exported, 'model.safetensors'), 'x'.repeat(2000));
  await page.goto(host.url);
  await open(page, 'Runs');
  const trunk = page.getByRole('article', { name: 'trunk' });
  await expect(queue(page)).toContainText('Nothing waits: the next run that is started trains at once.');
  await expect(trunk.getByRole('link', { name: 'cooldown' })).toBeVisible();

  await page.getByRole('button', { name: 'More about trunk' }).click();
  await page.getByRole('menuitem', { name: 'Tags and note' }).click();
  const notes = page.getByRole('dialog', { name: 'Tags and note of “trunk”' });
  const tags = notes.getByRole('combobox', { name: 'Tags' });
  await tags.fill('paper');
  await tags.press('Enter');
  await tags.fill('figure 2');
  await notes.getByRole('textbox', { name: 'Note' }).fill('Diverges at step 700.');
  await notes.getByRole('button', { name: 'Save' }).click();
  await expect(trunk).toContainText('Diverges at step 700.');
  expect(JSON.parse(await readFile(path.join(host.home, 'runs/trunk/notes.json'), 'utf8'))).toEqual({
    schema: 1,
    tags: ['paper', 'figure 2'],
    note: 'Diverges at step 700.',
  });
  await page.getByLabel('Search runs').fill('diverges');
  await expect(page.getByRole('article')).toHaveCount(1);
  await page.getByLabel('Search runs').fill('');
  await expect(page.getByRole('article')).toHaveCount(2);
  await trunk.getByRole('button', { name: 'Show only runs tagged paper' }).click();
  await expect(page.getByRole('article')).toHaveCount(1);
  await trunk.getByRole('link', { name: 'trunk', exact: true }).click();
  await expect(page.getByText('figure 2')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Change tags and note' })).toBeVisible();

  await open(page, 'Runs');
  await page.getByRole('button', { name: 'More about trunk' }).click();
  await page.getByRole('menuitem', { name: 'Delete run' }).click();
  const remove = page.getByRole('dialog', { name: 'Delete “trunk”?' });
  await expect(remove).toContainText('Exports that lie in its folder: lawa-float32, 2.0 kB');
  await expect(remove).toContainText('Started from it: cooldown. Each holds the checkpoint that it starts from');
  await remove.getByRole('button', { name: 'Delete run' }).click();
  await expect(page.getByRole('article')).toHaveCount(1);
  expect(await readdir(path.join(host.home, 'runs'))).toEqual(['cooldown']);
  await expect(page.getByRole('article')).toContainText('cools down trunk from step 60, which was deleted');
});
