/** Times training on this processor, beside PyTorch where a Python that has it is given. See docs/performance.md. */
import { ensureInstalled, ensureNative } from './lib/ensure.mjs';
import { runUnderNode24 } from './lib/node24.mjs';

ensureInstalled();
ensureNative({ strict: true });
process.exitCode = await runUnderNode24('bench/cpu/bench.ts', process.argv.slice(2));
