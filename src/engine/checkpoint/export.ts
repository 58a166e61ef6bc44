/** From a checkpoint to a model of its own: the raw weights, or the average that a policy held there. */
import type { ExportLayout } from '../../shared/jobs.ts';
import type { Tokenizer } from '../data/source.ts';
import type { Checkpoint } from './checkpoint.ts';
import { writeNanoGpt } from './export/nanogpt.ts';
import { modelCard, recipe } from './model-card.ts';
import { writeModelFolder } from './model-folder.ts';
import type { RunFolder } from './run-folder.ts';
import type { WeightDType } from './vector.ts';

/**
 * Writes a Hugging Face folder, or a checkpoint of nanoGPT, with provenance in its metadata: run, step, policy,
 * recipe, source hashes.
 * @param step null: the newest checkpoint
 * @param of 'raw' or a policy's id
 * @throws UserError 'checkpoint-missing', 'checkpoint-damaged', 'average-missing', 'snapshot-missing',
 *   'layout-unsupported', 'out-of-range', 'disk-full', 'not-writable'
 */
export async function exportWeights(
  run: RunFolder,
  options: {
    step: number | null;
    of: string;
    dtype: WeightDType;
    /** Absent: huggingface. */
    layout?: ExportLayout;
    target: string;
    tokenizer: Tokenizer | null;
  },
): Promise<{ bytes: number; step: number }> {
  const { of, dtype, layout, target, tokenizer } = options;
  const checkpoint = await run.openCheckpoint(options.step);
  try {
    const read = await checkpoint.weights(of);
    const { model } = run.config;
    const sources = checkpoint.sources(of);
    const { step, trainer: state } = checkpoint;
    const metadata = provenance(run, checkpoint, of);
    if (layout === 'nanogpt') {
      const bestLoss = state.best?.loss ?? null;
      const { table } = run;
      return { ...(await writeNanoGpt(target, { model, table, read, dtype, step, bestLoss, metadata })), step };
    }
    const card = modelCard({ model, config: run.config, step, of, state, sources });
    const written = await writeModelFolder(target, { model, table: run.table, read, dtype, tokenizer, metadata, card });
    return { ...written, step };
  } finally {
    await checkpoint.close();
  }
}

/** What model.safetensors says of where it comes from. Strings only, as the format wants. */
export function provenance(run: RunFolder, checkpoint: Checkpoint, of: string): Record<string, string> {
  return {
    source: 'meander',
    run: run.config.name,
    step: String(checkpoint.step),
    policy: of,
    recipe: of === 'raw' ? 'raw' : recipe(of, checkpoint.trainer),
    dataset: run.datasetFingerprint ?? '',
    sources: JSON.stringify(checkpoint.sources(of)),
  };
}
