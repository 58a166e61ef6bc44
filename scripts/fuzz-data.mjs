/** Feeds damaged files to the readers of data, 100,000 unless a number is given. See docs/data.md. */
import { ensureInstalled } from './lib/ensure.mjs';
import { runUnderNode24 } from './lib/node24.mjs';

ensureInstalled();
process.exitCode = await runUnderNode24('bench/data/fuzz.ts', process.argv.slice(2));
