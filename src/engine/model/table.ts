/** The parameter vector's table of contents: which tensor lies where. */
import type { ModelConfig } from '../../shared/config.ts';
import type { ParameterTable } from '../program/types.ts';
import { llamaClassifier, llamaEmbedding, llamaTensors } from './llama.ts';
import { neoxClassifier, neoxEmbedding, neoxTensors } from './neox.ts';
import { TableBuilder } from './tensors.ts';

/** Rows of the token embedding. */
export function vocabRows(model: ModelConfig): number {
  return model.paddedVocabSize ?? model.vocabSize;
}

/** Names of the token embedding and of the classifier, which are one where they are tied. */
export function vocabularyNames({ architecture }: ModelConfig): { embedding: string; classifier: string } {
  if (!architecture) return { embedding: 'transformer.wte.weight', classifier: 'transformer.wte.weight' };
  const [embedding, classifier] =
    architecture.kind === 'llama' ? [llamaEmbedding, llamaClassifier] : [neoxEmbedding, neoxClassifier];
  return { embedding, classifier: architecture.tied ? embedding : classifier };
}

/**
 * The model's tensors under Hugging Face's names: GPT-2's linear weights are [in, out], others' [out, in]. Biases are
 * absent where the model has none; a tied classifier is the embedding. Weight decay applies to tensors of two or more
 * dimensions (nanoGPT); `decayEmbeddings: false` leaves token and position embeddings out (Sophia and the LAWA paper).
 */
export function parameterTable(model: ModelConfig, decayEmbeddings = true): ParameterTable {
  const table = new TableBuilder();
  const { architecture } = model;
  const rows = vocabRows(model);
  const { embedding, classifier } = vocabularyNames(model);
  table.add(embedding, [rows, model.width], decayEmbeddings);
  if (!architecture) gptTensors(table, model, decayEmbeddings);
  else if (architecture.kind === 'llama') llamaTensors(table, model, architecture, rows);
  else neoxTensors(table, model, architecture, rows);
  return table.table((rows - model.vocabSize) * model.width * (embedding === classifier ? 1 : 2));
}

function gptTensors(table: TableBuilder, { width, layers, blockSize, bias }: ModelConfig, decayed: boolean): void {
  const norm = (name: string) => {
    table.add(`${name}.weight`, [width], false);
    if (bias) table.add(`${name}.bias`, [width], false);
  };
  const linear = (name: string, from: number, to: number) => {
    table.add(`${name}.weight`, [from, to], true);
    if (bias) table.add(`${name}.bias`, [to], false);
  };

  table.add('transformer.wpe.weight', [blockSize, width], decayed);
  for (let layer = 0; layer < layers; layer++) {
    const at = `transformer.h.${layer}`;
    norm(`${at}.ln_1`);
    linear(`${at}.attn.c_attn`, width, 3 * width);
    linear(`${at}.attn.c_proj`, width, width);
    norm(`${at}.ln_2`);
    linear(`${at}.mlp.c_fc`, width, 4 * width);
    linear(`${at}.mlp.c_proj`, 4 * width, width);
  }
  norm('transformer.ln_f');
}

/** [start, end) element ranges that weight decay applies to, ascending; neighbours are joined. */
export function decayRanges(table: ParameterTable): [number, number][] {
  const ranges: [number, number][] = [];
  table.entries.forEach((entry, i) => {
    if (!entry.decay) return;
    // The padding behind a tensor is zero, and zero decays to zero: ranges may run over it.
    const end = table.entries[i + 1]?.offset ?? table.elements;
    const last = ranges.at(-1);
    if (last && last[1] === entry.offset) last[1] = end;
    else ranges.push([entry.offset, end]);
  });
  return ranges;
}
