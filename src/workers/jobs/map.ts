/** Losses of many windows and widths of one run on its fixed blocks, and the best of them, chosen on half of these. */
import {
  type Checkpoint,
  copyVector,
  openRunWindow,
  type RunFolder,
  type WeightReader,
} from '../../engine/checkpoint/index.ts';
import { openDataset } from '../../engine/data/index.ts';
import { UserError } from '../../engine/errors.ts';
import { Evaluator, mean } from '../../engine/evaluate/index.ts';
import type { EvaluationResult, JobResult, JobSpec } from '../../shared/jobs.ts';
import { chooseOnHalf } from '../../shared/window-map.ts';
import { withDevice } from './device.ts';
import type { JobHooks } from './job.ts';
import { evaluationOf } from './measured.ts';
import { openRunOf } from './weights.ts';

type MapJob = Extract<JobSpec, { kind: 'map' }>;

/** Weights to measure, opened when their turn comes. */
interface Turn {
  readonly of: string;
  /** Whether it may be chosen; the others stand beside. */
  readonly candidate: boolean;
  open(): Promise<{ read: WeightReader; close(): Promise<void> }>;
}

export async function runMapJob(job: MapJob, hooks: JobHooks): Promise<JobResult> {
  const run = await openRunOf(job.folder, { run: '', step: null, of: 'raw' });
  const dataset = await openDataset(run.config.dataset);
  const checkpoint = await run.openCheckpoint(job.step);
  try {
    return await withDevice(run.config.device, hooks, async (backend) => {
      const evaluator = new Evaluator(backend, { model: run.config.model, source: dataset.val, blocks: job.blocks });
      const store = backend.store('f32', run.table.elements);
      const beside = new Map<string, Float64Array>();
      const candidates = new Map<string, Float64Array>();
      const evaluations: EvaluationResult[] = [];
      const turns = turnsOf(job, run, checkpoint);
      const started = performance.now();
      try {
        for (const [done, { of, candidate, open }] of turns.entries()) {
          const passed = (performance.now() - started) / 1000;
          const secondsLeft = done === 0 ? null : (passed / done) * (turns.length - done);
          const progress = { done, total: turns.length, unit: 'steps', rate: null, secondsLeft, reason: null } as const;
          hooks.report({ type: 'progress', progress: { phase: 'evaluating', ...progress } });
          hooks.signal.throwIfAborted();
          const weights = await openedOrNot(open);
          if (weights === null) continue;
          try {
            await copyVector(weights.read, (offset, data) => store.write(offset, data), store.elements);
          } finally {
            await weights.close();
          }
          const losses = await evaluator.losses(store, async () => hooks.signal.throwIfAborted());
          const finite = Number.isFinite(mean(losses));
          if (!finite && of === 'raw') throw notFinite(run, checkpoint.step);
          if (!finite) continue;
          (candidate ? candidates : beside).set(of, losses);
          const base = beside.get('raw') ?? losses;
          evaluations.push(evaluationOf(of, checkpoint.step, losses, base, dataset.meta.val));
        }
      } catch (error) {
        if (hooks.signal.aborted) return { outcome: 'stopped' };
        throw error;
      } finally {
        store.free();
        evaluator.free();
      }
      return { outcome: 'finished', evaluations, choice: chooseOnHalf(candidates, beside) };
    });
  } finally {
    await checkpoint.close();
    dataset.close();
  }
}

function turnsOf(job: MapJob, run: RunFolder, checkpoint: Checkpoint): Turn[] {
  // The checkpoint closes what its averages are read from.
  const held =
    (of: string): Turn['open'] =>
    async () => ({ read: await checkpoint.weights(of), close: async () => {} });
  return [
    ...['raw', ...job.beside].map((of) => ({ of, candidate: false, open: held(of) })),
    ...job.windows.map(({ of, steps }) => ({ of, candidate: true, open: () => openRunWindow(run, steps) })),
    ...job.widths.map((of) => ({ of, candidate: true, open: held(of) })),
  ];
}

/** A width that the stored pairs cannot make is no candidate. */
async function openedOrNot(open: Turn['open']): Promise<Awaited<ReturnType<Turn['open']>> | null> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof UserError && error.code === 'width-out-of-reach') return null;
    throw error;
  }
}

const notFinite = (run: RunFolder, step: number) =>
  new UserError(
    'loss-not-finite',
    `The raw loss at step ${step} of "${run.config.name}" is not a finite number: the run had diverged, or a file is damaged.`,
    'Nothing can be compared with it.',
  );
