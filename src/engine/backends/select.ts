/** Chooses the engine that computes. Missing hardware or a missing compiler is no error: `auto` says what it took. */
import { UserError } from '../errors.ts';
import type { Backend, BackendName, BackendOptions } from './backend.ts';
import { openNative } from './native/index.ts';
import { openReference } from './reference/index.ts';

/**
 * Opens a backend. `auto`: native where it loads, else reference; `why` says so in words.
 * Throws UserError 'native-missing' when native was asked for by name and does not load.
 */
export async function openBackend(
  choice: 'auto' | BackendName,
  options: BackendOptions,
): Promise<{ backend: Backend; why: string }> {
  switch (choice) {
    case 'native':
      return { backend: await openNative(options), why: 'native: asked for by name' };
    case 'reference':
      return { backend: await openReference(), why: 'reference: asked for by name' };
    case 'auto':
      try {
        const backend = await openNative(options);
        return { backend, why: `native: the fastest that works here (${backend.info.family})` };
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return { backend: await openReference(), why: `reference, slow but portable: ${error.message}` };
      }
  }
}
