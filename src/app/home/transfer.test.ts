import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { link, mkdir, readdir, readFile, readlink, rename, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scratch } from '../testing/fixture.ts';
import { endTransfer, type TransferOptions, transfer } from './transfer.ts';
import { listTree } from './tree.ts';

let folder: string;
let remove: () => Promise<void>;
let from: string;
let to: string;
let home: string;
const then = new Date('2026-01-02T03:04:05Z');
beforeEach(async () => {
  ({ folder, remove } = await scratch());
  from = join(folder, 'old place');
  to = join(folder, 'new');
  home = from;
  await mkdir(join(folder, 'settings'));
  await mkdir(to);
  await mkdir(join(from, 'runs/a/checkpoints'), { recursive: true });
  await mkdir(join(from, 'runs/b/origin'), { recursive: true });
  await mkdir(join(from, 'datasets/text'), { recursive: true });
  await mkdir(join(from, 'staging/session'), { recursive: true });
  const config = (dataset: string) => JSON.stringify({ config: { dataset, name: 'a' } });
  await writeFile(join(from, 'runs/a/run.json'), config(join(from, 'datasets/text')));
  await writeFile(join(from, 'runs/b/run.json'), config('/elsewhere/text'));
  await writeFile(join(from, 'runs/b/origin/run.json'), config(join(from, 'datasets/text')));
  await writeFile(join(from, 'runs/a/checkpoints/weights'), Buffer.alloc(5_000_000, 7));
  await link(join(from, 'runs/a/checkpoints/weights'), join(from, 'runs/b/origin/weights'));
  await symlink('../a', join(from, 'runs/b/like'));
  const sources = [join(from, 'staging/session'), join(from, 'datasets-of-mine/x')];
  await writeFile(join(from, 'datasets/text/preparing.json'), JSON.stringify({ config: { sources } }));
  await writeFile(join(from, 'notes.txt'), 'mine');
  // Whole seconds, which every way of copying keeps.
  for (const { path, kind } of await listTree(from)) if (kind === 'file') await utimes(join(from, path), then, then);
});
afterEach(() => remove());

/** Renames as between two file systems. */
const foreign = async (): Promise<never> => {
  throw Object.assign(new Error('other device'), { code: 'EXDEV' });
};

function move(change: Partial<TransferOptions> = {}): Promise<string[]> {
  return transfer({
    from,
    to,
    folder: join(folder, 'settings'),
    signal: new AbortController().signal,
    onProgress: () => {},
    use: (path) => {
      home = path;
    },
    ...change,
  });
}

/** The whole state of the disk as a crash at this moment would leave it; put back by `crash`. */
function keep(): void {
  cpSync(folder, `${folder}-kept`, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
}
async function crash(): Promise<void> {
  rmSync(folder, { recursive: true });
  await rename(`${folder}-kept`, folder);
}

const end = (): Promise<void> =>
  endTransfer({
    folder: join(folder, 'settings'),
    home,
    use: (path) => {
      home = path;
    },
  });

/** `names` of the file that two runs share; putting a crashed state back makes two files of it. */
async function isWholeAt(root: string, names = 2): Promise<void> {
  const read = async (path: string) => JSON.parse(await readFile(join(root, path), 'utf8'));
  expect((await read('runs/a/run.json')).config).toEqual({ dataset: join(root, 'datasets/text'), name: 'a' });
  expect((await read('runs/b/run.json')).config.dataset).toBe('/elsewhere/text');
  expect((await read('runs/b/origin/run.json')).config.dataset).toBe(join(root, 'datasets/text'));
  expect((await read('datasets/text/preparing.json')).config.sources).toEqual([
    join(root, 'staging/session'),
    join(from, 'datasets-of-mine/x'),
  ]);
  const weights = await stat(join(root, 'runs/a/checkpoints/weights'));
  expect(weights).toMatchObject({ size: 5_000_000, nlink: names });
  expect(weights.mtime).toEqual(then);
  expect((await readFile(join(root, 'runs/b/origin/weights'))).equals(Buffer.alloc(5_000_000, 7))).toBe(true);
  expect(await readlink(join(root, 'runs/b/like'))).toBe('../a');
}

const left = async () => ({
  old: (await readdir(from)).sort(),
  new: (await readdir(to)).sort(),
  settings: await readdir(join(folder, 'settings')),
});
const moved = { old: ['notes.txt'], new: ['datasets', 'runs', 'staging'], settings: [] };
const stayed = { old: ['datasets', 'notes.txt', 'runs', 'staging'], new: [], settings: [] };

describe.each([
  ['renamed', {}],
  ['copied', { renamePart: foreign }],
])('%s', (_, how) => {
  test('everything of ours goes over, paths follow, what is not ours stays', async () => {
    const phases = new Set<string>();
    expect(await move({ ...how, onProgress: (phase) => phases.add(phase) })).toEqual([]);
    expect([...phases]).toEqual(
      'renamePart' in how ? ['copying', 'verifying', 'switching', 'removing'] : ['switching'],
    );
    expect(home).toBe(to);
    await isWholeAt(to);
    expect(await left()).toEqual(moved);
  });

  test('what cannot be switched to leaves all as it was', async () => {
    const use = () => {
      throw new Error('settings are read-only');
    };
    await expect(move({ ...how, use })).rejects.toThrow('settings are read-only');
    await isWholeAt(from);
    expect(await left()).toEqual(stayed);
  });

  test('a folder that holds runs is not mixed with these', async () => {
    await mkdir(join(to, 'runs/other'), { recursive: true });
    await expect(move(how)).rejects.toMatchObject({ code: 'home-taken' });
    await isWholeAt(from);
  });
});

test('cancelled while it copies, nothing is changed and nothing is left', async () => {
  for (const at of ['copying', 'verifying']) {
    const abort = new AbortController();
    const onProgress = (phase: string) => phase === at && abort.abort();
    await expect(move({ renamePart: foreign, signal: abort.signal, onProgress })).rejects.toThrow('aborted');
    expect(home).toBe(from);
    await isWholeAt(from);
    expect(await left()).toEqual(stayed);
  }
});

test('a copy that the disk gives back otherwise, and files that change meanwhile, stop it', async () => {
  const staged = () => join(to, readdirSync(to)[0] as string, 'runs/a/run.json');
  const spoil = (phase: string) => {
    if (phase === 'verifying') writeFileSync(staged(), 'other bytes');
  };
  await expect(move({ renamePart: foreign, onProgress: spoil })).rejects.toMatchObject({ code: 'copy-differs' });
  const grow = (phase: string) => {
    if (phase === 'verifying') writeFileSync(join(from, 'runs/a/log.txt'), 'one more line');
  };
  await expect(move({ renamePart: foreign, onProgress: grow })).rejects.toMatchObject({ code: 'home-changed' });
  await isWholeAt(from);
  expect(await left()).toEqual(stayed);
});

describe('cut off by a crash', () => {
  test('between two renames, the rest goes over at the next start', async () => {
    let renamed = 0;
    const renamePart: typeof rename = async (a, b) => {
      if (++renamed === 2) keep();
      await rename(a, b);
    };
    await move({ renamePart });
    await crash();
    home = from;
    expect((await left()).new).toEqual(['runs']);
    await end();
    expect(home).toBe(to);
    await isWholeAt(to, 1);
    expect(await left()).toEqual(moved);
  });

  test('while copying, the copy is dropped and the old folder stays in use', async () => {
    let kept = false;
    const onProgress = (phase: string) => {
      if (phase === 'verifying' && !kept) keep();
      kept ||= phase === 'verifying';
    };
    await move({ renamePart: foreign, onProgress });
    await crash();
    home = from;
    await end();
    expect(home).toBe(from);
    await isWholeAt(from, 1);
    expect(await left()).toEqual(stayed);
  });

  test('while switching, the new folder is taken, unless the old one was worked in since', async () => {
    await move({ renamePart: foreign, use: () => keep() });
    await crash();
    home = from;
    cpSync(folder, `${folder}-again`, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    await end();
    expect(home).toBe(to);
    await isWholeAt(to, 1);
    expect(await left()).toEqual(moved);

    rmSync(folder, { recursive: true });
    await rename(`${folder}-again`, folder);
    home = from;
    await writeFile(join(from, 'runs/a/log.txt'), 'trained on');
    await end();
    expect(home).toBe(from);
    await isWholeAt(from, 1);
    expect(await left()).toEqual(stayed);
  });

  test('while removing, the rest is removed, and never what is new', async () => {
    let kept = false;
    const onProgress = (phase: string) => {
      if (phase === 'removing' && !kept) keep();
      kept ||= phase === 'removing';
    };
    await move({ renamePart: foreign, onProgress });
    await crash();
    home = to;
    await writeFile(join(from, 'datasets/text/more.txt'), 'new here');
    await end();
    await isWholeAt(to, 1);
    expect((await left()).old).toEqual(['datasets', 'notes.txt']);
    expect(await readFile(join(from, 'datasets/text/more.txt'), 'utf8')).toBe('new here');
  });
});

test('no journal, or one that is not ours, moves nothing', async () => {
  await end();
  await writeFile(join(folder, 'settings/move.json'), '{"schema":1,"from":"/","to":"/tmp","phase":"removing"}');
  await end();
  await isWholeAt(from);
});
