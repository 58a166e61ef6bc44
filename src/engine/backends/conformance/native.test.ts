import { execFileSync } from 'node:child_process';
import { describe, it } from 'vitest';
import { withFamily } from '../native/fixture.ts';
import { nativeStatus, openNative } from '../native/index.ts';
import { conformance, float32, mixed, type Open } from './conformance.ts';

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

// Every family that this processor runs, not only the one it would choose.
const families = [
  ...['amxbf16', 'amxtwin', 'amxtwin512'],
  ...['avx512', 'avx512bf16', 'avx2', 'neon', 'neonbf16', 'portable', 'portablebf16'],
]
  .map((name) => ({ name, ...withFamily(name, nativeStatus) }))
  .filter(({ available }) => available);

for (const family of families) {
  const open: Open = (options) => withFamily(family.name, () => openNative(options));
  conformance(`native ${family.name}`, open, family.mixed ? mixed : float32);
}
if (families.length === 0) {
  if (compilerFound()) conformance('native', openNative, float32);
  else
    describe('native', () =>
      it.skip('no C++ compiler on this machine, so there is no native backend to test', () => {}));
}
