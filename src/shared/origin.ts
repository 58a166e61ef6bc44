// biome-ignore-all lint/style/noRestrictedImports: for the application, the command line and the engine, which run under Node; the window never imports it.
/**
 * A child run owns what it starts from: `origin/` in its folder is a run folder of its own, with the parent's run.json,
 * the one checkpoint, and the snapshots that its policies' windows name. The parent may then be swept or deleted.
 */
import { constants, copyFile, link, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from './errors.ts';
import { syncFolder } from './files.ts';

/** Name of the folder inside the child's. */
export const originFolder = 'origin';

const stepName = (step: number): string => `step-${String(step).padStart(8, '0')}`;

/** The part of trainer.json that names snapshots. */
const windows = z.object({
  policies: z.record(z.string(), z.object({ state: z.object({ window: z.array(z.number().int()).optional() }) })),
});
/** The part of DONE that says what a whole checkpoint holds. */
const sizes = z.object({ files: z.record(z.string(), z.object({ bytes: z.number() })) });

/**
 * Takes the parent's checkpoint at `step` into the child's folder, by hard links where the file system has them, by
 * copies elsewhere. Does nothing when the child has it already.
 * @throws UserError 'no-checkpoint' when the parent has no whole checkpoint at that step
 */
export async function takeOrigin(parent: string, child: string, step: number, linkFile = link): Promise<void> {
  const target = join(child, originFolder);
  if (await isThere(join(target, 'run.json'))) return;
  const temporary = join(child, `.tmp-${originFolder}`);
  await rm(temporary, { recursive: true, force: true });
  try {
    await collect(parent, temporary, step, linkFile);
    await rename(temporary, target);
    await syncFolder(child);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new UserError(
      'no-checkpoint',
      `${parent} has no whole checkpoint at step ${step}.`,
      'Choose one of its newer checkpoints.',
      { cause: error },
    );
  }
}

async function collect(parent: string, target: string, step: number, linkFile: typeof link): Promise<void> {
  const place = (...parts: string[]): string => join(target, ...parts);
  const take = async (from: string, to: string): Promise<void> => {
    try {
      await linkFile(from, to);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
      await copyFile(from, to, constants.COPYFILE_FICLONE);
    }
  };
  const source = join(parent, 'checkpoints', stepName(step));
  const checkpoint = place('checkpoints', stepName(step));
  await mkdir(checkpoint, { recursive: true });
  await mkdir(place('snapshots'));
  const done = sizes.parse(JSON.parse(await readFile(join(source, 'DONE'), 'utf8')));
  for (const name of await readdir(source)) await take(join(source, name), join(checkpoint, name));
  // The parent may be sweeping at this moment: what DONE names must have arrived whole.
  for (const [name, { bytes }] of Object.entries(done.files))
    if ((await stat(join(checkpoint, name))).size !== bytes) throw gone(join(source, name));

  const trainer = windows.parse(JSON.parse(await readFile(join(checkpoint, 'trainer.json'), 'utf8')));
  const steps = new Set(Object.values(trainer.policies).flatMap(({ state }) => state.window ?? []));
  steps.delete(step);
  for (const held of steps) {
    const name = `${stepName(held)}.safetensors`;
    // Weights of a step lie in its checkpoint or in a snapshot, as the same bytes.
    const places = [join(parent, 'snapshots', name), join(parent, 'checkpoints', stepName(held), 'model.safetensors')];
    const from = (await isThere(places[0])) ? places[0] : places[1];
    await take(from, place('snapshots', name));
  }
  await copyFile(join(parent, 'run.json'), place('run.json'));
}

const gone = (path: string): NodeJS.ErrnoException => Object.assign(new Error(`${path} is gone`), { code: 'ENOENT' });

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
