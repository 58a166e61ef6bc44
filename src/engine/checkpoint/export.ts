/** From a checkpoint to a model of its own: the raw weights, or the average that a policy held there. */
import { architectureNames, kindOf } from '../../shared/architecture.ts';
import { type ExportDType, type ExportLayout, exportDTypes, exportFormat } from '../../shared/export-layouts.ts';
import type { Tokenizer } from '../data/source.ts';
import { UserError } from '../errors.ts';
import type { Checkpoint } from './checkpoint.ts';
import { ggufFile } from './export/gguf.ts';
import { llmcFile } from './export/llmc.ts';
import { writeNanoGpt } from './export/nanogpt.ts';
import { onnxFile } from './export/onnx.ts';
import { type FileContent, verifyStream, writeStream } from './export/stream-file.ts';
import { modelCard, recipe } from './model-card.ts';
import { writeModelFolder } from './model-folder.ts';
import type { RunFolder } from './run-folder.ts';
import type { WeightDType } from './vector.ts';

export interface ExportOptions {
  /** null: the newest checkpoint. */
  readonly step: number | null;
  /** 'raw' or a policy's id. */
  readonly of: string;
  readonly dtype: ExportDType;
  /** Absent: huggingface. */
  readonly layout?: ExportLayout;
  readonly target: string;
  readonly tokenizer: Tokenizer | null;
}

/**
 * Writes a Hugging Face folder, or one file in another program's layout, with provenance where the layout has room
 * for it: run, step, policy, recipe, source hashes.
 * @throws UserError 'checkpoint-missing', 'checkpoint-damaged', 'average-missing', 'snapshot-missing',
 *   'layout-unsupported', 'no-tokenizer', 'out-of-range', 'disk-full', 'not-writable'
 */
export async function exportWeights(run: RunFolder, options: ExportOptions): Promise<{ bytes: number; step: number }> {
  const { of, layout = 'huggingface', target, tokenizer } = options;
  const checkpoint = await run.openCheckpoint(options.step);
  try {
    const { step, trainer: state } = checkpoint;
    const file = await oneFile(run, checkpoint, options);
    if (file) return { ...(await writeStream(target, file)), step };
    const { model } = run.config;
    const read = await checkpoint.weights(of);
    const dtype = floatOf(options);
    const common = { model, table: run.table, read, dtype, metadata: provenance(run, checkpoint, of) };
    if (layout === 'nanogpt')
      return { ...(await writeNanoGpt(target, { ...common, step, bestLoss: state.best?.loss ?? null })), step };
    const card = modelCard({ model, config: run.config, step, of, state, sources: checkpoint.sources(of) });
    return { ...(await writeModelFolder(target, { ...common, tokenizer, card })), step };
  } finally {
    await checkpoint.close();
  }
}

/**
 * Reads an export again that is a stream of bytes of ours, and compares it with what it was made from.
 * @returns how many weights were compared; null for a layout that is verified by opening it as a model
 * @throws UserError 'export-damaged'
 */
export async function verifyFile(run: RunFolder, options: ExportOptions): Promise<number | null> {
  const checkpoint = await run.openCheckpoint(options.step);
  try {
    const file = await oneFile(run, checkpoint, options);
    if (!file) return null;
    await verifyStream(options.target, file);
    return run.table.count;
  } finally {
    await checkpoint.close();
  }
}

/** The whole file of a layout that is one stream of bytes; null for the others. */
async function oneFile(run: RunFolder, checkpoint: Checkpoint, options: ExportOptions): Promise<FileContent | null> {
  const { of, dtype, layout = 'huggingface', tokenizer } = options;
  const known: readonly string[] = exportDTypes[layout];
  if (!known.includes(dtype))
    throw new UserError(
      'layout-unsupported',
      `The layout ${layout} does not hold weights in ${dtype}.`,
      `It holds ${known.join(', ')}.`,
    );
  const { model, name } = run.config;
  if (model.architecture && layout !== 'huggingface' && layout !== 'onnx')
    throw new UserError(
      'layout-unsupported',
      `This model is a ${architectureNames[kindOf(model)]}, and the layout ${layout} is written for GPT-2 only.`,
      'Export it as a Hugging Face folder or as ONNX.',
    );
  if (layout === 'huggingface' || layout === 'nanogpt') return null;
  const content = { model, table: run.table, read: await checkpoint.weights(of) };
  if (layout === 'llmc') return llmcFile({ ...content, dtype: dtype === 'bfloat16' ? dtype : 'float32' });
  const metadata = provenance(run, checkpoint, of);
  if (layout === 'onnx') {
    const { step, trainer: state } = checkpoint;
    const card = modelCard({ model, config: run.config, step, of, state, sources: checkpoint.sources(of) });
    return onnxFile({ ...content, dtype: dtype === 'float16' ? dtype : 'float32', name, metadata, card });
  }
  return ggufFile({ ...content, dtype, tokenizer, name, metadata });
}

/** A dtype that a layout of plain numbers was checked to hold. */
const floatOf = ({ dtype }: ExportOptions): WeightDType => exportFormat.parse(dtype);

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
