/**
 * A model as llm.c's checkpoint (train_gpt2.py's write_model): 256 integers, then every tensor in its order, those of
 * all layers side by side, linear weights [out, in]. Version 3 is float32, which its CPU program reads; 5 is bfloat16.
 */
import { UserError } from '../../errors.ts';
import { elements } from '../foreign.ts';
import { encode } from '../vector.ts';
import { foldedReader, type ModelContent, type Stored, storedFloats } from './stored.ts';
import type { FileContent } from './stream-file.ts';

export const llmcMagic = 20240326;
export const llmcHeadIntegers = 256;
/** llm.c pads the vocabulary to a multiple of this. */
const vocabMultiple = 128;

export interface LlmcContent extends ModelContent {
  readonly dtype: 'float32' | 'bfloat16';
}

/** In llm.c's order. @returns for each: name within a layer or alone, its shape, whether it is per layer */
export function llmcOrder(width: number, blockSize: number, paddedVocab: number): [string, number[], boolean][] {
  const layered = (name: string, out: number, inputs: number): [string, number[], boolean][] => [
    [`${name}.weight`, [out, inputs], true],
    [`${name}.bias`, [out], true],
  ];
  const norm = (name: string, perLayer: boolean): [string, number[], boolean][] => [
    [`${name}.weight`, [width], perLayer],
    [`${name}.bias`, [width], perLayer],
  ];
  return [
    ['wte.weight', [paddedVocab, width], false],
    ['wpe.weight', [blockSize, width], false],
    ...norm('ln_1', true),
    ...layered('attn.c_attn', 3 * width, width),
    ...layered('attn.c_proj', width, width),
    ...norm('ln_2', true),
    ...layered('mlp.c_fc', 4 * width, width),
    ...layered('mlp.c_proj', width, 4 * width),
    ...norm('ln_f', false),
  ];
}

/**
 * Absent biases are zeros, and so are the rows that pad the vocabulary.
 * @throws UserError 'layout-unsupported' for exact GELU; its chunks 'not-finite' and 'out-of-range'
 */
export function llmcFile(content: LlmcContent): FileContent {
  const { model, table, dtype } = content;
  const { blockSize, vocabSize, layers, heads, width } = model;
  if (model.gelu !== 'tanh')
    throw new UserError(
      'layout-unsupported',
      'This model has the exact form of GELU, and llm.c knows only the tanh one.',
      'Export it as a Hugging Face folder, or train with model.gelu set to tanh.',
    );
  const padded = Math.ceil(vocabSize / vocabMultiple) * vocabMultiple;
  const own = new Map(table.entries.map((entry) => [entry.name, entry]));
  const stored = llmcOrder(width, blockSize, padded).flatMap(([name, shape, perLayer]): Stored[] => {
    const names = perLayer
      ? Array.from({ length: layers }, (_, i) => `transformer.h.${i}.${name}`)
      : [`transformer.${name}`];
    const turned = shape.length === 2 && perLayer;
    return names.map((full) => {
      const entry = own.get(full);
      // Rows that Meander itself pads with may not be counted as words.
      const words = name === 'wte.weight' && entry ? { ...entry, shape: [vocabSize, width] } : entry;
      return { entry: words, name: full, count: elements(shape), turned };
    });
  });
  const head = new Int32Array(llmcHeadIntegers);
  head.set([llmcMagic, dtype === 'float32' ? 3 : 5, blockSize, vocabSize, layers, heads, width, padded]);
  const size = dtype === 'float32' ? 4 : 2;
  return {
    bytes: head.byteLength + size * stored.reduce((sum, { count }) => sum + count, 0),
    async *chunks() {
      const read = foldedReader(content);
      yield new Uint8Array(head.buffer);
      for (const tensor of stored)
        for await (const data of storedFloats(read, tensor)) yield encode(data, dtype, tensor.name);
    },
  };
}
