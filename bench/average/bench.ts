/**
 * npm run bench:average -- [--quick] [--python PATH] [--folder DIR]
 * Means of finished models from the page cache to a file, PyTorch's and Meander's turn about, beside this machine's own
 * speed of copying memory, measured in the same run.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { availableParallelism, freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs, promisify } from 'node:util';
import { SafetensorsReader } from '../../src/engine/checkpoint/safetensors.ts';
import { bytesOf, type Layout, writeModel } from './models.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    python: { type: 'string' },
    folder: { type: 'string' },
  },
});
const { quick } = options;
const threads = availableParallelism();
const rounds = quick ? 2 : 5;
const gigabyte = 1e9;

interface Work {
  readonly title: string;
  readonly layout: Layout;
  readonly k: number;
}
const small: Work = {
  title: '5 × GPT-2 small, float32',
  layout: { layers: quick ? 2 : 12, width: 768, dtype: 'F32', shards: 1 },
  k: 5,
};
/** 2.8 GB each where memory holds two of them, their mean and PyTorch's beside what else there is. */
const halves = (layers: number): Work => ({
  title: `2 × ${(bytesOf({ layers, width: 2048, dtype: 'F16', shards: 2 }) / gigabyte).toFixed(1)} GB, float16, two shards`,
  layout: { layers, width: 2048, dtype: 'F16', shards: 2 },
  k: 2,
});
const large = [26, 12, 5].map(halves).find(({ layout }) => 5 * bytesOf(layout) < 0.7 * freemem());
const works = quick || !large ? [small] : [small, large];
const needed = Math.max(...works.map(({ layout, k }) => (k + 2) * bytesOf(layout)));

/** Memory that is a file system, so that no disk is timed; where there is none or it is too small, the temporary folder. */
async function parentFolder(): Promise<string> {
  if (options.folder !== undefined) return options.folder;
  const memory = await statfs('/dev/shm').catch(() => null);
  return memory && memory.bavail * memory.bsize > 1.2 * needed ? '/dev/shm' : tmpdir();
}

/** Bytes copied per second, from one block of memory that no cache holds to another; the best of three. */
function copySpeed(): number {
  const source = Buffer.alloc(256 << 20, 1);
  const target = Buffer.alloc(source.length, 2);
  let best = 0;
  for (let i = 0; i < 3; i++) {
    const start = performance.now();
    source.copy(target);
    best = Math.max(best, source.length / ((performance.now() - start) / 1000));
  }
  return best;
}

async function meander(inputs: readonly string[], target: string, precision?: 'float64') {
  const script = join(import.meta.dirname, 'merge-once.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [
    script,
    JSON.stringify({ inputs, target, precision }),
  ]);
  return JSON.parse(stdout) as { seconds: number; peakRss: number };
}

/** Null where no Python was named. */
function startRival() {
  if (options.python === undefined) return null;
  const child = spawn(options.python, [join(import.meta.dirname, 'rival.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  return {
    async merge(inputs: readonly string[][], target: string): Promise<{ seconds: number; torch: string }> {
      const answer = once(lines, 'line', { signal: AbortSignal.timeout(120_000) });
      child.stdin.write(`${JSON.stringify({ inputs, target, threads })}\n`);
      return JSON.parse((await answer)[0]);
    },
    end: () => child.stdin.end(),
  };
}

/** Largest difference between the same tensors of two files, and whether all bits are the same. */
async function difference(a: string, b: string): Promise<{ largest: number; same: boolean }> {
  const [left, right] = [await SafetensorsReader.open(a), await SafetensorsReader.open(b)];
  let largest = 0;
  let same = true;
  for (const { name, elements } of left.tensors.values())
    for (let at = 0; at < elements; at += 1 << 20) {
      const count = Math.min(1 << 20, elements - at);
      const [x, y] = [await left.floats(name, at, count), await right.floats(name, at, count)];
      for (let i = 0; i < count; i++) {
        const error = Math.abs(x[i] - y[i]);
        if (error > largest) largest = error;
        same &&= Object.is(x[i], y[i]);
      }
    }
  await left.close();
  await right.close();
  return { largest, same };
}

const folder = await mkdtemp(join(await parentFolder(), 'meander-average-'));
const rival = startRival();
const found: { speed: number; share: number; ratio: number | null; rss: number; error: number }[] = [];
try {
  console.log(`${threads} processors, files in ${folder.startsWith('/dev/shm') ? 'memory' : folder}, ${rounds} rounds`);
  for (const { title, layout, k } of works) {
    console.error(`${title} …`);
    const root = join(folder, String(found.length));
    const models: string[] = [];
    const files: string[][] = [];
    for (let i = 0; i < k; i++) {
      models.push(join(root, `model-${i}`));
      files.push(await writeModel(models[i], layout, 100 * i + 1));
    }
    const bytes = k * bytesOf(layout);
    const target = join(root, 'mean');
    const theirs = join(root, 'torch.safetensors');
    let [copy, ours, torch, rss, version] = [0, Infinity, Infinity, 0, ''];
    for (let round = 0; round < rounds; round++) {
      copy = Math.max(copy, copySpeed());
      // Nobody is charged for giving back what an earlier round wrote.
      await rm(target, { recursive: true, force: true });
      await rm(theirs, { force: true });
      const one = await meander(models, target);
      ours = Math.min(ours, one.seconds);
      rss = Math.max(rss, one.peakRss);
      if (!rival) continue;
      const other = await rival.merge(files, theirs);
      torch = Math.min(torch, other.seconds);
      version = other.torch;
    }
    const output = join(target, 'model.safetensors');
    const bits = rival ? (await difference(output, theirs)).same : null;
    await rm(theirs, { force: true });
    const exact = join(root, 'exact');
    await meander(models, exact, 'float64');
    const error = (await difference(output, join(exact, 'model.safetensors'))).largest;
    const speed = bytes / ours;
    const ratio = rival ? torch / ours : null;
    found.push({ speed, share: speed / copy, ratio, rss, error });
    const beside = rival
      ? `; PyTorch ${version} ${(bytes / torch / gigabyte).toFixed(2)} GB/s, ${bits ? 'the same bits' : 'other bits'}`
      : '';
    console.log(
      `${title}: ${(speed / gigabyte).toFixed(2)} GB/s of input, ${((100 * speed) / copy).toFixed(0)}% of copying memory (${(copy / gigabyte).toFixed(2)} GB/s), ${(rss / 1e6).toFixed(0)} MB${beside}; ${error.toExponential(1)} from the float64 mean`,
    );
    await rm(root, { recursive: true });
  }
} finally {
  rival?.end();
  await rm(folder, { recursive: true, force: true });
}
// The first work's speed; memory and error are the worst of all.
const [first] = found;
const round = (x: number) => Number(x.toPrecision(3));
console.log(
  JSON.stringify({
    gb_per_s: round(first.speed / gigabyte),
    share_of_copy: round(first.share),
    vs_torch: first.ratio === null ? null : round(first.ratio),
    peak_rss_mb: Math.round(Math.max(...found.map(({ rss }) => rss)) / 1e6),
    max_abs_diff: Math.max(...found.map(({ error }) => error)),
  }),
);
