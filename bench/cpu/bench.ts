/**
 * npm run bench:cpu -- [--quick] [--python PATH] [--threads N] [--only ID]
 * Meander's trainer loop and PyTorch's, turn about, with the machine's peaks measured in the same run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { NativeBackend, openNative } from '../../src/engine/backends/native/index.ts';
import { MeanderRun, readBandwidth, timeSampling } from './meander.ts';
import { type Measured, row, spread, summary, type Timing } from './report.ts';
import { type Precision, Rival } from './rival.ts';
import { stepFlops, tokenBytes, type Work, works } from './work.ts';

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

const backend = await openNative({ threads });
if (!(backend instanceof NativeBackend)) throw new Error('the bench times the native backend');
const { info } = backend;
const used = info.threads ?? 1;
const folder = await mkdtemp(join(tmpdir(), 'meander-bench-'));
let rival = options.python === undefined ? null : new Rival(options.python, used);
let torch: string | null = null;
const steps: Record<string, Measured['steps'][string]> = {};
try {
  console.log(`${info.device}, ${info.family}, ${used} threads`);
  let peak = 0;
  // On a shared machine any one loop may be disturbed: the best of all, the last after the last step, counts.
  const measurePeak = async () => {
    peak = Math.max(peak, await backend.peak(quick ? 0.25 : 1));
  };
  await measurePeak();
  const bandwidth = await readBandwidth(backend);
  for (const work of chosen) {
    console.error(`${work.title} …`);
    steps[work.id] = { flops: stepFlops(work), timing: await compare(work) };
    await measurePeak();
  }
  console.log(`peak ${(peak / 1e12).toFixed(3)} TFLOP/s float32, reading memory ${(bandwidth / 1e9).toFixed(1)} GB/s`);
  for (const { id, title } of chosen) console.log(row(title, steps[id].flops, peak, steps[id].timing));
  const sampled =
    only === undefined || only === 'gpt2-small' ? await timeSampling(backend, works[0], quick ? 16 : 100) : [];
  const ms = spread(sampled);
  if (ms) console.log(`sampling GPT-2 small: ${ms.min.toFixed(1)} / ${ms.median.toFixed(1)} ms a token`);
  const sampling = ms && { bytes: tokenBytes(works[0]), ms };
  const measured = {
    cpu: info.device,
    family: info.family ?? 'unknown',
    threads: used,
    torch,
    peak,
    bandwidth,
    steps,
    sampling,
  };
  console.log(JSON.stringify(summary(measured)));
} finally {
  rival?.end();
  await backend.close();
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
  const run = await MeanderRun.start(work, join(folder, work.id), backend);
  const times = { meander: [] as number[], f32: [] as number[], bf16: [] as number[] };
  const turn = async () => {
    times.meander.push(...(await run.turn(work.stepsPerTurn)));
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
  }
  return { meander: spread(times.meander)!, torch_f32: spread(times.f32), torch_bf16: spread(times.bf16) };
}
