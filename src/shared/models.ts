/** Models of others that are used where they lie. */
import { z } from 'zod';
import { type ModelConfig, modelConfig } from './config.ts';

export const modelPlace = z.object({
  path: z.string(),
  /** trajectory: a folder of revisions. */
  kind: z.enum(['model', 'trajectory']),
  /** Of a trajectory, oldest first. */
  revisions: z.array(z.object({ path: z.string(), step: z.number().int().nonnegative() })),
  /** Of the weights: of the model, or of the newest revision. */
  bytes: z.number(),
  /** As config.json names it; null for weights alone. */
  architecture: z.string().nullable(),
  /** Null where Meander does not run it: such a model can be merged and not measured. */
  model: modelConfig.nullable(),
  /** Why it does not, in a sentence; null where it does, or where there is no config.json. */
  refused: z.string().nullable().default(null),
});
export type ModelPlace = z.infer<typeof modelPlace>;
export const listedModel = modelPlace.extend({ missing: z.boolean() });
export type ListedModel = z.infer<typeof listedModel>;

/**
 * The shape of a run that begins at a model's weights. Dropout stays the recipe's. Vocabulary and padding are those of its
 * dataset; but rows that the tokenizer of a GPT-NeoX or Llama does not name stay, so that the two can be merged.
 */
export function shapeFrom(recipe: ModelConfig, from: ModelConfig): ModelConfig {
  const { dropout, vocabSize, paddedVocabSize } = recipe;
  const whole = from.architecture !== undefined && from.vocabSize >= vocabSize;
  return { ...from, dropout, ...(whole ? { paddedVocabSize: null } : { vocabSize, paddedVocabSize }) };
}
