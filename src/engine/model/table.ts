/** The parameter vector's table of contents: which tensor lies where. */
import type { ModelConfig } from '../../shared/config.ts';
import type { ParameterEntry, ParameterTable } from '../program/types.ts';

/** Every tensor starts at a multiple of this many elements. */
const alignment = 64;

/** Rows of the token embedding. */
export function vocabRows(model: ModelConfig): number {
  return model.paddedVocabSize ?? model.vocabSize;
}

/**
 * GPT-2's tensors under Hugging Face's names, linear weights [in, out]. Biases are absent where the
 * model has none; the classifier is wte (tied). Weight decay applies to tensors of two or more
 * dimensions (nanoGPT); `decayEmbeddings: false` leaves wte and wpe out (Sophia and the LAWA paper).
 */
export function parameterTable(model: ModelConfig, decayEmbeddings = true): ParameterTable {
  const entries: ParameterEntry[] = [];
  let elements = 0;
  let count = 0;
  const add = (name: string, shape: number[], decay: boolean) => {
    const size = shape.reduce((a, b) => a * b, 1);
    entries.push({ name, shape, offset: elements, decay });
    elements += Math.ceil(size / alignment) * alignment;
    count += size;
  };
  const norm = (name: string) => {
    add(`${name}.weight`, [width], false);
    if (model.bias) add(`${name}.bias`, [width], false);
  };
  const linear = (name: string, from: number, to: number) => {
    add(`${name}.weight`, [from, to], true);
    if (model.bias) add(`${name}.bias`, [to], false);
  };

  const { width, layers, blockSize } = model;
  add('transformer.wte.weight', [vocabRows(model), width], decayEmbeddings);
  add('transformer.wpe.weight', [blockSize, width], decayEmbeddings);
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
  return { entries, elements, count: count - (vocabRows(model) - model.vocabSize) * width };
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
