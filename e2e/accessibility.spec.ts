/** Every page for everybody: by axe, in light and dark, from 800 to 2,560 wide; and the way in without a mouse. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { routes } from '../src/renderer/lib/routes.ts';
import { expectAccessible } from './axe.ts';
import { expect, test } from './host.ts';
import { writeRun } from './written-runs.ts';

/** Every address that the window knows; those of a run or dataset with the name of one. */
const addresses = (name: string): string[] => [
  ...new Set(
    Object.values(routes).map((route) =>
      typeof route === 'string' ? route : (route as unknown as (of: string[]) => string)([name]),
    ),
  ),
];

/** Goes to a page and waits until it shows what it has. */
async function goTo(page: Page, address: string): Promise<void> {
  await page.evaluate((to) => {
    window.location.hash = to;
  }, address);
  await expect(page.locator('main h1').first(), address).toBeVisible();
  await expect(page.locator('main [aria-busy="true"]'), address).toHaveCount(0);
}

test('no page has a serious finding, in light and in dark, and none is wider than the window', async ({
  page,
  host,
}) => {
  await writeRun(host.home, 'a run', { final: 2 });
  await writeRun(host.home, 'another', { final: 1.9, change: { policies: [] } });
  // One that was cut off, and one that cannot be read.
  await writeFile(path.join(host.home, 'runs/another/lock'), '{"pid":0}');
  await mkdir(path.join(host.home, 'runs/broken'));
  await writeFile(path.join(host.home, 'runs/broken/run.json'), '{');
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto(host.url);
  for (const address of addresses('a run')) {
    for (const width of [800, 2560, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      if (width === 800) await goTo(page, address);
      const wider = () => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      await expect.poll(wider, `${address} at ${width}`).toBeLessThanOrEqual(0);
    }
    await expectAccessible(page, `${address}, light`);
    // Nothing but colours is another in the dark.
    await page.emulateMedia({ colorScheme: 'dark' });
    await expectAccessible(page, `${address}, dark`, ['color-contrast']);
    await page.emulateMedia({ colorScheme: 'light' });
  }
});

test.describe(() => {
  test.use({ fresh: true, actionTimeout: 15_000 });

  test('the first run, the tour, the palette and the shortcuts, by keyboard alone', async ({ page, host }) => {
    const { keyboard } = page;
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.goto(host.url);
    const question = page.getByRole('dialog', { name: 'Welcome to Meander' });
    const folder = question.getByLabel('Data folder');
    await expect(folder).toHaveValue(path.join(host.home, 'Meander'));
    await expect(question.getByText(/ free there\.$/)).toBeVisible();
    await expectAccessible(page, 'first run');
    await folder.fill('data');
    await expect(question.getByText('"data" is not an absolute path. Give the whole path.')).toBeVisible();
    const begin = question.getByRole('button', { name: 'Begin', exact: true });
    await expect(begin).toBeDisabled();
    expect(existsSync(path.join(host.home, 'Meander'))).toBe(false);
    const first = path.join(host.home, 'first');
    await folder.fill(first);
    await expect(begin).toBeEnabled();
    await begin.press('Enter');
    const tour = page.getByRole('dialog', { name: 'Tour' });
    await expect(tour).toContainText('1 of 6');
    expect(existsSync(first)).toBe(true);
    await expect(tour).toBeFocused();
    await expectAccessible(page, 'tour');
    await keyboard.press('ArrowRight');
    await expect(tour).toContainText('2 of 6');
    await keyboard.press('Escape');
    await expect(tour).toHaveCount(0);
    await page.reload();
    await expect(page.getByRole('heading', { name: 'Runs', level: 1 })).toBeVisible();
    await expect(page.getByRole('dialog')).toHaveCount(0);

    await keyboard.press('Control+k');
    const palette = page.getByRole('combobox', { name: 'Search and commands' });
    await expect(palette).toBeFocused();
    await expectAccessible(page, 'palette');
    await palette.fill('ap dark');
    await expect(page.getByRole('option', { selected: true })).toContainText('Appearance: dark');
    await keyboard.press('Enter');
    await expect(page.locator('html')).toHaveAttribute('data-mantine-color-scheme', 'dark');
    await expect(palette).toHaveCount(0);
    await keyboard.press('Control+k');
    await expect(page.getByRole('option').first()).toContainText('Appearance: dark');
    await keyboard.press('Escape');
    await expect(palette).toHaveCount(0);
    await keyboard.press('?');
    await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toContainText('Pause or continue');
    await expectAccessible(page, 'help');
    await keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);

    // A shortcut is changed, its clash named, and it holds.
    await keyboard.press('g');
    await keyboard.press('s');
    await expect(page.getByRole('heading', { name: 'Settings', level: 1 })).toBeVisible();
    await page.getByRole('button', { name: 'Change the shortcut of Datasets' }).press('Enter');
    await keyboard.press('g');
    await keyboard.press('r');
    await expect(page.getByRole('alert')).toContainText('G then R is taken by “Runs”.');
    await page.getByRole('button', { name: 'Cancel' }).press('Enter');
    await page.getByRole('button', { name: 'Change the shortcut of Datasets' }).press('Enter');
    await keyboard.press('Control+d');
    await expect(page.getByRole('button', { name: 'Reset the shortcut of Datasets' })).toBeVisible();

    // The data folder moves with what is in it.
    await writeRun(first, 'a run', { final: 2 });
    const second = path.join(host.home, 'second');
    await page.getByRole('textbox', { name: 'Data folder' }).fill(second);
    await page.getByRole('button', { name: 'Move everything there' }).click();
    await expect(page.getByText('The data folder was moved')).toBeVisible();
    expect(existsSync(path.join(second, 'runs/a run/run.json'))).toBe(true);
    expect(existsSync(path.join(first, 'runs'))).toBe(false);
    await page.getByRole('heading', { name: 'Settings', level: 1 }).click();
    await keyboard.press('Control+d');
    await expect(page.getByRole('heading', { name: 'Datasets' })).toBeVisible();
  });
});
