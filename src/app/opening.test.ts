import { mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AppEvent } from '../shared/api.ts';
import { runLink, runOfLink } from './links.ts';
import { Opening } from './opening.ts';
import { scratch } from './testing/fixture.ts';

let folder: string;
let home: string;
let remove: () => Promise<void>;
let events: AppEvent[];
let opening: Opening;
beforeEach(async () => {
  ({ folder, remove } = await scratch());
  folder = await realpath(folder);
  home = join(folder, 'home');
  events = [];
  opening = new Opening({ home: () => home, emit: (event) => events.push(event) });
});
afterEach(() => remove());

async function file(...path: string[]): Promise<string> {
  const target = join(folder, ...path);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, '{}');
  return target;
}
const read = async (...args: string[]) => {
  await opening.open(args, folder);
  return opening.take();
};

describe('links', () => {
  test.each(['run', 'a b', 'größe', "it's (1)!~", '100%'])('to %s lead to it and back', (name) => {
    expect(runOfLink(runLink(name))).toBe(name);
  });

  test.each([
    'meander:run/a',
    'meander://runs/a',
    'meander://run/',
    'meander://run/a/b',
    'meander://run/a?start=1',
    'meander://run/a#b',
    'meander://run/..',
    'meander://run/%2e%2e',
    'meander://run/..%2f..%2fetc',
    'meander://run/a%5Cb',
    'meander://run/%00',
    'meander://run/%',
    'meander://run/a b',
    'meander://user@run/a',
    'MEANDER://run/a',
  ])('%s is none', (link) => {
    expect(() => runOfLink(link)).toThrow(/is no link to a run/);
  });

  test('a name that is too long is none, however it is spelt', () => {
    for (const name of ['a'.repeat(101), '%61'.repeat(101), '%61'.repeat(400)])
      expect(() => runOfLink(`meander://run/${name}`)).toThrow(/is no link to a run/);
  });
});

test('a link opens a run that is there, and says when it is not', async () => {
  await file('home/runs/a b/run.json');
  expect(await read('meander://run/a%20b', 'meander://run/c')).toMatchObject([
    { what: 'run', name: 'a b' },
    { what: 'problem', error: { code: 'no-run' } },
  ]);
  expect(await read('meander://settings')).toMatchObject([{ what: 'problem', error: { code: 'bad-link' } }]);
  expect(events).toEqual([{ type: 'open' }, { type: 'open' }]);
});

test('a folder of text is prepared, a run or a dataset is shown, by any of their spellings', async () => {
  const run = dirname(await file('home/runs/r/run.json'));
  await file('home/datasets/d/dataset.json');
  const text = await file('texts/a.txt');
  await symlink(run, join(folder, 'link'));
  expect(await read(run, 'home/runs/r/run.json', 'link', pathToFileURL(run).href, 'home/datasets/d')).toEqual([
    ...Array.from({ length: 4 }, () => ({ what: 'run', name: 'r' })),
    { what: 'page', page: 'datasets' },
  ]);
  expect(await read('texts', text, 'texts/../texts')).toEqual([
    { what: 'sources', paths: [join(folder, 'texts'), text] },
  ]);
});

test('what cannot be opened is named, with the reason', async () => {
  const elsewhere = dirname(await file('backup/r/run.json'));
  expect(await read(elsewhere, 'gone', 'https://example.com/a.txt', 'file://host/%2f')).toMatchObject([
    { what: 'problem', error: { code: 'run-elsewhere', message: expect.stringContaining(elsewhere) } },
    { what: 'problem', error: { code: 'not-found', message: expect.stringContaining(join(folder, 'gone')) } },
    { what: 'problem', error: { code: 'bad-address' } },
    { what: 'problem', error: { code: 'bad-address' } },
  ]);
});

test('requests wait for a window and are handed over once', async () => {
  await opening.open([], folder);
  await opening.open(['gone'], folder, false);
  expect(events).toEqual([]);
  expect(opening.take()).toHaveLength(1);
  opening.show({ what: 'page', page: 'new' });
  expect(events).toEqual([{ type: 'open' }]);
  expect(opening.take()).toEqual([{ what: 'page', page: 'new' }]);
  expect(opening.take()).toEqual([]);
});
