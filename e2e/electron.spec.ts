/** The desktop shell itself, where Electron's binary is installed; everything behind it runs in the other specs too. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { _electron, expect, test } from '@playwright/test';
import { corpus } from './corpus.ts';

const root = path.resolve(import.meta.dirname, '..');
const folder = path.join(root, 'node_modules/electron');
const named = path.join(folder, 'path.txt');
const binary = existsSync(named) ? path.join(folder, 'dist', readFileSync(named, 'utf8')) : null;

test('the app opens in Electron, sandboxed, with what it was given, and answers through its own door', async () => {
  test.skip(binary === null || !existsSync(binary), 'Electron’s binary is not installed on this machine');
  const home = await mkdtemp(path.join(tmpdir(), 'meander-electron-'));
  const options = {
    executablePath: binary as string,
    env: { ...process.env, MEANDER_HOME: home, MEANDER_SETTINGS: path.join(home, 'settings') } as Record<
      string,
      string
    >,
  };
  const launch = (...things: string[]) =>
    _electron.launch({ ...options, args: [root, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...things] });
  const app = await launch(await corpus(home));
  try {
    const page = await app.firstWindow();
    await expect(page.getByRole('navigation').getByRole('link', { name: 'Datasets' })).toBeVisible();
    await expect(page.getByRole('heading', { name: 'What was found' })).toBeVisible();
    // A second start ends at once; its link reaches the window of the first.
    await launch('meander://run/nowhere').catch(() => {});
    await expect(page.getByText('There is no run "nowhere"')).toBeVisible();
    expect(app.windows()).toHaveLength(1);
    expect(await page.evaluate(() => typeof (globalThis as { require?: unknown }).require)).toBe('undefined');
    expect(await page.evaluate(() => typeof (globalThis as { process?: unknown }).process)).toBe('undefined');
    await page.getByRole('navigation').getByRole('link', { name: 'Settings' }).click();
    await expect(page.getByText(home)).toBeVisible();
  } finally {
    await app.close();
    await rm(home, { recursive: true, force: true });
  }
});
