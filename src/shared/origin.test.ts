// biome-ignore-all lint/style/noRestrictedImports: tests run under Node.
import { cp, link, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeOrigin } from './origin.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'meander-origin-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** A parent whose checkpoint at 20 needs the weights of 10 (a checkpoint), 15 (a snapshot) and its own. */
async function parent(): Promise<string> {
  const folder = join(root, 'parent');
  for (const step of ['step-00000010', 'step-00000020']) {
    const at = join(folder, 'checkpoints', step);
    await mkdir(at, { recursive: true });
    await writeFile(join(at, 'model.safetensors'), `weights of ${step}`);
    await writeFile(
      join(at, 'trainer.json'),
      JSON.stringify({ policies: { lawa: { state: { window: [10, 15, 20] } } } }),
    );
    const files = {
      'model.safetensors': { bytes: 24 },
      'trainer.json': { bytes: (await stat(join(at, 'trainer.json'))).size },
    };
    await writeFile(join(at, 'DONE'), JSON.stringify({ files }));
  }
  await mkdir(join(folder, 'snapshots'));
  await writeFile(join(folder, 'snapshots/step-00000015.safetensors'), 'weights of 15');
  await writeFile(join(folder, 'run.json'), '{}');
  await mkdir(join(root, 'child'));
  return folder;
}

test('the child keeps all it starts from when its parent is deleted', async () => {
  const from = await parent();
  const child = join(root, 'child');
  await takeOrigin(from, child, { checkpoint: 20 });
  expect((await stat(join(child, 'origin/checkpoints/step-00000020/model.safetensors'))).nlink).toBe(2);
  await rm(from, { recursive: true });
  const read = (path: string) => readFile(join(child, 'origin', path), 'utf8');
  expect(await read('checkpoints/step-00000020/model.safetensors')).toBe('weights of step-00000020');
  expect(await read('snapshots/step-00000010.safetensors')).toBe('weights of step-00000010');
  expect(await read('snapshots/step-00000015.safetensors')).toBe('weights of 15');
  expect((await readdir(join(child, 'origin/snapshots'))).length).toBe(2);
  expect(JSON.parse(await read('checkpoints/step-00000020/DONE')).files).toHaveProperty(['trainer.json']);
  // Asked again, it has it already, parent or not.
  await takeOrigin(from, child, { checkpoint: 20 });
});

test('where the file system has no links, files are copied', async () => {
  const from = await parent();
  const refuse = async () => {
    throw Object.assign(new Error('cross-device link'), { code: 'EXDEV' });
  };
  await takeOrigin(from, join(root, 'child'), { checkpoint: 20 }, refuse);
  const copied = await stat(join(root, 'child/origin/checkpoints/step-00000020/model.safetensors'));
  expect([copied.nlink, copied.size]).toEqual([1, 24]);
});

/** Links, and right before the `at`th link lets the parent do something. */
function meanwhile(at: number, deed: () => Promise<unknown>) {
  let links = 0;
  return async (...[from, to]: Parameters<typeof link>) => {
    if (++links === at) await deed();
    await link(from, to);
  };
}

test('weights that the parent moves from a checkpoint to a snapshot are found where they went', async () => {
  const from = await parent();
  const [aside, snapshot] = [join(from, 'aside'), join(from, 'snapshots/step-00000010.safetensors')];
  const demote = async () => {
    await rename(join(from, 'checkpoints/step-00000010'), aside);
    void setTimeout(150).then(() => rename(join(aside, 'model.safetensors'), snapshot));
  };
  // The first two links are of the checkpoint's own files.
  await takeOrigin(from, join(root, 'child'), { checkpoint: 20 }, meanwhile(3, demote));
  expect(await readFile(join(root, 'child/origin/snapshots/step-00000010.safetensors'), 'utf8')).toContain('weights');
});

test('files of a checkpoint and of one that replaces it are never mixed', async () => {
  const from = await parent();
  const at = join(from, 'checkpoints/step-00000020');
  const replace = async () => {
    await rename(at, join(from, 'old'));
    await cp(join(from, 'old'), at, { recursive: true });
    await writeFile(join(at, 'model.safetensors'), 'WEIGHTS of step-00000020');
    await writeFile(join(at, 'DONE'), `${await readFile(join(at, 'DONE'), 'utf8')} `);
  };
  await takeOrigin(from, join(root, 'child'), { checkpoint: 20 }, meanwhile(2, replace));
  for (const name of ['model.safetensors', 'trainer.json']) {
    const taken = await stat(join(root, 'child/origin/checkpoints/step-00000020', name));
    expect(taken.ino).toBe((await stat(join(at, name))).ino);
  }
  const done = (folder: string) => readFile(join(folder, 'checkpoints/step-00000020/DONE'), 'utf8');
  expect(await done(join(root, 'child/origin'))).toBe(await done(from));
});

test('a checkpoint whose sweep has begun is not taken, though its other files are still there', async () => {
  const from = await parent();
  const begin = () => rm(join(from, 'checkpoints/step-00000020/DONE'));
  const taking = takeOrigin(from, join(root, 'child'), { checkpoint: 20 }, meanwhile(1, begin));
  await expect(taking).rejects.toMatchObject({ code: 'no-checkpoint' });
  expect(await readdir(join(root, 'child'))).toEqual([]);
});

test.each([
  ['has no such checkpoint', async (_: string) => {}, 30],
  ['is swept meanwhile', (from: string) => rm(join(from, 'checkpoints/step-00000020/model.safetensors')), 20],
  [
    'has a garbled trainer.json',
    (from: string) => writeFile(join(from, 'checkpoints/step-00000020/trainer.json'), ''),
    20,
  ],
  ['has a garbled DONE', (from: string) => writeFile(join(from, 'checkpoints/step-00000020/DONE'), '{'), 20],
  ['was cut off', (from: string) => writeFile(join(from, 'checkpoints/step-00000020/model.safetensors'), 'we'), 20],
  ['has lost a snapshot', (from: string) => rm(join(from, 'snapshots'), { recursive: true }), 20],
] as const)('a parent that %s is refused and nothing is left', async (_, damage, step) => {
  const from = await parent();
  await damage(from);
  await expect(takeOrigin(from, join(root, 'child'), { checkpoint: step })).rejects.toMatchObject({
    code: 'no-checkpoint',
  });
  expect(await readdir(join(root, 'child'))).toEqual([]);
});
