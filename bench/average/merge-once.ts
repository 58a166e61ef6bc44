/** One merge in a process of its own, so that its memory can be told: JSON of {inputs, target, dtype} as argument. */
import { readFile } from 'node:fs/promises';
import { mergeCheckpoints } from '../../src/engine/averaging/index.ts';

const { inputs, target, precision } = JSON.parse(process.argv[2]) as {
  inputs: string[];
  target: string;
  precision?: 'float32' | 'float64';
};
const start = performance.now();
await mergeCheckpoints(inputs, target, { hashes: false, precision });
const seconds = (performance.now() - start) / 1000;
// On Linux resourceUsage counts what the parent had when it forked.
const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
const kilobytes = Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS);
console.log(JSON.stringify({ seconds, peakRss: kilobytes * 1024 }));
