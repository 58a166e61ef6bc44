/** A model as others store it, and how a model that does not fit is described. */
import type { ModelConfig } from '../../shared/config.ts';
import { UserError } from '../errors.ts';
import { parameterTable, vocabularyNames } from '../model/table.ts';
import type { ParameterEntry } from '../program/types.ts';

/** The tensors that others expect of such a model, under Hugging Face's names: every bias, no padded rows. */
export function foreignEntries(model: ModelConfig): readonly ParameterEntry[] {
  return parameterTable({ ...model, bias: model.architecture?.kind !== 'llama', paddedVocabSize: null }).entries;
}

/** Whether the rows of a tensor are the vocabulary: the embedding, and a classifier of its own. */
export function isVocabulary(model: ModelConfig, name: string): boolean {
  const { embedding, classifier } = vocabularyNames(model);
  return name === embedding || name === classifier;
}

/** Names the first three differences and how many more there are. */
export function mismatch(what: string, differences: readonly string[]): UserError {
  const more = differences.length > 3 ? `; and ${differences.length - 3} more` : '';
  return new UserError(
    'model-mismatch',
    `${what}: ${differences.slice(0, 3).join('; ')}${more}.`,
    'Choose models of the same architecture and size.',
  );
}

export const elements = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
