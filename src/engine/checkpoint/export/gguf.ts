/**
 * A model as one GGUF file of llama.cpp's "gpt2" architecture, tokenizer included. Vectors and position embeddings are
 * float32, as llama.cpp's own converter keeps them; matrices have the dtype that was asked for. llama.cpp computes the
 * tanh form of GELU whatever a model was trained with, from a float16 table; for an exact one that is an error of the
 * same size as the table's.
 */
import type { Tokenizer } from '../../data/source.ts';
import { foreignEntries } from '../foreign.ts';
import { encode, type WeightDType } from '../vector.ts';
import { ggufTokenizer, standInEnd } from './gguf-tokenizer.ts';
import { aligned, type GgufTensor, type GgufValue, ggufHead, type TensorType } from './gguf-values.ts';
import { blockBytes, blockElements, toQ8 } from './q8.ts';
import { foldedReader, type ModelContent, type Stored, storedFloats } from './stored.ts';
import type { FileContent } from './stream-file.ts';

export type GgufDType = WeightDType | 'q8_0';

export interface GgufContent extends ModelContent {
  readonly dtype: GgufDType;
  readonly tokenizer: Tokenizer | null;
  readonly name: string;
  /** Provenance, under `meander.`. */
  readonly metadata: Readonly<Record<string, string>>;
}

const layerNames: Readonly<Record<string, string>> = {
  ln_1: 'attn_norm',
  'attn.c_attn': 'attn_qkv',
  'attn.c_proj': 'attn_output',
  ln_2: 'ffn_norm',
  'mlp.c_fc': 'ffn_up',
  'mlp.c_proj': 'ffn_down',
};
const outerNames: Readonly<Record<string, string>> = { wte: 'token_embd', wpe: 'position_embd', ln_f: 'output_norm' };

/** Numbers of llama.cpp's llama_ftype. */
const fileTypes: Readonly<Record<GgufDType, number>> = { float32: 0, float16: 1, q8_0: 7, bfloat16: 32 };
const tensorType: Readonly<Record<GgufDType, TensorType>> = {
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  q8_0: 'Q8_0',
};

/** @throws UserError 'no-tokenizer' at once; its chunks 'not-finite' and 'out-of-range' */
export function ggufFile(content: GgufContent): FileContent {
  const { model, table } = content;
  const own = new Map(table.entries.map((entry) => [entry.name, entry]));
  const tensors: (GgufTensor & { stored: Stored; bytes: number })[] = [];
  let offset = 0;
  for (const { name, shape } of foreignEntries(model)) {
    const turned = /\.(c_attn|c_proj|c_fc)\.weight$/.test(name);
    const rows = turned ? shape.toReversed() : shape;
    const type = typeOf(name, rows, content.dtype);
    const count = rows.reduce((a, b) => a * b, 1);
    const stored = { entry: own.get(name), name, count, turned };
    const bytes = bytesOf(type, count);
    tensors.push({ name: theirName(name), shape: rows, type, offset, stored, bytes });
    offset = aligned(offset + bytes);
  }
  const head = ggufHead(new Map([...pairs(content), ...ggufTokenizer(content.tokenizer, model.vocabSize)]), tensors);
  return {
    bytes: head.length + offset,
    async *chunks() {
      const read = foldedReader(content);
      yield head;
      for (const { stored, type, bytes } of tensors) {
        for await (const data of storedFloats(read, stored)) yield encodeAs(data, type, stored.name);
        if (aligned(bytes) > bytes) yield new Uint8Array(aligned(bytes) - bytes);
      }
    },
  };
}

/** transformer.h.3.mlp.c_fc.weight → blk.3.ffn_up.weight */
function theirName(name: string): string {
  const [, layer, part, kind] = /^transformer\.(?:h\.(\d+)\.)?(.+?)\.(weight|bias)$/.exec(name)!;
  return layer === undefined ? `${outerNames[part]}.${kind}` : `blk.${layer}.${layerNames[part]}.${kind}`;
}

/** Rows that do not divide into blocks stay float16. */
function typeOf(name: string, shape: readonly number[], dtype: GgufDType): TensorType {
  if (shape.length === 1 || name === 'transformer.wpe.weight') return 'F32';
  return dtype === 'q8_0' && shape[1] % blockElements !== 0 ? 'F16' : tensorType[dtype];
}

function bytesOf(type: TensorType, count: number): number {
  if (type === 'Q8_0') return (count / blockElements) * blockBytes;
  return count * (type === 'F32' ? 4 : 2);
}

/** Pieces are of 8 MiB, so blocks of 32 never straddle two. */
function encodeAs(data: Float32Array, type: TensorType, name: string): Uint8Array {
  if (type === 'Q8_0') return toQ8(data);
  return encode(data, type === 'F32' ? 'float32' : type === 'F16' ? 'float16' : 'bfloat16', name);
}

function pairs({ model, dtype, name, metadata, tokenizer }: GgufContent): Map<string, GgufValue> {
  const { layers, blockSize, width, heads } = model;
  const notes = [
    `Made by Meander from ${metadata.run ?? 'a model'}, step ${metadata.step ?? '?'}, ${metadata.policy ?? 'raw'}.`,
    model.gelu === 'exact' ? 'Trained with exact GELU; llama.cpp computes the tanh form.' : '',
    tokenizer && tokenizer.endOfText === null
      ? `It has no end of text: token ${standInEnd(tokenizer)} stands for one, so sample with --ignore-eos.`
      : '',
  ];
  return new Map<string, GgufValue>([
    ['general.architecture', { string: 'gpt2' }],
    ['general.name', { string: name }],
    ['general.description', { string: notes.filter(Boolean).join(' ') }],
    ['general.file_type', { uint32: fileTypes[dtype] }],
    ['gpt2.context_length', { uint32: blockSize }],
    ['gpt2.embedding_length', { uint32: width }],
    ['gpt2.feed_forward_length', { uint32: 4 * width }],
    ['gpt2.block_count', { uint32: layers }],
    ['gpt2.attention.head_count', { uint32: heads }],
    ['gpt2.attention.layer_norm_epsilon', { float32: 1e-5 }],
    ...Object.entries(metadata).map(([key, value]) => [`meander.${key}`, { string: value }] as const),
  ]);
}
