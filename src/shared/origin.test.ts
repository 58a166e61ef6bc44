// biome-ignore-all lint/style/noRestrictedImports: tests run under Node.
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
  await takeOrigin(from, child, 20);
  expect((await stat(join(child, 'origin/checkpoints/step-00000020/model.safetensors'))).nlink).toBe(2);
  await rm(from, { recursive: true });
  const read = (path: string) => readFile(join(child, 'origin', path), 'utf8');
  expect(await read('checkpoints/step-00000020/model.safetensors')).toBe('weights of step-00000020');
  expect(await read('snapshots/step-00000010.safetensors')).toBe('weights of step-00000010');
  expect(await read('snapshots/step-00000015.safetensors')).toBe('weights of 15');
  expect((await readdir(join(child, 'origin/snapshots'))).length).toBe(2);
  // Asked again, it has it already, parent or not.
  await takeOrigin(from, child, 20);
});

test('where the file system has no links, files are copied', async () => {
  const from = await parent();
  const refuse = async () => {
    throw Object.assign(new Error('cross-device link'), { code: 'EXDEV' });
  };
  await takeOrigin(from, join(root, 'child'), 20, refuse);
  const copied = await stat(join(root, 'child/origin/checkpoints/step-00000020/model.safetensors'));
  expect([copied.nlink, copied.size]).toEqual([1, 24]);
});

test.each([
  ['has no such checkpoint', async (_: string) => {}, 30],
  ['is swept meanwhile', (from: string) => rm(join(from, 'checkpoints/step-00000020/model.safetensors')), 20],
  ['was cut off', (from: string) => writeFile(join(from, 'checkpoints/step-00000020/model.safetensors'), 'we'), 20],
  ['has lost a snapshot', (from: string) => rm(join(from, 'snapshots'), { recursive: true }), 20],
] as const)('a parent that %s is refused and nothing is left', async (_, damage, step) => {
  const from = await parent();
  await damage(from);
  await expect(takeOrigin(from, join(root, 'child'), step)).rejects.toMatchObject({ code: 'no-checkpoint' });
  expect(await readdir(join(root, 'child'))).toEqual([]);
});
