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
 * Times micro-steps, updates and evaluation passes on random tokens for about `seconds` and frees everything.
 * secondsPerStep counts all micro-batches of an update; secondsPerEvaluation one pass over the run's blocks.
 */
export async function probe(backend: Backend, config: RunConfig, seconds: number): Promise<ProbeResult> {
  const { model, batch, evaluation } = config;
  const source = randomTokens(model.vocabSize, batch.microBatch * model.blockSize + 1);
  const device = new TrainingDevice(backend, config);
  const evaluator = new Evaluator(backend, { model, source, blocks: batch.microBatch, batch: batch.microBatch });
  try {
    fillRandom(device.parameters);
    const rows = new Int32Array(source.count);
    source.read(0, rows);
    const micro = { tokens: rows.subarray(0, -1), targets: rows.subarray(1) };
    const deadline = performance.now() + seconds * 1000;
    const microSteps = await timed(deadline - 250 * seconds, async (step) => {
      device.microStep(step, 0, micro);
      await device.result(step);
    });
    const updates = await timed(deadline - 150 * seconds, async (step) => {
      // A rate of zero: only the time is wanted, and weights that stay sane.
      device.update(step, 0);
      await device.result(step);
    });
    const passes = await timed(deadline, async () => void (await evaluator.losses(device.parameters)));
    const secondsPerStep = batch.accumulation * microSteps + updates;
    return {
      secondsPerStep,
      secondsPerEvaluation: (passes * evaluation.blocks) / evaluator.starts.length,
      tokensPerSecond: (batch.accumulation * batch.microBatch * model.blockSize) / secondsPerStep,
    };
  } finally {
    evaluator.free();
    device.free();
  }
}

/** Repeats `work` until the deadline, at least twice after a warm-up; mean seconds of the fastest quarter. */
async function timed(deadline: number, work: (n: number) => Promise<void>): Promise<number> {
  await work(0);
  const took: number[] = [];
  while (took.length < 2 || performance.now() < deadline) {
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
