/** Times the TensorFlow engine beside native and plain TensorFlow.js. See docs/tensorflow.md. */
import { ensureInstalled, ensureNative } from './lib/ensure.mjs';
import { runUnderNode24 } from './lib/node24.mjs';

ensureInstalled();
ensureNative();
process.exitCode = await runUnderNode24('bench/tensorflow/bench.ts', process.argv.slice(2));
