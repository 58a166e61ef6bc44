import { readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSettings } from './settings.ts';
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
  expect(openSettings(folder).get()).toEqual({ theme: 'dark', threads: 2, home: folder });
});

test('values of another version fall back one by one', async () => {
  await writeFile(join(folder, 'settings.json'), '{"theme":"pink","threads":-1,"home":7}');
  const home = process.env.MEANDER_HOME ?? join(homedir(), 'Meander');
  expect(openSettings(folder).get()).toEqual({ theme: 'auto', threads: null, home });
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
