/** Whether a folder can hold the data, asked before anything is written and made sure of before it is used. */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { toApiError, UserError } from '../../shared/errors.ts';
import { diskFull, explainFileError, temporaryPrefix, withFileErrors } from '../../shared/files.ts';
import type { HomeCheck } from '../../shared/home.ts';
import { folderNames } from '../folders.ts';
import { freeDisk } from '../machine.ts';

/** A path as people type it: ~ is the user's folder. @throws UserError 'home-relative' */
export function homePath(typed: string): string {
  const text = typed.trim();
  const path = text === '~' || /^~[\\/]/.test(text) ? join(homedir(), text.slice(1)) : text;
  if (!isAbsolute(path))
    throw new UserError('home-relative', `"${text}" is not an absolute path.`, 'Give the whole path.');
  return resolve(path);
}

/** Looks without writing. `fixed`: the present data folder is given from outside. */
export async function checkHome(typed: string, fixed: boolean): Promise<HomeCheck> {
  const names = (path: string) => folderNames(path).catch(() => []);
  try {
    const path = homePath(typed);
    const [problem, free, runs, datasets] = await Promise.all([
      problemOf(path),
      freeDisk(path),
      names(join(path, 'runs')),
      names(join(path, 'datasets')),
    ]);
    const full = free === 0 ? toApiError(diskFull(path, null, 0)) : null;
    return { path, problem: problem ?? full, free, runs: runs.length, datasets: datasets.length, fixed };
  } catch (error) {
    return { path: typed, problem: toApiError(error), free: null, runs: 0, datasets: 0, fixed };
  }
}

async function problemOf(path: string): Promise<HomeCheck['problem']> {
  for (let at = path; ; at = dirname(at)) {
    try {
      if (!(await stat(at)).isDirectory())
        return toApiError(new UserError('home-not-folder', `${at} is not a folder.`, 'Choose another place.'));
      await access(at, constants.W_OK | constants.X_OK);
      return null;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Not there yet, or below a file: what is above decides.
      if ((code === 'ENOENT' || code === 'ENOTDIR') && dirname(at) !== at) continue;
      return toApiError(await explainFileError(error, at));
    }
  }
}

/** Makes the folder and writes a file into it, so that a folder that is chosen can be used. @throws UserError */
export async function prepareHome(path: string): Promise<void> {
  const problem = await problemOf(path);
  if (problem !== null) throw new UserError(problem.code, problem.message, problem.next);
  const probe = join(path, `${temporaryPrefix}${randomBytes(4).toString('hex')}`);
  await withFileErrors(path, async () => {
    await makeFolders(path);
    await writeFile(probe, 'Meander can write here.');
    await rm(probe);
  });
}

/** As a recursive mkdir, which Node never ends where a file system answers ENOENT to every new folder, such as /proc. */
async function makeFolders(path: string): Promise<void> {
  const isFolder = await stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
  if (isFolder || dirname(path) === path) return;
  await makeFolders(dirname(path));
  await mkdir(path);
}
