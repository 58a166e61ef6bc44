/** A model of its own from a checkpoint's weights or averages, read again and compared before it counts. */
import { dirname, join } from 'node:path';
import type { Backend } from '../../engine/backends/backend.ts';
import { checkTarget, exportWeights, type RunFolder } from '../../engine/checkpoint/index.ts';
import { loadTokenizer } from '../../engine/data/index.ts';
import type { Tokenizer } from '../../engine/data/source.ts';
import { verifyExport } from '../../engine/train/index.ts';
import type { WrittenCheck } from '../../shared/averages.ts';
import type { JobResult, JobSpec } from '../../shared/jobs.ts';
import { measureSource, measureWritten, rereadHash } from './check.ts';
import { withDevice } from './device.ts';
import type { JobHooks } from './job.ts';
import { openRunOf } from './weights.ts';

export async function runExportJob(job: Extract<JobSpec, { kind: 'export' }>, hooks: JobHooks): Promise<JobResult> {
  const run = await openRunOf(job.folder, job.weights);
  // The run's own exports may be made again.
  if (dirname(job.target) !== join(run.path, 'exports')) await checkTarget(job.target);
  const progress = { done: 0, total: 1, unit: 'steps', rate: null, secondsLeft: null, reason: null } as const;
  hooks.report({ type: 'progress', progress: { phase: 'writing', ...progress } });
  const { of } = job.weights;
  const { target, layout, format: dtype } = job;
  const { step, tokenizer } = await soundCheckpoint(run, job.weights.step);
  const options = { step, of, dtype, layout, target, tokenizer };
  await exportWeights(run, options);
  hooks.report({ type: 'progress', progress: { phase: 'reading', ...progress } });
  const weights = await verifyExport(run, options);
  const hash = await rereadHash(target);
  const { blocks } = job;
  const loss =
    blocks === undefined
      ? { loss: null, why: null }
      : layout === 'gguf' || layout === 'llmc' || layout === 'onnx'
        ? { loss: null, why: `Meander does not run ${foreignFiles[layout]} itself.` }
        : await withDevice(run.config.device, hooks, (backend) => lossOf(backend, run, { step, of, target, blocks }));
  return { outcome: 'finished', step, path: target, check: { ...hash, weights, ...loss } };
}

const foreignFiles = { gguf: 'GGUF files', llmc: 'files of llm.c', onnx: 'ONNX files' } as const;

async function lossOf(
  backend: Backend,
  run: RunFolder,
  { step, of, target, blocks }: { step: number; of: string; target: string; blocks: number },
): Promise<Pick<WrittenCheck, 'loss' | 'why'>> {
  const checkpoint = await run.openCheckpoint(step);
  try {
    const source = await measureSource(backend, { run, read: await checkpoint.weights(of), blocks });
    return await measureWritten(backend, { run, target, source });
  } finally {
    await checkpoint.close();
  }
}

/** A checkpoint whose every byte is as it was written: nothing else is worth handing on. It carries its tokenizer. */
async function soundCheckpoint(
  run: RunFolder,
  wanted: number | null,
): Promise<{ step: number; tokenizer: Tokenizer | null }> {
  const checkpoint = await run.openCheckpoint(wanted);
  try {
    await checkpoint.verify();
    return { step: checkpoint.step, tokenizer: await loadTokenizer(checkpoint.path) };
  } finally {
    await checkpoint.close();
  }
}
