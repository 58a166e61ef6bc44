/** Native engines that tests ask for by their kernels. */
import type { Backend, BackendOptions } from '../backend.ts';
import { nativeStatus, openNative } from './index.ts';

/** Runs `body` with the kernel family set that native is to use. */
export function withFamily<T>(family: string, body: () => T): T {
  const before = process.env.MEANDER_KERNELS;
  process.env.MEANDER_KERNELS = family;
  try {
    return body();
  } finally {
    if (before === undefined) delete process.env.MEANDER_KERNELS;
    else process.env.MEANDER_KERNELS = before;
  }
}

/**
 * Native in mixed precision: on the processor's own bfloat16 where it has some, else on the same kernels with portable
 * arithmetic, which are slow and everywhere.
 */
export function openMixed(options: BackendOptions): Promise<Backend> {
  if (nativeStatus('mixed').mixed) return openNative({ ...options, precision: 'mixed' });
  return withFamily('portablebf16', () => openNative(options));
}
