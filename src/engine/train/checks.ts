/** What must hold before a run may write anything. */
import type { RunConfig } from '../../shared/config.ts';
import { mixRefusal } from '../../shared/mix.ts';
import type { RunFingerprints } from '../../shared/run-file.ts';
import type { RunData } from '../data/index.ts';
import type { Dataset, Tokenizer, TokenSource } from '../data/source.ts';
import { UserError } from '../errors.ts';

/**
 * Throws UserError: 'dataset-too-short' when a split does not hold one block and its target,
 * 'vocabulary-too-large' when the tokenizer makes ids that the model has no row for,
 * 'dataset-changed' when the data is not what the run was made for; 'mix-mismatch' when the datasets of a mix do not
 * go together.
 * @param made fingerprints that the run was made with; null: it is made now
 */
export function checkData(
  config: RunConfig,
  { dataset, others }: Omit<RunData, 'close'>,
  made: RunFingerprints | null,
): void {
  checkDataset(config, dataset, made?.datasetFingerprint ?? null);
  others.forEach(({ id, data }, i) => {
    checkDataset(config, data, made?.mixFingerprints[id] ?? null);
    for (const earlier of [dataset, ...others.slice(0, i).map((other) => other.data)]) checkPair(earlier, data);
  });
}

function checkDataset({ model }: RunConfig, dataset: Dataset, fingerprint: string | null): void {
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

/** Ids must mean the same in both. */
function checkPair(own: Dataset, other: Dataset): void {
  const refusal =
    mixRefusal(own.meta, other.meta) ??
    (filesOf(own.tokenizer) === filesOf(other.tokenizer)
      ? null
      : `the ids of "${own.meta.name}" and "${other.meta.name}" mean other tokens, though their tokenizers are of one kind and size`);
  if (refusal !== null)
    throw new UserError(
      'mix-mismatch',
      `"${own.meta.name}" and "${other.meta.name}" cannot be mixed: ${refusal}.`,
      'Prepare one of them with the tokenizer of the other, or leave it out of the mix.',
    );
}

const filesOf = (tokenizer: Tokenizer | null): string => JSON.stringify(tokenizer?.huggingFaceFiles() ?? null);
