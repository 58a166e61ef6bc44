import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  availableBytes,
  ensureSpace,
  explainFileError,
  formatBytes,
  replaceFolderAtomically,
  withFileErrors,
  writeFileAtomically,
  writeThrough,
} from './files.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meander-files-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a failed write leaves the old file and nothing beside it', async () => {
  const path = join(folder, 'a.txt');
  await writeFileAtomically(path, 'old');
  const failing = writeThrough(
    path,
    async (handle) => {
      await handle.writeFile('half');
      throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
    },
    12_000_000,
  );
  await expect(failing).rejects.toMatchObject({
    code: 'disk-full',
    message: expect.stringContaining('12.0 MB needed'),
  });
  expect(await readFile(path, 'utf8')).toBe('old');
  expect(await readdir(folder)).toEqual(['a.txt']);
  await rm(path);
});

test('a folder takes the place of an older one', async () => {
  const target = join(folder, 'model');
  for (const text of ['first', 'second']) {
    await mkdir(join(folder, '.tmp-model'));
    await writeFile(join(folder, '.tmp-model', text), text);
    await replaceFolderAtomically(join(folder, '.tmp-model'), target);
    expect(await readdir(target)).toEqual([text]);
  }
  expect(await readdir(folder)).toEqual(['model']);
});

test('space and permission become errors with a next step', async () => {
  expect(await availableBytes(folder)).toBeGreaterThan(0);
  await expect(ensureSpace(folder, 1e18)).rejects.toMatchObject({
    code: 'disk-full',
    next: expect.stringMatching(/Make at least/),
  });
  for (const code of ['EACCES', 'EPERM', 'EROFS'])
    expect(await explainFileError(Object.assign(new Error(), { code }), '/x')).toMatchObject({ code: 'not-writable' });
  const mkdir = Object.assign(new Error(), { code: 'ENOENT', syscall: 'mkdir' });
  expect(await explainFileError(mkdir, '/x')).toMatchObject({ code: 'not-writable' });
  const other = new Error('other');
  expect(await explainFileError(other, '/x')).toBe(other);
  if (process.getuid?.() !== 0) {
    await chmod(folder, 0o500);
    await expect(writeFileAtomically(join(folder, 'b'), 'x')).rejects.toMatchObject({ code: 'not-writable' });
    await chmod(folder, 0o700);
  }
  await expect(withFileErrors('/x', async () => 7)).resolves.toBe(7);
});

test('bytes in words', () => {
  expect([0, 999, 1000, 1_536_000, 62e9, 999_999].map(formatBytes)).toEqual([
    '0 bytes',
    '999 bytes',
    '1.0 kB',
    '1.5 MB',
    '62.0 GB',
    '1.0 MB',
  ]);
});
