import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { preparingSpeed } from './speed.ts';

it('times what a preparation does and leaves nothing behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'meander-sources-'));
  const left = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('meander-speed-'));
  const before = await left();
  try {
    const paths = Array.from({ length: 20 }, (_, i) => join(folder, `${i}.txt`));
    // Two tokens a line, the word and the line feed, and an end of text for each document.
    for (const [i, path] of paths.entries()) await writeFile(path, `${'hello\n'.repeat(50 + i)}`);
    const { bytesPerSecond, bytesPerToken } = await preparingSpeed(paths, new AbortController().signal);
    const lines = paths.reduce((sum, _, i) => sum + 50 + i, 0);
    expect(bytesPerToken).toBeCloseTo((6 * lines) / (2 * lines + paths.length), 10);
    expect(bytesPerSecond).toBeGreaterThan(0);
    const none = preparingSpeed([join(folder, 'none.txt')], new AbortController().signal);
    await expect(none).rejects.toMatchObject({ code: 'source-missing' });
    expect(await left()).toEqual(before);
  } finally {
    await rm(folder, { recursive: true });
  }
});
