import { execFileSync } from 'node:child_process';
import { describe, it } from 'vitest';
import { nativeStatus, openNative } from '../native/index.ts';
import { conformance, float32, type Open } from './conformance.ts';

/** Whether there is a C++ compiler: then a native backend that does not load is a failure, never a skip. */
function compilerFound(): boolean {
  return ['g++', 'c++', 'clang++', 'cl'].some((name) => {
    try {
      execFileSync(name, name === 'cl' ? [] : ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs `body` with the kernel family set that native is to use. */
function withFamily<T>(family: string, body: () => T): T {
  const before = process.env.MEANDER_KERNELS;
  process.env.MEANDER_KERNELS = family;
  try {
    return body();
  } finally {
    if (before === undefined) delete process.env.MEANDER_KERNELS;
    else process.env.MEANDER_KERNELS = before;
  }
}

// Every family that this processor runs, not only the one it would choose.
const families = ['avx512', 'avx2', 'neon', 'portable'].filter((f) => withFamily(f, () => nativeStatus().available));

for (const family of families) {
  const open: Open = (options) => withFamily(family, () => openNative(options));
  conformance(`native ${family}`, open, float32);
}
if (families.length === 0) {
  if (compilerFound()) conformance('native', openNative, float32);
  else
    describe('native', () =>
      it.skip('no C++ compiler on this machine, so there is no native backend to test', () => {}));
}
