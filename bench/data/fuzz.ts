/**
 * `npm run fuzz:data [COUNT] [FIRST]`: damaged files against the readers of data, 100,000 unless said. Every one must
 * end in words, within 20 seconds and 1.5 GB; one that does not is named by its number, from which it can be made again.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { fuzzSeeds, mutated, readHostile } from '../../src/engine/data/readers/fuzz.ts';

const longest = 20_000;
const mostMemory = 1.5e9;

if (isMainThread) {
  const count = Number(process.argv[2] ?? 100_000);
  const first = Number(process.argv[3] ?? 0);
  const folder = mkdtempSync(join(tmpdir(), 'meander-fuzz-'));
  const started = performance.now();
  let at = first;
  let since = performance.now();
  let slowest = 0;
  let peak = 0;
  const outcomes = { whole: 0, refused: 0 };
  const end = (problem: string | null) => {
    const seconds = Math.round((performance.now() - started) / 1000);
    if (problem !== null) console.error(`input ${at}: ${problem}`);
    console.log(
      JSON.stringify({
        inputs: at - first,
        ...outcomes,
        seconds,
        slowest_ms: Math.round(slowest),
        peak_rss_mb: Math.round(peak / 1e6),
      }),
    );
    rmSync(folder, { recursive: true, force: true });
    process.exit(problem === null ? 0 : 1);
  };
  const worker = new Worker(new URL(import.meta.url), { workerData: { folder, first, count } });
  worker.on('message', ({ number, outcome }: { number: number; outcome: string }) => {
    slowest = Math.max(slowest, performance.now() - since);
    since = performance.now();
    peak = Math.max(peak, process.memoryUsage.rss());
    at = number;
    if (outcome !== 'whole' && outcome !== 'refused') end(outcome);
    else outcomes[outcome]++;
    at = number + 1;
    if (at % 5000 === 0) console.log(`${at - first} of ${count}`);
  });
  worker.on('error', (error) => end(error.stack ?? String(error)));
  worker.on('exit', () => end(null));
  setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
    if (performance.now() - since > longest) end(`it takes more than ${longest / 1000} s`);
    if (peak > mostMemory) end(`it takes ${Math.round(peak / 1e6)} MB`);
  }, 100);
} else {
  const { folder, first, count } = workerData as { folder: string; first: number; count: number };
  const seeds = await fuzzSeeds();
  for (let number = first; number < first + count; number++) {
    const outcome = await readHostile(folder, mutated(seeds, number)).catch(
      (error: Error) => error.stack ?? String(error),
    );
    parentPort?.postMessage({ number, outcome });
  }
}
