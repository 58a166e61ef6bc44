/** Chooses the engine that computes. Missing hardware or a missing compiler is no error: `auto` says what it took. */
import { UserError } from '../errors.ts';
import type { Backend, BackendName, BackendOptions } from './backend.ts';
import { openNative } from './native/index.ts';
import { openReference } from './reference/index.ts';
import { productRace } from './speed.ts';
import { openTensorflow } from './tensorflow/index.ts';
import { openWebgpu, selfTest, type WebgpuBackend } from './webgpu/index.ts';

/** Measures engines against each other on what they are wanted for. */
export interface Race {
  /** Seconds that it takes on this backend. Throws UserError or Error where it has no room, or an operation fails. */
  seconds(backend: Backend): Promise<number>;
  /** What takes the time, in words, e.g. 'a step of this model'. */
  readonly of: string;
}

/**
 * Opens a backend. `auto`: of a graphics card that computes rightly, native and TensorFlow whatever loads here; where
 * several do, the fastest in `race`, or without one of the first two whichever multiplies faster; where none does,
 * reference. `why` says so in words, and what became of a precision or of a processor's part that is not to be had here.
 * Throws UserError 'native-missing', 'webgpu-missing', 'webgpu-wrong' or 'tensorflow-missing' when one was asked for by
 * name and does not load or computes wrongly.
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
      return openNamedCard(options);
    case 'tensorflow':
      return { backend: await openTensorflow(options), why: 'tensorflow: asked for by name' };
    case 'reference':
      return { backend: await openReference(), why: 'reference: asked for by name' };
    case 'auto':
      return openFastest(options, race);
  }
}

async function openNamedCard(options: BackendOptions): Promise<{ backend: Backend; why: string }> {
  const backend = await openCard(options, true);
  const slow = backend.software ? `; ${backend.info.device} computes on the processor, far slower than native` : '';
  return { backend, why: `webgpu: asked for by name${slow}` };
}

/** Closed again where it computes wrongly. By name, an adapter that computes on the processor will do. */
async function openCard(options: BackendOptions, software: boolean): Promise<WebgpuBackend> {
  const backend = await openWebgpu({ ...options, software });
  try {
    await selfTest(backend);
    return backend;
  } catch (error) {
    await backend.close().catch(() => {});
    throw error;
  }
}

/** TensorFlow takes seconds to load, so only for a race of a whole model, or where there is nothing else. */
async function openFastest(options: BackendOptions, race: Race | null): Opened {
  const reasons: string[] = [];
  const loaded: Backend[] = [];
  const load = async (name: BackendName, open: () => Promise<Backend>): Promise<void> => {
    try {
      loaded.push(await open());
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      reasons.push(`${name}: ${error.message.replace(/\.$/, '')}`);
    }
  };
  await load('webgpu', () => openCard(options, false));
  await load('native', () => openNative(options));
  if (race !== null || loaded.length === 0) await load('tensorflow', () => openTensorflow(options));
  const [first] = loaded;
  if (first === undefined)
    return { backend: await openReference(), why: `reference, slow but portable: ${reasons.join('; ')}` };
  if (loaded.length > 1) return run(race ?? productRace, loaded);
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
  const measured = `${race.of} takes ${times.map(({ text }) => text).join(', ')}`;
  return { backend: winner!.backend, why: `${winner!.backend.info.name}: the fastest here, measured: ${measured}` };
}

const milliseconds = (seconds: number): string => `${Number((1000 * seconds).toPrecision(3))} ms`;
