/**
 * Finds and loads TensorFlow's own library: the first that loads of tfjs-node-gpu and tfjs-node, in the folder that
 * MEANDER_TENSORFLOW names, then where Meander itself lies. Neither is a dependency.
 */
import { createRequire } from 'node:module';
import { availableParallelism, cpus } from 'node:os';
import { isAbsolute, join } from 'node:path';
import util from 'node:util';
import { UserError } from '../../errors.ts';
import { cudaLibraries, graphicsCard, unloadable } from './cuda.ts';
import type { Library, Tf } from './library.ts';
import { loadFailure } from './load-failure.ts';

/** In this order. */
const packages = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;
type PackageName = (typeof packages)[number];

/** Folder that holds either package, as the user named it; null: none named. */
export const namedFolder = (): string | null => process.env.MEANDER_TENSORFLOW || null;

/** What tfjs-node adds to TensorFlow.js's backend. */
interface NodeBackend {
  readonly isUsingGpuDevice: boolean;
  readonly binding: { readonly TF_Version: string };
}

type Outcome =
  | { readonly library: Library; readonly note: string | null }
  | { readonly problem: string; readonly installed: boolean };

/** A process loads at most one; what failed is not tried again either, since nothing is unloaded. */
let outcome: Outcome | null = null;

/**
 * Loads the library, once per process; `threads` counts the first time only.
 * Throws UserError 'tensorflow-missing' where none is installed or none loads.
 */
export function loadLibrary(threads: number | null): Library {
  outcome ??= search(threads);
  if ('library' in outcome) return outcome.library;
  throw new UserError(
    'tensorflow-missing',
    outcome.problem,
    'Choose another engine; or install @tensorflow/tfjs-node-gpu or tfjs-node in a folder of its own and name that ' +
      'folder in Settings, or in MEANDER_TENSORFLOW. docs/tensorflow.md says how.',
  );
}

export interface TensorflowStatus {
  readonly available: boolean;
  /** Whether either package is there at all: if not, nothing is wrong. */
  readonly installed: boolean;
  readonly reason: string | null;
  readonly note: string | null;
}

/** Whether TensorFlow loads here, why not, and what keeps it from the graphics card although it was meant for one. */
export function tensorflowStatus(): TensorflowStatus {
  outcome ??= search(null);
  if ('library' in outcome) return { available: true, installed: true, reason: null, note: outcome.note };
  return { available: false, installed: outcome.installed, reason: outcome.problem, note: null };
}

function search(threads: number | null): Outcome {
  const named = namedFolder();
  if (named !== null && !isAbsolute(named))
    return { installed: true, problem: `its folder must be an absolute path, and is "${named}"` };
  const places = named === null ? [import.meta.url] : [join(named, 'any.js'), import.meta.url];
  const problems: string[] = [];
  for (const name of packages)
    for (const place of places) {
      // Not named `require`: bundlers take calls of that name for their own.
      const packagesAt = createRequire(place);
      let folder: string;
      try {
        folder = join(packagesAt.resolve(`${name}/package.json`), '..');
      } catch {
        continue;
      }
      try {
        return load(name, packagesAt, threads);
      } catch (error) {
        problems.push(loadFailure(name, folder, error));
      }
    }
  if (problems.length > 0) return { installed: true, problem: problems.join(' ') };
  const where = named === null ? '' : ` in ${named}, the folder that was named for them`;
  return { installed: named !== null, problem: `neither ${packages.join(' nor ')} is installed${where}` };
}

function load(name: PackageName, packagesAt: NodeJS.Require, threads: number | null): Outcome {
  prepareProcess(threads);
  const tf = packagesAt(name) as Tf;
  const backend = tf.backend() as unknown as NodeBackend;
  const version = backend.binding.TF_Version;
  const card = backend.isUsingGpuDevice;
  const missing = name.endsWith('-gpu') && !card ? unloadable(cudaLibraries(version, process.platform)) : [];
  const note =
    missing.length > 0
      ? `TensorFlow ${version} computes on the processor, because libraries for the graphics card do not load: ${missing.join(', ')}`
      : name.endsWith('-gpu') && !card
        ? `TensorFlow ${version} found no graphics card that it can use, so it computes on the processor`
        : null;
  const cores = Number(process.env.TF_NUM_INTRAOP_THREADS) || availableParallelism();
  const numerics = {
    library: `${name.slice('@tensorflow/'.length)} ${tf.version_core}, TensorFlow ${version}`,
    device: card ? 'cuda' : 'cpu',
    // The library may cut its sums by thread.
    threads: cores,
    oneDnn: process.env.TF_ENABLE_ONEDNN_OPTS ?? 'default',
    tensorFloat32: card && process.env.NVIDIA_TF32_OVERRIDE !== '0',
    // On a graphics card sums over equal tokens are added in whatever order they come: no two sittings are the same.
    ...(card && { sitting: `${process.pid} ${Date.now()}` }),
  };
  const library: Library = {
    tf,
    device: (card ? graphicsCard() : cpus()[0]?.model.trim()) ?? 'unknown',
    family: `TensorFlow ${version} on the ${card ? 'graphics card' : 'processor'}`,
    threads: cores,
    numerics,
  };
  return { library, note };
}

/** What the library reads from the environment when it loads; what the user set stands. */
function prepareProcess(threads: number | null): void {
  if (threads !== null) process.env.TF_NUM_INTRAOP_THREADS ??= String(threads);
  // Full float32 in matrix products: with TF32 losses would be 10⁻³ off the other engines'.
  process.env.NVIDIA_TF32_OVERRIDE ??= '0';
  // A card may have other users; TensorFlow would take all of its memory at once.
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  // Warnings and errors, no greetings.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '1';
  // tfjs-node 4.22 calls two functions that Node 23 took out.
  const old = util as unknown as { isArray?: unknown; isNullOrUndefined?: unknown };
  old.isArray ??= Array.isArray;
  old.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
}
