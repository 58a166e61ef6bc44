/**
 * npm run bench:cpu -- [--quick] [--python PATH] [--threads N] [--only ID]
 * Meander's trainer loop, in float32 and where this processor has it in mixed precision, and PyTorch's, turn about,
 * with the machine's peaks measured in the same run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { NativeBackend, nativeStatus, openNative } from '../../src/engine/backends/native/index.ts';
import { MeanderRun, timeSampling } from './meander.ts';
import { type Measured, row, spread, summary, type Timing } from './report.ts';
import { type Precision, Rival } from './rival.ts';
import { stepFlops, tokenWeights, type Work, works } from './work.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    python: { type: 'string' },
    threads: { type: 'string' },
    only: { type: 'string' },
  },
});
const { quick, only } = options;
if (only !== undefined && !works.some(({ id }) => id === only)) {
  console.error(`There is no work "${only}". Works: ${works.map(({ id }) => id).join(', ')}.`);
  process.exit(1);
}
const threads = options.threads === undefined ? undefined : Number(options.threads);
if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
  console.error('--threads takes a number of threads.');
  process.exit(1);
}

/** Seconds spent on timed turns of one work; a turn that has begun is finished. At least two turns are made. */
const budget = quick ? 3 : 40;
/** The quick bench leaves out what takes long and says little more. */
const chosen = works.filter(({ id }) => (only ? id === only : !quick || id === 'gpt2-small' || id === 'quickstart'));
const precisions: Precision[] = quick ? ['f32'] : ['f32', 'bf16'];

/** An engine, and its peak: the best of all loops, the last after the last step, since any one may be disturbed. */
interface Engine {
  readonly backend: NativeBackend;
  peak: number;
}
const engine = async (precision: 'float32' | 'mixed'): Promise<Engine> => {
  const backend = await openNative({ threads, precision });
  if (!(backend instanceof NativeBackend)) throw new Error('the bench times the native backend');
  return { backend, peak: 0 };
};
const float32 = await engine('float32');
const { info } = float32.backend;
const mixed = nativeStatus('mixed').mixed && info.numerics.precision !== 'mixed' ? await engine('mixed') : null;
const engines = mixed ? [float32, mixed] : [float32];
const used = info.threads ?? 1;
const folder = await mkdtemp(join(tmpdir(), 'meander-bench-'));
let rival = options.python === undefined ? null : new Rival(options.python, used);
let torch: string | null = null;
const steps: Record<string, Measured['steps'][string]> = {};
try {
  console.log(`${info.device}, ${engines.map(({ backend }) => backend.info.family).join(' and ')}, ${used} threads`);
  const measurePeak = async () => {
    for (const engine of engines) engine.peak = Math.max(engine.peak, await engine.backend.peak(quick ? 0.25 : 1));
  };
  await measurePeak();
  const bandwidth = await float32.backend.bandwidth();
  for (const work of chosen) {
    console.error(`${work.title} …`);
    steps[work.id] = { flops: stepFlops(work), timing: await compare(work) };
    await measurePeak();
  }
  const peaks = { meander: float32.peak, mixed: mixed?.peak ?? null };
  const inMixed = peaks.mixed === null ? '' : `, ${(peaks.mixed / 1e12).toFixed(3)} bfloat16`;
  console.log(`peak ${(peaks.meander / 1e12).toFixed(3)} TFLOP/s float32${inMixed}`);
  console.log(`reading memory ${(bandwidth / 1e9).toFixed(1)} GB/s`);
  for (const { id, title } of chosen) console.log(row(title, steps[id].flops, peaks, steps[id].timing));
  const sample = async (engine: Engine | null, bytes: number) => {
    if (!engine || (only !== undefined && only !== 'gpt2-small')) return null;
    const ms = spread(await timeSampling(engine.backend, works[0], quick ? 16 : 100));
    const { family } = engine.backend.info;
    if (ms) console.log(`sampling GPT-2 small, ${family}: ${ms.min.toFixed(1)} / ${ms.median.toFixed(1)} ms a token`);
    return ms && { bytes: bytes * tokenWeights(works[0]), ms };
  };
  const measured = {
    cpu: info.device,
    family: info.family,
    mixedFamily: mixed?.backend.info.family ?? null,
    threads: used,
    torch,
    peaks,
    bandwidth,
    steps,
    sampling: { meander: await sample(float32, 4), mixed: await sample(mixed, 2) },
  };
  console.log(JSON.stringify(summary(measured)));
} finally {
  rival?.end();
  for (const { backend } of engines) await backend.close();
  await rm(folder, { recursive: true, force: true });
}

/** Turns of all programs, one after the other, until the budget is spent; each one's first turn is not counted. */
async function compare(work: Work): Promise<Timing> {
  if (rival)
    try {
      torch = await rival.load(work, used);
    } catch (error) {
      console.log(`PyTorch did not run: ${(error as Error).message}`);
      rival.end();
      rival = null;
    }
  const run = await MeanderRun.start(work, join(folder, work.id), float32.backend);
  const other = mixed && (await MeanderRun.start(work, join(folder, `${work.id}-mixed`), mixed.backend));
  const times = { meander: [] as number[], mixed: [] as number[], f32: [] as number[], bf16: [] as number[] };
  const turn = async () => {
    times.meander.push(...(await run.turn(work.stepsPerTurn)));
    if (other) times.mixed.push(...(await other.turn(work.stepsPerTurn)));
    if (rival)
      for (const precision of precisions) times[precision].push(...(await rival.turn(work.stepsPerTurn, precision)));
  };
  try {
    await turn();
    for (const list of Object.values(times)) list.length = 0;
    const started = performance.now();
    for (let turns = 0; turns < 2 || performance.now() - started < 1000 * budget; turns++) await turn();
  } finally {
    await run.end();
    await other?.end();
  }
  return {
    meander: spread(times.meander)!,
    mixed: spread(times.mixed),
    torch_f32: spread(times.f32),
    torch_bf16: spread(times.bf16),
  };
}
