/** Times preparing data, beside tiktoken where a Python that has it is given. See docs/performance.md. */
import { ensureInstalled } from './lib/ensure.mjs';
import { runUnderNode24 } from './lib/node24.mjs';

ensureInstalled();
process.exitCode = await runUnderNode24('bench/data/bench.ts', process.argv.slice(2));
