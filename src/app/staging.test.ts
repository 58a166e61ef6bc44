import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { staging } from './staging.ts';
import { scratch } from './testing/fixture.ts';

const session = (n: number): string => `00000000-0000-0000-0000-00000000000${n}`;
let folder: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ folder, remove } = await scratch());
});
afterEach(() => remove());

test('a file whose sender went away leaves nothing', async () => {
  const torn = new Readable({ read: () => {} });
  torn.push('half');
  const received = staging(() => folder).receive(session(1), 'a/b.txt', 10, torn);
  setTimeout(() => torn.destroy(new Error('gone')), 30);
  await expect(received).rejects.toThrow('gone');
  await expect(stat(join(folder, session(1), 'a/b.txt'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('discards whole sessions, and never what lies outside of staging', async () => {
  const area = staging(() => join(folder, 'staging'));
  const source = await area.receive(session(1), 'talks/a.txt', null, Readable.from(['a']));
  await area.receive(session(2), 'b.txt', null, Readable.from(['b']));
  const mine = join(folder, 'mine.txt');
  await writeFile(mine, 'mine');
  await area.discard([source, mine, folder, join(folder, 'staging')]);
  expect(await readdir(join(folder, 'staging'))).toEqual([session(2)]);
  await stat(mine);
});

test('sweeps old sessions that no preparation needs, and nothing else', async () => {
  const area = staging(() => folder);
  for (const n of [1, 2, 3]) await area.receive(session(n), 'a.txt', 1, Readable.from(['a']));
  await mkdir(join(folder, 'not a session'));
  const old = new Date(Date.now() - 8 * 24 * 3600 * 1000);
  for (const name of [session(1), session(2), 'not a session']) await utimes(join(folder, name), old, old);
  await area.sweep([join(folder, session(1), 'a.txt')]);
  expect((await readdir(folder)).sort()).toEqual([session(1), session(3), 'not a session']);
});
