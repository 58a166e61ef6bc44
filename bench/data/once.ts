/** One preparation in a process of its own, for its time and its memory: prints one JSON object. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepareDataset, prepareLimits } from '../../src/engine/data/index.ts';
import { prepareConfig } from '../../src/shared/dataset.ts';

const request = JSON.parse(process.argv[2]) as {
  source: string;
  folder: string;
  threads: number | null;
  /** In place of the bench's own config and of the usual limits. */
  choices?: object;
  limits?: object;
};
const { source, folder, threads } = request;
// The tail follows the training part, so both together are the documents in their order.
const split = { by: 'tail', fraction: 1e-4 };
const config = prepareConfig.parse({
  name: 'bench',
  sources: [source],
  tokenizer: 'gpt2',
  split,
  ...request.choices,
});
const limits = { ...prepareLimits, ...request.limits, threads };
const started = performance.now();
const hooks = { onProgress() {}, signal: new AbortController().signal };
const { train, val } = await prepareDataset(folder, config, hooks, limits);
const seconds = (performance.now() - started) / 1000;
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
const rss = maxRSS * 1024;
// Of all threads, the start of the process in it.
const processor = (userCPUTime + systemCPUTime) / 1e6;
const hash = createHash('sha256');
for (const { name } of [...train.files, ...val.files]) hash.update(readFileSync(join(folder, name)));
console.log(JSON.stringify({ seconds, processor, rss, bytes: train.bytes + val.bytes, ids: hash.digest('hex') }));
