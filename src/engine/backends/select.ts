/** Chooses the engine that computes. Missing hardware or a missing compiler is no error: `auto` says what it took. */
import { UserError } from '../errors.ts';
import type { Backend, BackendName, BackendOptions } from './backend.ts';
import { openNative } from './native/index.ts';
import { openReference } from './reference/index.ts';
import { openTensorflow } from './tensorflow/index.ts';
import { openWebgpu, selfTest } from './webgpu/index.ts';

/** Measures engines against each other on what they are wanted for. */
export interface Race {
  /** Seconds that a step takes on this backend. Throws UserError or Error where it has no room, or an operation fails. */
  seconds(backend: Backend): Promise<number>;
  /** What takes a step, in words, e.g. 'this model'. */
  readonly of: string;
}

/**
 * Opens a backend. `auto`: of native and TensorFlow what loads here; where both do, the faster one in `race`, native
 * without one; where neither does, reference. `why` says so in words, and what became of a precision or of a
 * processor's part that is not to be had here.
 * Throws UserError 'native-missing' or 'tensorflow-missing' when one was asked for by name and does not load.
 */
export async function openBackend(
  choice: 'auto' | BackendName,
  options: BackendOptions,
  race: Race | null = null,
): Promise<{ backend: Backend; why: string }> {
  const opened = await open(choice, options, race);
  const { backend } = opened;
  const why = backend.info.note === undefined ? opened.why : `${opened.why}; ${backend.info.note}`;
  const mixed = options.precision === 'mixed' && backend.info.numerics.precision !== 'mixed';
  return { backend, why: mixed ? `${why}; ${withoutMixed(backend)}` : why };
}

function withoutMixed({ info }: Backend): string {
  const lack = info.name === 'native' ? 'this processor has no bfloat16 arithmetic' : 'this engine has one precision';
  return `mixed precision was asked for, but ${lack}: ${info.numerics.precision} it is`;
}

type Opened = Promise<{ backend: Backend; why: string }>;

async function open(choice: 'auto' | BackendName, options: BackendOptions, race: Race | null): Opened {
  switch (choice) {
    case 'native':
      return { backend: await openNative(options), why: 'native: asked for by name' };
    case 'webgpu':
      return openCard(options);
    case 'tensorflow':
      return { backend: await openTensorflow(options), why: 'tensorflow: asked for by name' };
    case 'reference':
      return { backend: await openReference(), why: 'reference: asked for by name' };
    case 'auto':
      return openFastest(options, race);
  }
}

/** By name, an adapter that computes on the processor will do: it is what there is to try the engine with. */
async function openCard(options: BackendOptions): Promise<{ backend: Backend; why: string }> {
  const backend = await openWebgpu({ ...options, software: true });
  try {
    await selfTest(backend);
  } catch (error) {
    await backend.close().catch(() => {});
    throw error;
  }
  const slow = backend.software ? `; ${backend.info.device} computes on the processor, far slower than native` : '';
  return { backend, why: `webgpu: asked for by name${slow}` };
}

const engines: readonly [BackendName, (options: BackendOptions) => Promise<Backend>][] = [
  ['native', openNative],
  ['tensorflow', openTensorflow],
];

/** The engines that load here, the likely fastest first: one alone where none is to be measured against another. */
async function openFastest(options: BackendOptions, race: Race | null): Opened {
  const reasons: string[] = [];
  const loaded: Backend[] = [];
  for (const [name, open] of engines) {
    if (loaded.length > 0 && race === null) break;
    try {
      loaded.push(await open(options));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      reasons.push(`${name}: ${error.message}`);
    }
  }
  const [first] = loaded;
  if (first === undefined)
    return { backend: await openReference(), why: `reference, slow but portable: ${reasons.join('; ')}` };
  if (race !== null && loaded.length > 1) return run(race, loaded);
  const { name, family } = first.info;
  return { backend: first, why: [`${name}: the fastest that works here (${family})`, ...reasons].join('; not ') };
}

/** Closes all but the fastest. Where none runs the model, the first stays, whose own attempt then says what is wrong. */
async function run(race: Race, loaded: readonly Backend[]): Opened {
  const times: { backend: Backend; seconds: number; text: string }[] = [];
  for (const backend of loaded) {
    const { name } = backend.info;
    try {
      const seconds = await race.seconds(backend);
      times.push({ backend, seconds, text: `${name} ${milliseconds(seconds)}` });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      times.push({ backend, seconds: Number.POSITIVE_INFINITY, text: `${name} cannot (${reason})` });
    }
  }
  const [winner, ...others] = times.sort((a, b) => a.seconds - b.seconds);
  for (const { backend } of others) await backend.close();
  const measured = `a step of ${race.of} takes ${times.map(({ text }) => text).join(', ')}`;
  return { backend: winner!.backend, why: `${winner!.backend.info.name}: the fastest here, measured: ${measured}` };
}

const milliseconds = (seconds: number): string => `${Number((1000 * seconds).toPrecision(3))} ms`;
