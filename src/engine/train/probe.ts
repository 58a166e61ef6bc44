/** How fast this machine trains a configuration, for "fit to my time". */
import type { RunConfig } from '../../shared/config.ts';
import type { ProbeResult } from '../../shared/jobs.ts';
import type { Backend, Floats } from '../backends/backend.ts';
import type { TokenSource } from '../data/source.ts';
import { Evaluator } from '../evaluate/index.ts';
import { Random, Streams } from '../random.ts';
import { TrainingDevice } from './device.ts';

/** Share of the timed steps whose mean counts: the fastest ones, so that other work on the machine does not. */
const fastest = 0.25;

/**
 * Seconds of an update with all its micro-batches, from random tokens, for about `seconds`; frees everything. Less
 * than `probe` where a step is long: one more than the first is enough to choose an engine by.
 */
export async function stepSeconds(backend: Backend, config: RunConfig, seconds: number): Promise<number> {
  const { device, micro } = trainingOnNoise(backend, config);
  try {
    const deadline = performance.now() + 1000 * seconds;
    return await timeStep(device, micro, config, deadline, 1);
  } finally {
    device.free();
  }
}

/**
 * Times micro-steps, updates and evaluation passes on random tokens for about `seconds` and frees everything.
 * secondsPerStep counts all micro-batches of an update; secondsPerEvaluation one pass over the run's blocks, of every
 * dataset of a mix.
 */
export async function probe(backend: Backend, config: RunConfig, seconds: number): Promise<ProbeResult> {
  const { model, batch, evaluation, mix } = config;
  const { device, source, micro } = trainingOnNoise(backend, config);
  const evaluator = new Evaluator(backend, { model, source, blocks: batch.microBatch, batch: batch.microBatch });
  try {
    const deadline = performance.now() + seconds * 1000;
    const secondsPerStep = await timeStep(device, micro, config, deadline - 150 * seconds, 2);
    const passes = await timed(deadline, 2, async () => void (await evaluator.losses(device.parameters)));
    return {
      secondsPerStep,
      secondsPerEvaluation: ((1 + mix.others.length) * passes * evaluation.blocks) / evaluator.starts.length,
      tokensPerSecond: (batch.accumulation * batch.microBatch * model.blockSize) / secondsPerStep,
    };
  } finally {
    evaluator.free();
    device.free();
  }
}

function trainingOnNoise(backend: Backend, config: RunConfig) {
  const { model, batch } = config;
  const source = randomTokens(model.vocabSize, batch.microBatch * model.blockSize + 1);
  const device = new TrainingDevice(backend, config);
  fillRandom(device.parameters);
  const rows = new Int32Array(source.count);
  source.read(0, rows);
  return { device, source, micro: { tokens: rows.subarray(0, -1), targets: rows.subarray(1) } };
}

/** Seconds of an update with all its micro-batches; a tenth of the time until the deadline goes to what follows them. */
async function timeStep(
  device: TrainingDevice,
  micro: { tokens: Int32Array; targets: Int32Array },
  { batch }: RunConfig,
  deadline: number,
  least: number,
): Promise<number> {
  const microSteps = await timed(deadline - 0.1 * (deadline - performance.now()), least, async (step) => {
    device.microStep(step, 0, micro);
    await device.result(step);
  });
  const updates = await timed(deadline, least, async (step) => {
    // A rate of zero: only the time is wanted, and weights that stay sane.
    device.update(step, 0);
    await device.result(step);
  });
  return batch.accumulation * microSteps + updates;
}

/** Repeats `work` until the deadline, `least` times or more after a warm-up; mean seconds of the fastest quarter. */
async function timed(deadline: number, least: number, work: (n: number) => Promise<void>): Promise<number> {
  await work(0);
  const took: number[] = [];
  while (took.length < least || performance.now() < deadline) {
    const start = performance.now();
    await work(took.length + 1);
    took.push((performance.now() - start) / 1000);
  }
  took.sort((a, b) => a - b);
  const kept = took.slice(0, Math.max(1, Math.floor(took.length * fastest)));
  return kept.reduce((a, b) => a + b, 0) / kept.length;
}

/** Uniform random ids, the same ones each time. */
function randomTokens(vocabSize: number, count: number): TokenSource {
  const random = new Random(0, Streams.probe, 0, 0);
  const ids = Int32Array.from({ length: count }, (_, i) => Math.floor(random.uniform(i) * vocabSize));
  return { count, read: (start, target) => target.set(ids.subarray(start, start + target.length)), close: () => {} };
}

/** Small normal numbers, one stretch of them over and over: drawing all of a large model would take longer than the probe. */
function fillRandom(store: Floats): void {
  const random = new Random(0, Streams.probe, 1, 0);
  const stretch = Float32Array.from({ length: Math.min(store.elements, 1 << 16) }, (_, i) => 0.02 * random.normal(i));
  for (let offset = 0; offset < store.elements; offset += stretch.length)
    store.write(offset, stretch.subarray(0, Math.min(stretch.length, store.elements - offset)));
}
