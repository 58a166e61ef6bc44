// biome-ignore-all lint/style/noRestrictedImports: for the application, the command line and the engine, which run under Node; the window never imports it.
/**
 * A child run owns what it starts from: `origin/` in its folder is a run folder of its own, with the parent's run.json,
 * the one checkpoint, and the snapshots and stored pairs that its policies name. The parent may then be swept or deleted.
 */
import {
  constants,
  copyFile,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import type { RunConfig } from './config.ts';
import { UserError } from './errors.ts';
import { syncFolder, temporaryPrefix, withFileErrors } from './files.ts';

/** Name of the folder inside the child's. */
export const originFolder = 'origin';

/** A parent at work may be moving what is wanted from one place to another: it is looked for again. */
const attempts = 4;
/** Milliseconds between two. */
const pause = 100;

const stepName = (step: number): string => `step-${String(step).padStart(8, '0')}`;

/** The part of trainer.json that names snapshots. */
const windows = z.object({
  policies: z.record(
    z.string(),
    z.object({
      state: z.object({
        window: z.array(z.number().int()).optional(),
        stored: z.array(z.object({ step: z.number().int() })).optional(),
      }),
    }),
  ),
});
/** A policy's id, as it may be a folder's name. */
const policyName = /^[a-z0-9][a-z0-9-]*$/;
/** The part of DONE that says what a whole checkpoint holds. */
const sizes = z.object({ files: z.record(z.string(), z.object({ bytes: z.number() })) });

/** What a child takes: a whole checkpoint, or the weights of some steps. */
export type Wanted = { readonly checkpoint: number } | { readonly weights: readonly number[] };

/** What a configuration's first weights are taken from. */
export const wantedOf = (init: Extract<RunConfig['init'], { run: string }>): Wanted =>
  init.from === 'checkpoint' ? { checkpoint: init.step } : { weights: init.snapshots };

/** A file that should be in the parent's folder is not there, or not whole. */
class Gone extends Error {}

/**
 * Takes a checkpoint of the parent, or weights of some of its steps, into the child's folder, by hard links where the
 * file system has them, by copies elsewhere. Does nothing when the child has them already. The parent may be training
 * and sweeping meanwhile: the child gets all of it or nothing.
 * @param parent folder of a run
 * @param child folder that exists
 * @throws UserError 'no-checkpoint' or 'no-snapshots' when the parent does not have it whole, 'disk-full', 'not-writable'
 */
export async function takeOrigin(parent: string, child: string, wanted: Wanted, linkFile = link): Promise<void> {
  const target = join(child, originFolder);
  if (await isThere(join(target, 'run.json'))) return;
  const temporary = join(child, `${temporaryPrefix}${originFolder}`);
  try {
    await withFileErrors(target, async () => {
      await collectPatiently(parent, temporary, wanted, linkFile);
      await rename(temporary, target);
      await syncFolder(child);
    });
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (!(error instanceof Gone)) throw error;
    const [code, what, next] =
      'checkpoint' in wanted
        ? ['no-checkpoint', `whole checkpoint at step ${wanted.checkpoint}`, 'Choose another of its checkpoints.']
        : ['no-snapshots', `weights of steps ${wanted.weights.join(', ')}`, 'Go on from one of its checkpoints.'];
    throw new UserError(code, `${parent} has no ${what}: ${error.message}.`, next, { cause: error });
  }
}

async function collectPatiently(parent: string, target: string, wanted: Wanted, linkFile: typeof link): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    await rm(target, { recursive: true, force: true });
    try {
      return 'checkpoint' in wanted
        ? await collectCheckpoint(parent, target, wanted.checkpoint, linkFile)
        : await collectWeights(parent, target, wanted.weights, linkFile);
    } catch (error) {
      if (!(error instanceof Gone) || attempt === attempts) throw error;
      await setTimeout(pause);
    }
  }
}

async function collectCheckpoint(parent: string, target: string, step: number, linkFile: typeof link): Promise<void> {
  const source = join(parent, 'checkpoints', stepName(step));
  const checkpoint = join(target, 'checkpoints', stepName(step));
  const snapshots = join(target, 'snapshots');
  await mkdir(checkpoint, { recursive: true });
  await mkdir(snapshots);
  const done = await readText(join(source, 'DONE'));
  const { files } = parse(sizes, done, join(source, 'DONE'));
  for (const name of await orGone(source, readdir(source)))
    if (name !== 'DONE') await take(join(source, name), join(checkpoint, name), linkFile);
  for (const [name, { bytes }] of Object.entries(files))
    if ((await orGone(join(source, name), stat(join(checkpoint, name)))).size !== bytes)
      throw new Gone(`${join(source, name)} is not whole`);

  const trainer = parse(windows, await readText(join(checkpoint, 'trainer.json')), join(source, 'trainer.json'));
  const steps = new Set(Object.values(trainer.policies).flatMap(({ state }) => state.window ?? []));
  steps.delete(step);
  for (const held of steps) await takeWeights(parent, snapshots, held, linkFile);
  await takePairs(parent, target, trainer.policies, linkFile);
  await writeDurably(join(target, 'run.json'), await readText(join(parent, 'run.json')));
  // The checkpoint may have been replaced by another of its step meanwhile, and files of both been taken.
  if ((await readText(join(source, 'DONE'))) !== done) throw new Gone(`${source} was written anew`);
  await writeDurably(join(checkpoint, 'DONE'), done);
  for (const folder of [checkpoint, join(target, 'checkpoints'), snapshots, target]) await syncFolder(folder);
}

async function collectWeights(
  parent: string,
  target: string,
  steps: readonly number[],
  linkFile: typeof link,
): Promise<void> {
  const snapshots = join(target, 'snapshots');
  await mkdir(snapshots, { recursive: true });
  for (const step of steps) await takeWeights(parent, snapshots, step, linkFile);
  await writeDurably(join(target, 'run.json'), await readText(join(parent, 'run.json')));
  for (const folder of [snapshots, target]) await syncFolder(folder);
}

/** Weights of a step lie in its checkpoint or in a snapshot, as the same bytes. */
async function takeWeights(parent: string, snapshots: string, step: number, linkFile: typeof link): Promise<void> {
  const name = `${stepName(step)}.safetensors`;
  const places = [join(parent, 'snapshots', name), join(parent, 'checkpoints', stepName(step), 'model.safetensors')];
  await take((await isThere(places[0])) ? places[0] : places[1], join(snapshots, name), linkFile);
}

/**
 * Pairs that power EMAs stored. Training needs none of them, so one that is missing is left out: whoever asks for
 * another width is told then. A parent that is a child itself may have them in its own origin.
 */
async function takePairs(
  parent: string,
  target: string,
  policies: z.infer<typeof windows>['policies'],
  linkFile: typeof link,
): Promise<void> {
  for (const [id, { state }] of Object.entries(policies)) {
    if (!state.stored || !policyName.test(id)) continue;
    const to = join(target, 'pairs', id);
    await mkdir(to, { recursive: true });
    for (const { step } of state.stored) {
      const name = `${stepName(step)}.safetensors`;
      const places = [join(parent, 'pairs', id, name), join(parent, originFolder, 'pairs', id, name)];
      for (const place of places)
        if (await isThere(place)) {
          await take(place, join(to, name), linkFile);
          break;
        }
    }
    await syncFolder(to);
  }
}

/** What is linked is on the disk already; a copy is made durable. */
async function take(from: string, to: string, linkFile: typeof link): Promise<void> {
  try {
    await linkFile(from, to);
  } catch (error) {
    if (isMissing(error)) throw new Gone(`${from} is missing`);
    await orGone(from, copyFile(from, to, constants.COPYFILE_FICLONE));
    await sync(to);
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await sync(path);
}

async function sync(path: string): Promise<void> {
  // A copy may be read-only, as its source was; Windows flushes only what can be written.
  const handle = await open(path, process.platform === 'win32' ? 'r+' : 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function parse<T>(schema: z.ZodType<T>, text: string, path: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new Gone(`${path} cannot be read`);
  }
}

const readText = (path: string): Promise<string> => orGone(path, readFile(path, 'utf8'));

async function orGone<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw isMissing(error) ? new Gone(`${path} is missing`) : error;
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
