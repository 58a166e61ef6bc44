/** The desktop shell itself, where Electron's binary is installed; everything behind it runs in the other specs too. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { _electron, expect, test } from '@playwright/test';

const root = path.resolve(import.meta.dirname, '..');
const folder = path.join(root, 'node_modules/electron');
const named = path.join(folder, 'path.txt');
const binary = existsSync(named) ? path.join(folder, 'dist', readFileSync(named, 'utf8')) : null;

test('the app opens in Electron, sandboxed, and answers through its own door', async () => {
  test.skip(binary === null || !existsSync(binary), 'Electron’s binary is not installed on this machine');
  const home = await mkdtemp(path.join(tmpdir(), 'meander-electron-'));
  const app = await _electron.launch({
    executablePath: binary as string,
    args: [root, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
    env: { ...process.env, MEANDER_HOME: home, MEANDER_SETTINGS: path.join(home, 'settings') } as Record<
      string,
      string
    >,
  });
  try {
    const page = await app.firstWindow();
    await expect(page.getByRole('navigation').getByRole('link', { name: 'Datasets' })).toBeVisible();
    expect(await page.evaluate(() => typeof (globalThis as { require?: unknown }).require)).toBe('undefined');
    expect(await page.evaluate(() => typeof (globalThis as { process?: unknown }).process)).toBe('undefined');
    await page.getByRole('navigation').getByRole('link', { name: 'Settings' }).click();
    await expect(page.getByText(home)).toBeVisible();
  } finally {
    await app.close();
    await rm(home, { recursive: true, force: true });
  }
});
