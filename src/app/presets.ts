/** Presets as the window knows them. */
import type { PresetInfo } from '../shared/api.ts';
import { parameterCount } from '../shared/architecture.ts';
import { presets } from '../shared/presets.ts';

/** Vocabulary that a preset's own tokenizer has, for the size that the list shows; characters: about. */
const usualVocabulary = { gpt2: 50_257, characters: 65, bytes: 256 };

export function presetInfos(): PresetInfo[] {
  return presets.map(({ id, title, source, note, tokenizer, recipe }) => {
    const parameters = parameterCount({ ...recipe.model, vocabSize: usualVocabulary[tokenizer] });
    return { id, title, source, note, tokenizer, parameters };
  });
}
