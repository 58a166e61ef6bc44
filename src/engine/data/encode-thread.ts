/** Entry of a thread that turns text into tokens for `encode-pool`. */
import { parentPort, workerData } from 'node:worker_threads';
import type { EncodeTask } from './encode-batch.ts';
import { encodeBatch } from './encode-batch.ts';
import type { ThreadStart } from './encode-pool.ts';
import { builtInTokenizer, loadEncoder } from './tokenizers/load.ts';

const { folder, kind } = workerData as ThreadStart;
const encoder = (await builtInTokenizer(kind)) ?? (await loadEncoder(folder));
if (encoder === null || parentPort === null) throw new Error(`no tokenizer in ${folder}`);
const port = parentPort;
port.on('message', (task: EncodeTask) => {
  const done = encodeBatch(encoder, task);
  port.postMessage(done, [done.ids.buffer, done.counts.buffer, done.bytes.buffer, done.text.buffer]);
});
