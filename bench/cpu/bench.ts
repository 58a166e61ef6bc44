/**
 * npm run bench:cpu -- [--quick] [--python PATH] [--no-torch] [--llmc FOLDER] [--threads N] [--only ID]
 * Meander's trainer loop, in float32 and where this processor has it in mixed precision, and its rivals', turn about,
 * with the machine's peaks measured in the same run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { NativeBackend, nativeStatus, openNative } from '../../src/engine/backends/native/index.ts';
import { pythonWithTorch, scratchFolder } from './install.ts';
import { Llmc } from './llmc.ts';
import { MeanderRun, timeSampling } from './meander.ts';
import { emaEveryStep, overheads, threePolicies } from './overhead.ts';
import { knownPeaksHere } from './peaks.ts';
import { isVoid, type Measured, row, spread, summary, type Timing } from './report.ts';
import { Torch, type TorchWay, torchWays } from './rival.ts';
import { stepFlops, tokenWeights, type Work, works } from './work.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    python: { type: 'string' },
    'no-torch': { type: 'boolean', default: false },
    llmc: { type: 'string', default: process.env.MEANDER_LLMC },
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
const ways: readonly TorchWay[] = quick ? ['f32'] : torchWays;
/** The one whose steps are short enough for many cycles of the policies; else the model that the bars are about. */
const averaged = works.find(({ id }) => id === (only ?? (quick ? 'quickstart' : 'gpt2-small')))!;

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
const known = knownPeaksHere();
const folder = await mkdtemp(join(tmpdir(), 'meander-bench-'));

/** What a rival that does not run says, once. */
const silent = new Set<string>();
const absent = (who: string, error: unknown) => {
  if (!silent.has(who)) console.log(`${who} did not run: ${(error as Error).message}`);
  silent.add(who);
};
let torch: string | null = null;
let rival: Torch | null = null;
if (!options['no-torch'])
  try {
    rival = new Torch(options.python ?? (await pythonWithTorch()), used, join(scratchFolder, 'compiled'));
  } catch (error) {
    absent('PyTorch', error);
  }
const steps: Record<string, Measured['steps'][string]> = {};
try {
  console.log(`${info.device}, ${engines.map(({ backend }) => backend.info.family).join(' and ')}, ${used} threads`);
  if (info.note !== undefined) console.log(info.note);
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
  console.error(`policies on ${averaged.title} …`);
  const cycles = averaged.id === 'quickstart' ? 3 : 1;
  const [policies, ema] = await overheads(averaged, join(folder, 'overheads'), (mixed ?? float32).backend, [
    { policies: threePolicies, steps: 100 * cycles },
    { policies: emaEveryStep, steps: 30 * cycles },
  ]);
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
  console.log(
    `three policies on ${averaged.title}: ${percent(policies)} a step; an EMA at every step: ${percent(ema)}`,
  );
  const peaks = { meander: float32.peak, mixed: mixed?.peak ?? null };
  const inMixed = peaks.mixed === null ? '' : `, ${(peaks.mixed / 1e12).toFixed(3)} bfloat16`;
  console.log(`peak ${(peaks.meander / 1e12).toFixed(3)} TFLOP/s float32${inMixed}`);
  if (isVoid(peaks.meander, known?.float32, used) || isVoid(peaks.mixed, known?.mixed, used))
    console.log(
      `shares of peak are void: a ${known!.name} reaches ${((known!.float32 * used) / 1e12).toFixed(3)} TFLOP/s float32` +
        `${known!.mixed === null ? '' : `, ${((known!.mixed * used) / 1e12).toFixed(3)} bfloat16`} on ${used} threads`,
    );
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
    known,
    bandwidth,
    steps,
    sampling: { meander: await sample(float32, 4), mixed: await sample(mixed, 2) },
    overheads: { work: averaged.id, policies, emaEveryStep: ema },
  };
  console.log(JSON.stringify(summary(measured)));
} finally {
  rival?.end();
  for (const { backend } of engines) await backend.close();
  await rm(folder, { recursive: true, force: true });
}

/** The work's model in llm.c's program; null where it cannot be had or has no such model. */
async function llmcOf(work: Work): Promise<Llmc | null> {
  if (quick || options.llmc === undefined || (work.model.dropout ?? 0) > 0) return null;
  try {
    return new Llmc(options.llmc, folder, work, used);
  } catch (error) {
    absent('llm.c', error);
    return null;
  }
}

/** Turns of all programs, one after the other, until the budget is spent; each one's first turn is not counted. */
async function compare(work: Work): Promise<Timing> {
  if (rival)
    try {
      torch = await rival.load(work, used);
    } catch (error) {
      absent('PyTorch', error);
      rival.end();
      rival = null;
    }
  const llmc = await llmcOf(work);
  const run = await MeanderRun.start(work, join(folder, work.id), float32.backend);
  const other = mixed && (await MeanderRun.start(work, join(folder, `${work.id}-mixed`), mixed.backend));
  const times = new Map<string, number[]>();
  /** A turn's mean step: single steps say nothing, since results may arrive in a bunch. */
  const keep = (who: string, turn: readonly number[]) => {
    const mean = turn.reduce((sum, time) => sum + time, 0) / turn.length;
    times.set(who, [...(times.get(who) ?? []), mean]);
  };
  /** A rival that fails once takes no further turns. */
  const take = async (who: string, turn: () => Promise<number[]>) => {
    if (silent.has(who)) return;
    try {
      keep(who, await turn());
    } catch (error) {
      absent(who, error);
      times.delete(who);
    }
  };
  const turn = async () => {
    keep('meander', await run.turn(work.stepsPerTurn));
    if (other) keep('mixed', await other.turn(work.stepsPerTurn));
    const torch = rival;
    if (torch) for (const way of ways) await take(`PyTorch ${way}`, () => torch.turn(work.stepsPerTurn, way));
    if (llmc) await take('llm.c', () => llmc.turn(1));
  };
  try {
    await turn();
    times.clear();
    const started = performance.now();
    for (let turns = 0; turns < 2 || performance.now() - started < 1000 * budget; turns++) await turn();
  } finally {
    llmc?.end();
    await run.end();
    await other?.end();
  }
  const of = (who: string) => spread(times.get(who) ?? []);
  return {
    meander: of('meander')!,
    mixed: of('mixed'),
    torch_f32: of('PyTorch f32'),
    torch_bf16: of('PyTorch bf16'),
    torch_f32_compiled: of('PyTorch f32_compiled'),
    torch_bf16_compiled: of('PyTorch bf16_compiled'),
    llmc: of('llm.c'),
  };
}
