import { readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultSettings } from '../shared/settings.ts';
import { openSettings, settingsService } from './settings.ts';
import { memorySettings, scratch } from './testing/fixture.ts';

let folder: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ folder, remove } = await scratch());
});
afterEach(() => remove());

test('has defaults, keeps what was set, in a file that both stores read', async () => {
  const settings = openSettings(folder);
  expect(settings.get()).toMatchObject({ theme: 'auto', threads: null });
  settings.set({ theme: 'dark', threads: 2, home: folder });
  expect(JSON.parse(await readFile(join(folder, 'settings.json'), 'utf8'))).toEqual({
    theme: 'dark',
    threads: 2,
    home: folder,
  });
  expect(openSettings(folder).get()).toMatchObject({ theme: 'dark', threads: 2, home: folder });
});

test('values of another version fall back one by one', async () => {
  const wrong = { theme: 'pink', threads: -1, home: 7, backend: 'abacus', diskBudget: 0.5, shortcuts: 'many' };
  await writeFile(join(folder, 'settings.json'), JSON.stringify({ ...wrong, keepAwake: 'no', closeToTray: true }));
  const home = process.env.MEANDER_HOME ?? join(homedir(), 'Meander');
  const firstRunDone = process.env.MEANDER_HOME !== undefined;
  expect(openSettings(folder).get()).toEqual({ ...defaultSettings, home, firstRunDone, closeToTray: true });
});

test('who has chosen a folder is not asked for one again', () => {
  expect(memorySettings(folder, '/stored').get().firstRunDone).toBe(true);
  const store = { path: join(folder, 'settings.json'), store: {}, set: () => {} };
  expect(settingsService(store, {}).get().firstRunDone).toBe(false);
  expect(settingsService(store, { MEANDER_HOME: '/given' }).get().firstRunDone).toBe(true);
});

test('a home that is given from outside wins and cannot be changed', () => {
  const settings = memorySettings(folder, '/stored', { MEANDER_HOME: '/given' });
  expect(settings.get().home).toBe('/given');
  expect(() => settings.set({ home: '/other' })).toThrow(/from outside/);
  expect(settings.set({ home: '/given', theme: 'light' })).toMatchObject({ theme: 'light' });
});

test('a home must be an absolute path', () => {
  expect(() => memorySettings(folder, '/stored').set({ home: 'data' })).toThrow(/not an absolute path/);
});
