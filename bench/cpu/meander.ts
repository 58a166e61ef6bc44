/** Meander's side: its own trainer loop, paused between turns, and its sampler. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Backend, Floats } from '../../src/engine/backends/backend.ts';
import { RunFolder } from '../../src/engine/checkpoint/index.ts';
import { openDataset } from '../../src/engine/data/index.ts';
import type { Dataset } from '../../src/engine/data/source.ts';
import { Sampler } from '../../src/engine/evaluate/index.ts';
import { parameterTable } from '../../src/engine/model/table.ts';
import { Random, Streams } from '../../src/engine/random.ts';
import { Trainer } from '../../src/engine/train/index.ts';
import type { RunConfigInput } from '../../src/shared/config.ts';
import type { Report } from '../../src/shared/jobs.ts';
import { configOf, type Work, writeDataset } from './work.ts';

/** Thrown out of the loop to end a run without the checkpoint that stopping would write. */
class Enough extends Error {}

/** A run of the work that makes steps when it is its turn and lies paused otherwise. */
export class MeanderRun {
  readonly #dataset: Dataset;
  readonly #folder: RunFolder;
  readonly #trainer: Trainer;
  readonly #running: Promise<unknown>;
  readonly #times: number[] = [];
  #last = 0;
  #step = 0;
  #left = 0;
  #ending = false;
  #paused: ((times: number[]) => void) | null = null;
  #failed: ((error: unknown) => void) | null = null;

  private constructor(dataset: Dataset, folder: RunFolder, backend: Backend) {
    this.#dataset = dataset;
    this.#folder = folder;
    this.#trainer = new Trainer({ folder, dataset, backend, emit: (report) => this.#take(report) });
    this.#trainer.pause();
    this.#running = this.#trainer.run().catch((error: unknown) => {
      if (!(error instanceof Enough)) this.#failed?.(error);
    });
  }

  /** `folder`: an empty place for the run and its data. */
  static async start(
    work: Work,
    folder: string,
    backend: Backend,
    policies: RunConfigInput['policies'] = [],
  ): Promise<MeanderRun> {
    const data = join(folder, 'data');
    await mkdir(folder, { recursive: true });
    await writeDataset(data, work.model.vocabSize);
    const dataset = await openDataset(data);
    const run = await RunFolder.create(join(folder, 'run'), configOf(work, data, policies));
    await run.lock();
    return new MeanderRun(dataset, run, backend);
  }

  /** Makes `steps` updates or a few more; milliseconds of each, from one result to the next. */
  turn(steps: number): Promise<number[]> {
    return new Promise((resolve, reject) => {
      this.#paused = resolve;
      this.#failed = reject;
      this.#left = steps;
      this.#times.length = 0;
      this.#last = performance.now();
      this.#trainer.resume();
    });
  }

  /** Number of the step whose time came last. */
  get step(): number {
    return this.#step;
  }

  #take(report: Report): void {
    if (this.#ending) throw new Enough();
    if (report.type === 'metrics' && report.line.type === 'train') {
      const now = performance.now();
      this.#step = report.line.step;
      this.#times.push(now - this.#last);
      this.#last = now;
      if (--this.#left === 0) this.#trainer.pause();
    } else if (report.type === 'metrics' && report.line.type === 'evaluation') {
      // The evaluation of the first weights belongs to no step.
      this.#last = performance.now();
    }
    if (report.type === 'progress' && report.progress.phase === 'paused' && this.#times.length > 0)
      this.#paused?.([...this.#times]);
  }

  async end(): Promise<void> {
    this.#ending = true;
    this.#trainer.resume();
    await this.#running;
    this.#dataset.close();
    await this.#folder.close();
  }
}

/** Milliseconds of each of `tokens` sampled one by one from made-up weights, those of the first left out. */
export async function timeSampling(backend: Backend, work: Work, tokens: number): Promise<number[]> {
  const { model } = configOf(work, 'none');
  const weights = backend.store('f32', parameterTable(model).elements);
  const sampler = new Sampler(backend, model);
  fillWithNoise(weights);
  const times: number[] = [];
  const options = { tokens: tokens + 1, temperature: 0.8, topK: 0, topP: 1, seed: 1 };
  let last = 0;
  for await (const _ of sampler.ids(weights, [1], options)) {
    const now = performance.now();
    if (last > 0) times.push(now - last);
    last = now;
  }
  sampler.free();
  weights.free();
  return times;
}

/** One stretch of small normal numbers over and over: drawing all of them takes longer than the sampling. */
function fillWithNoise(store: Floats): void {
  const random = new Random(0, Streams.probe, 1, 0);
  const stretch = Float32Array.from({ length: 1 << 16 }, (_, i) => 0.02 * random.normal(i));
  for (let offset = 0; offset < store.elements; offset += stretch.length)
    store.write(offset, stretch.subarray(0, Math.min(stretch.length, store.elements - offset)));
}
