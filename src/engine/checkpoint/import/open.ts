/** Finds the weights that a path means, in any of the forms they come in. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../errors.ts';
import { openTensorFile } from './file.ts';
import { ShardedTensors } from './sharded.ts';
import type { TensorSource } from './tensors.ts';

/** Hugging Face's names; transformers looks for them in this order. */
const huggingFaceFiles = [
  'model.safetensors',
  'model.safetensors.index.json',
  'pytorch_model.bin',
  'pytorch_model.bin.index.json',
] as const;

/**
 * The weights of a model folder: safetensors or PyTorch's, in one file or in shards; or the only nanoGPT checkpoint
 * in an out folder.
 * @throws UserError 'model-missing', 'file-damaged', 'pickle-refused'
 */
export async function openTensors(folder: string): Promise<TensorSource> {
  const names = await readdir(folder).catch(() => null);
  if (!names)
    throw new UserError('model-missing', `There is no folder ${folder}.`, 'Choose the folder of a saved model.');
  const found = huggingFaceFiles.find((name) => names.includes(name));
  if (found?.endsWith('.index.json')) return ShardedTensors.open(folder, found);
  if (found) return openTensorFile(join(folder, found));
  const checkpoints = names.filter((name) => /^ckpt.*\.pt$/.test(name));
  if (checkpoints.length === 1) return openTensorFile(join(folder, checkpoints[0]));
  throw new UserError(
    'model-missing',
    checkpoints.length > 1
      ? `${folder} holds ${checkpoints.length} checkpoints: ${checkpoints.slice(0, 3).join(', ')}.`
      : `${folder} has no weights: none of ${huggingFaceFiles.join(', ')}, ckpt*.pt.`,
    checkpoints.length > 1 ? 'Name the file.' : 'Choose the folder of a model in Hugging Face or nanoGPT format.',
  );
}
