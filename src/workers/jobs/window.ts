/** The uniform mean of chosen steps of a run: measured before it is written, and written where that is wanted. */
import type { Backend } from '../../engine/backends/backend.ts';
import {
  checkTarget,
  copyVector,
  modelCard,
  openRunWindow,
  type RunFolder,
  type RunWindow,
  type WeightReader,
  windowSources,
  writeModelFolder,
} from '../../engine/checkpoint/index.ts';
import { loadTokenizer, openDataset } from '../../engine/data/index.ts';
import { UserError } from '../../engine/errors.ts';
import { Evaluator, mean } from '../../engine/evaluate/index.ts';
import { verifyWeights } from '../../engine/train/index.ts';
import type { EvaluationResult, JobResult, JobSpec } from '../../shared/jobs.ts';
import { measureSource, measureWritten, rereadHash } from './check.ts';
import { withDevice } from './device.ts';
import type { JobHooks } from './job.ts';
import { evaluationOf } from './measured.ts';
import { openRunOf } from './weights.ts';

type WindowJob = Extract<JobSpec, { kind: 'window' }>;

export async function runWindowJob(job: WindowJob, hooks: JobHooks): Promise<JobResult> {
  const run = await openRunOf(job.folder, { run: '', step: null, of: 'raw' });
  const window = await openRunWindow(run, job.steps);
  try {
    return await withDevice(run.config.device, hooks, (backend) =>
      job.target === null ? measure(job, hooks, { run, window, backend }) : write(job, hooks, { run, window, backend }),
    );
  } finally {
    await window.close();
  }
}

interface Parts {
  readonly run: RunFolder;
  readonly window: RunWindow;
  readonly backend: Backend;
}

/** Losses on the run's fixed blocks: weights of the newest checkpoint first, the mean last, as 'window'. */
async function measure(job: WindowJob, hooks: JobHooks, { run, window, backend }: Parts): Promise<JobResult> {
  const dataset = await openDataset(run.config.dataset);
  const checkpoint = await run.openCheckpoint(null);
  const evaluator = new Evaluator(backend, { model: run.config.model, source: dataset.val, blocks: job.blocks });
  const store = backend.store('f32', run.table.elements);
  try {
    const measured: (() => Promise<{ of: string; step: number; read: WeightReader }>)[] = [
      ...job.beside.map((of) => async () => ({ of, step: checkpoint.step, read: await checkpoint.weights(of) })),
      async () => ({ of: 'window', step: window.steps[window.steps.length - 1], read: window.read }),
    ];
    const evaluations: EvaluationResult[] = [];
    let base: Float64Array | null = null;
    for (const [done, open] of measured.entries()) {
      const progress = { done, total: measured.length, unit: 'steps', rate: null, secondsLeft: null } as const;
      hooks.report({ type: 'progress', progress: { phase: 'evaluating', ...progress, reason: null } });
      const { of, step, read } = await open();
      await copyVector(read, (offset, data) => store.write(offset, data), store.elements);
      const losses = await evaluator.losses(store, async () => hooks.signal.throwIfAborted());
      base ??= losses;
      if (!Number.isFinite(mean(losses))) throw notFinite(of, run);
      evaluations.push(evaluationOf(of, step, losses, base, dataset.meta.val));
    }
    return { outcome: 'finished', evaluations };
  } catch (error) {
    if (hooks.signal.aborted) return { outcome: 'stopped' };
    throw error;
  } finally {
    store.free();
    evaluator.free();
    await checkpoint.close();
    dataset.close();
  }
}

const notFinite = (of: string, run: RunFolder) =>
  new UserError(
    'loss-not-finite',
    `The loss of ${of === 'window' ? 'this mean' : of} in "${run.config.name}" is not a finite number: the run had diverged, or a file is damaged.`,
    'Draw the window over earlier checkpoints.',
  );

/** A model folder, every weight of it compared with the mean, and its loss with what was to be written. */
async function write(job: WindowJob, hooks: JobHooks, { run, window, backend }: Parts): Promise<JobResult> {
  const target = job.target as string;
  const { config, table } = run;
  const { model } = config;
  const { steps, read } = window;
  const step = steps[steps.length - 1];
  await checkTarget(target);
  const progress = { done: 0, total: 1, unit: 'steps', rate: null, secondsLeft: null, reason: null } as const;
  hooks.report({ type: 'progress', progress: { phase: 'writing', ...progress } });
  const recipe = `uniform mean of ${steps.length} steps of one run: ${steps.join(', ')}`;
  const sources = await windowSources(run, steps);
  const source = await measureSource(backend, { run, read, blocks: job.blocks });
  const checkpoint = await run.openCheckpoint(null);
  try {
    const tokenizer = await loadTokenizer(checkpoint.path);
    const of = `mean of ${steps.length}`;
    const card = modelCard({ model, config, step, of, state: checkpoint.trainer, sources, recipe });
    const metadata = {
      source: 'meander',
      run: config.name,
      step: String(step),
      policy: 'window',
      recipe,
      dataset: run.datasetFingerprint ?? '',
      sources: JSON.stringify(sources),
      ...('loss' in source && { loss: String(source.loss), blocks: String(source.blocks) }),
    };
    const content = { model, table, read, dtype: job.format, tokenizer, metadata, card };
    const written = await writeModelFolder(target, content);
    hooks.report({ type: 'progress', progress: { phase: 'reading', ...progress } });
    const hash = await rereadHash(target);
    if (hash.sha256 !== written.sha256) throw damaged(target);
    const weights = await verifyWeights(target, { table, expected: read, dtype: job.format });
    const loss = await measureWritten(backend, { run, target, source });
    return { outcome: 'finished', step, path: target, check: { ...hash, weights, ...loss } };
  } finally {
    await checkpoint.close();
  }
}

const damaged = (target: string) =>
  new UserError(
    'export-damaged',
    `The model in ${target} was read again, and its hash is not that of what was written.`,
    'Write it again, to another disk if it happens twice.',
  );
