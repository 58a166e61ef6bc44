/**
 * How fast the sampler draws batches whose token files lie in the page cache, against a plain read of as many bytes:
 *   node bench/data/sampler.mjs [--mb 256] [--batch 12] [--block 1024]
 * Random blocks and epochs of one dataset, and a mix of two, interleaved with the floors: plain reads of the same rows
 * at random places into one buffer, with nothing done to them, and one read of as many bytes at once. The last line is
 * one JSON object; sampler_gb_per_s: bytes of token files read per second by random blocks.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { MixSampler } from '../../src/engine/data/batch.ts';
import { ShardSource } from '../../src/engine/data/shards.ts';

/** Seconds of each measurement; the fastest of `rounds` counts. */
const seconds = 0.04;
const rounds = 40;

/**
 * @param {{ megabytes?: number, batch?: number, block?: number, say?: (line: string) => void }} options
 * @returns {{ sampler_gb_per_s: number, sampler_epochs_gb_per_s: number, sampler_mix_gb_per_s: number,
 *   rows_gb_per_s: number, read_gb_per_s: number, batch_us: number }}
 */
export function benchSampler({ megabytes = 256, batch = 12, block = 1024, say = () => {} } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'meander-sampler-'));
  try {
    const sources = ['a', 'b'].map((name) => tokenFile(folder, name, (megabytes / 2) * 500_000));
    const member = (source, i) => ({ source, fingerprint: String(i), weight: 1 + i });
    const samplerOf = (kind, count) => new MixSampler(sources.slice(0, count).map(member), 1337, kind);
    const size = { batch, tokens: block, accumulation: 1 };
    const drawing = (sampler) => {
      let step = 0;
      return () => sampler.batch({ step: step++, microBatch: 0 }, size);
    };
    const handle = openSync(path.join(folder, 'a.bin'), 'r');
    const bytes = 2 * batch * (block + 1);
    const buffer = new Uint8Array(bytes);
    let at = 0;
    const reading = () => {
      at = (at + 7_919_000) % ((megabytes / 2) * 1_000_000 - bytes);
      readSync(handle, buffer, 0, bytes, at);
    };
    const row = new Uint8Array(2 * (block + 1));
    const readingRows = () => {
      for (let i = 0; i < batch; i++) {
        at = (at + 7_919_000) % ((megabytes / 2) * 1_000_000 - bytes);
        readSync(handle, row, 0, row.length, at);
      }
    };
    const cases = {
      read: reading,
      rows: readingRows,
      blocks: drawing(samplerOf('blocks', 1)),
      epochs: drawing(samplerOf('epochs', 1)),
      mix: drawing(samplerOf('blocks', 2)),
    };
    const best = Object.fromEntries(Object.keys(cases).map((name) => [name, 0]));
    for (let round = 0; round < rounds; round++)
      for (const [name, work] of Object.entries(cases)) best[name] = Math.max(best[name], perSecond(work));
    closeSync(handle);
    for (const source of sources) source.close();
    const gigabytes = (name) => Number(((best[name] * bytes) / 1e9).toFixed(3));
    for (const name of Object.keys(cases))
      say(
        `${name.padEnd(7)} ${gigabytes(name).toFixed(2)} GB/s, ${(1e6 / best[name]).toFixed(1)} µs a batch of ${batch} × ${block}`,
      );
    return {
      sampler_gb_per_s: gigabytes('blocks'),
      sampler_epochs_gb_per_s: gigabytes('epochs'),
      sampler_mix_gb_per_s: gigabytes('mix'),
      rows_gb_per_s: gigabytes('rows'),
      read_gb_per_s: gigabytes('read'),
      batch_us: Number((1e6 / best.blocks).toFixed(1)),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file of uint16 tokens below 50,257, written just now and so in the page cache. */
function tokenFile(folder, name, tokens) {
  const ids = new Uint16Array(tokens);
  for (let i = 0, state = 1; i < tokens; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    ids[i] = (state >>> 8) % 50_257;
  }
  writeFileSync(path.join(folder, `${name}.bin`), ids);
  return new ShardSource(folder, [{ name: `${name}.bin`, tokens }], 'uint16', 50_257);
}

function perSecond(work) {
  const start = performance.now();
  let count = 0;
  while (performance.now() - start < 1000 * seconds) {
    for (let i = 0; i < 8; i++) work();
    count += 8;
  }
  return (1000 * count) / (performance.now() - start);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const number = (fallback) => ({ type: 'string', default: String(fallback) });
  const { values } = parseArgs({ options: { mb: number(256), batch: number(12), block: number(1024) } });
  const options = { megabytes: Number(values.mb), batch: Number(values.batch), block: Number(values.block) };
  console.log(JSON.stringify(benchSampler({ ...options, say: console.log })));
}
