/** From a fresh clone to an averaged model: installs what is missing, then runs `meander quickstart`. */
import { ensureInstalled, ensureNative } from './lib/ensure.mjs';
import { runUnderNode24 } from './lib/node24.mjs';

const started = Date.now();
ensureInstalled();
ensureNative();
process.exitCode = await runUnderNode24('src/cli/main.ts', ['quickstart', ...process.argv.slice(2)], {
  env: { ...process.env, MEANDER_STARTED: String(started) },
});
