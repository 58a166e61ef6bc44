/** Names inside a run's folder. */
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder, temporaryPrefix } from '../files.ts';
import { type DoneFile, doneFile } from './trainer-state.ts';

export const runFileName = 'run.json';
export const metricsName = 'metrics.jsonl';
export const folders = ['checkpoints', 'snapshots', 'averages', 'exports'] as const;
/** Beside them, where a power EMA stores its pairs. */
export const pairsFolder = 'pairs';
export const doneName = 'DONE';
export const trainerTensors = 'trainer.safetensors';
export const trainerJson = 'trainer.json';

/** step-00001000 */
export const stepName = (step: number): string => `step-${String(step).padStart(8, '0')}`;

/** The step of a name, null when it is none. */
export function stepOf(name: string): number | null {
  const match = /^step-(\d{8,15})(?:\.safetensors)?$/.exec(name);
  return match ? Number(match[1]) : null;
}

export async function listNames(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** What DONE says, or null when the folder is not complete. */
export async function readDone(folder: string): Promise<DoneFile | null> {
  try {
    return doneFile.parse(JSON.parse(await readFile(join(folder, doneName), 'utf8')));
  } catch {
    return null;
  }
}

/** The first file that is missing or has another size than DONE says; null when all fit. */
export async function sizeProblem(folder: string, done: DoneFile): Promise<string | null> {
  for (const [name, { bytes }] of Object.entries(done.files)) {
    const size = (await stat(join(folder, name)).catch(() => null))?.size;
    if (size === undefined) return `${join(folder, name)} is missing`;
    if (size !== bytes) return `${join(folder, name)} has ${size} bytes instead of ${bytes}`;
  }
  return null;
}

/**
 * Removes what a killed process left unfinished. A folder that was complete but for its last rename is put in
 * place instead. Call with the run locked.
 * @returns names of what was removed, relative to the run
 */
export async function sweepFolder(run: string): Promise<string[]> {
  const removed: string[] = [];
  const drop = async (...path: string[]) => {
    await rm(join(run, ...path), { recursive: true, force: true });
    removed.push(join(...path));
  };
  const checkpoints = join(run, 'checkpoints');
  await mkdir(checkpoints, { recursive: true });
  // New ones before those they replaced.
  const order = (name: string) => (name.startsWith(`${temporaryPrefix}old-`) ? 1 : 0);
  for (const name of (await listNames(checkpoints)).sort((a, b) => order(a) - order(b))) {
    const path = join(checkpoints, name);
    if (!name.startsWith(temporaryPrefix)) {
      if (stepOf(name) !== null && !(await readDone(path))) await drop('checkpoints', name);
      continue;
    }
    const target = name.slice(temporaryPrefix.length).replace(/^old-/, '');
    const done = await readDone(path);
    const complete = stepOf(target) !== null && done !== null && (await sizeProblem(path, done)) === null;
    if (complete && !(await listNames(checkpoints)).includes(target)) {
      await rename(path, join(checkpoints, target));
      await syncFolder(checkpoints);
    } else await drop('checkpoints', name);
  }
  const policies = (await listNames(join(run, 'averages'))).filter((name) => !name.startsWith('.'));
  const paired = (await listNames(join(run, pairsFolder))).map((id) => [pairsFolder, id]);
  const averaged = policies.map((id) => ['averages', id]);
  for (const parts of [[], ['snapshots'], ['exports'], ['averages'], ...averaged, ...paired])
    for (const name of await listNames(join(run, ...parts)).catch(() => []))
      if (name.startsWith(temporaryPrefix)) await drop(...parts, name);
  return removed;
}
