/** What must hold before a run may write anything. */
import type { RunConfig } from '../../shared/config.ts';
import type { Dataset, TokenSource } from '../data/source.ts';
import { UserError } from '../errors.ts';

/**
 * Throws UserError: 'dataset-too-short' when a split does not hold one block and its target,
 * 'vocabulary-too-large' when the tokenizer makes ids that the model has no row for,
 * 'dataset-changed' when the data is not what the run was made for.
 */
export function checkDataset(config: RunConfig, dataset: Dataset, fingerprint: string | null): void {
  const { model } = config;
  const { meta } = dataset;
  const long = (split: string, source: TokenSource) => {
    if (source.count >= model.blockSize + 1) return;
    throw new UserError(
      'dataset-too-short',
      `The ${split} split of "${meta.name}" has ${source.count} tokens, fewer than one block of ${model.blockSize} and its target.`,
      'Add text to the dataset, change its split, or choose a smaller block size.',
    );
  };
  long('training', dataset.train);
  long('validation', dataset.val);
  if (meta.tokenizer.vocabSize > model.vocabSize)
    throw new UserError(
      'vocabulary-too-large',
      `The dataset "${meta.name}" has a vocabulary of ${meta.tokenizer.vocabSize}, the model only ${model.vocabSize}.`,
      `Set model.vocabSize to ${meta.tokenizer.vocabSize}, or choose another tokenizer for the dataset.`,
    );
  if (fingerprint !== null && fingerprint !== meta.fingerprint)
    throw new UserError(
      'dataset-changed',
      `The dataset in ${dataset.folder} is not the one that this run was trained on: its contents have changed.`,
      'Restore the old dataset folder, or start a new run from a checkpoint of this one.',
    );
}
