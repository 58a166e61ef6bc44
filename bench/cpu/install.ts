/** A Python with PyTorch for the bench, made once in a folder beside the sources that git ignores. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Where rivals and what they compile lie. */
export const scratchFolder = join(import.meta.dirname, '../../.cache/bench-cpu');

/**
 * Path of the Python; installs it where it is missing (some gigabytes, since PyTorch's package brings CUDA along).
 * Throws Error with what failed and what to do.
 */
export async function pythonWithTorch(): Promise<string> {
  const folder = join(scratchFolder, 'python');
  const python = (at: string) => join(at, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  if (existsSync(python(folder))) return python(folder);
  console.error(`Installing PyTorch into ${folder} (several gigabytes; --python PATH takes one that you have) …`);
  await mkdir(dirname(folder), { recursive: true });
  const run = (command: string, args: readonly string[]) =>
    spawnSync(command, args, { stdio: ['ignore', 2, 2] }).status === 0;
  try {
    if (!run(process.platform === 'win32' ? 'python' : 'python3', ['-m', 'venv', folder]))
      throw new Error('python3 -m venv failed (Debian and Ubuntu: apt-get install python3-venv)');
    if (!run(python(folder), ['-m', 'pip', 'install', '--quiet', 'torch>=2', 'numpy']))
      throw new Error('pip could not install torch; its message is above');
  } catch (error) {
    // Half an environment would be taken for a whole one.
    await rename(folder, `${folder}.failed`).catch(() => {});
    await rm(`${folder}.failed`, { recursive: true, force: true });
    throw error;
  }
  return python(folder);
}
