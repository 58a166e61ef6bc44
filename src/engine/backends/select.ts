/** Chooses the engine that computes. Missing hardware or a missing compiler is no error: `auto` says what it took. */
import { UserError } from '../errors.ts';
import type { Backend, BackendName, BackendOptions } from './backend.ts';
import { openNative } from './native/index.ts';
import { openReference } from './reference/index.ts';
import { openTensorflow } from './tensorflow/index.ts';

/**
 * Opens a backend. `auto`: native where it loads, then TensorFlow where the user has it, else reference; `why` says so
 * in words, and what became of a precision that is not to be had here.
 * Throws UserError 'native-missing' or 'tensorflow-missing' when one was asked for by name and does not load.
 */
export async function openBackend(
  choice: 'auto' | BackendName,
  options: BackendOptions,
): Promise<{ backend: Backend; why: string }> {
  const { backend, why } = await open(choice, options);
  const mixed = options.precision === 'mixed' && backend.info.numerics.precision !== 'mixed';
  return { backend, why: mixed ? `${why}; ${withoutMixed(backend)}` : why };
}

function withoutMixed({ info }: Backend): string {
  const lack = info.name === 'native' ? 'this processor has no bfloat16 arithmetic' : 'this engine has one precision';
  return `mixed precision was asked for, but ${lack}: ${info.numerics.precision} it is`;
}

async function open(choice: 'auto' | BackendName, options: BackendOptions): Promise<{ backend: Backend; why: string }> {
  switch (choice) {
    case 'native':
      return { backend: await openNative(options), why: 'native: asked for by name' };
    case 'tensorflow':
      return { backend: await openTensorflow(options), why: 'tensorflow: asked for by name' };
    case 'reference':
      return { backend: await openReference(), why: 'reference: asked for by name' };
    case 'auto':
      return openFastest(options);
  }
}

async function openFastest(options: BackendOptions): Promise<{ backend: Backend; why: string }> {
  const reasons: string[] = [];
  for (const open of [openNative, openTensorflow])
    try {
      const backend = await open(options);
      const { name, family } = backend.info;
      return { backend, why: [`${name}: the fastest that works here (${family})`, ...reasons].join('; not ') };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      reasons.push(`${open === openNative ? 'native' : 'tensorflow'}: ${error.message}`);
    }
  return { backend: await openReference(), why: `reference, slow but portable: ${reasons.join('; ')}` };
}
