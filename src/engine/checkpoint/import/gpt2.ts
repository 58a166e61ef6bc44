/**
 * A GPT-2 under Hugging Face's names and orientation, wherever it is stored: Hugging Face's own folders, with or
 * without `transformer.` before the names, and the checkpoints of nanoGPT and llm.c.
 * nanoGPT (model.py, `GPT`): linear weights are [out, in] and Hugging Face's [in, out]; biases may be absent; the
 * classifier is tied; embedding rows may be padded, 50,304 for the 50,257 ids of GPT-2. llm.c's are the same but for
 * biases, which are always there.
 */
import { z } from 'zod';
import type { ModelConfig } from '../../../shared/config.ts';
import { elements, foreignEntries, mismatch } from '../foreign.ts';
import { toFloats } from '../safetensors.ts';
import { dtypeBytes } from '../safetensors-header.ts';
import { pieceElements } from '../vector.ts';
import { LlmcFile } from './llmc-file.ts';
import { isFloat, type SourceTensor, type TensorPlace, type TensorSource } from './tensors.ts';
import { TorchFile } from './torch-file.ts';

/** nanoGPT rounds the vocabulary of GPT-2 up to a multiple of 64. */
const padded = { rows: 50304, ids: 50257 };
/** Masks that older versions store beside the weights, and the tied classifier. */
const buffer = /\.attn\.(masked_)?bias$|^lm_head\.weight$/;
/** Linear weights, which nanoGPT stores as [out, in]. */
export const isNanoGptLinear = (name: string): boolean => /\.(c_attn|c_proj|c_fc)\.weight$/.test(name);
const embedding = 'transformer.wte.weight';

const natural = z.number().int().positive();
const modelArgs = z.object({
  n_layer: natural,
  n_head: natural,
  n_embd: natural,
  block_size: natural,
  vocab_size: natural,
  dropout: z.number().min(0).lt(1).default(0),
  /** Absent in checkpoints from before nanoGPT had the choice. */
  bias: z.boolean().optional(),
});

/** What a nanoGPT checkpoint says of its model; null when it is none. nanoGPT's GELU is the exact one. */
export function nanoGptModel(file: TorchFile): ModelConfig | null {
  const args = file.extra.get('model_args');
  const parsed = modelArgs.safeParse(args instanceof Map ? Object.fromEntries(args) : undefined);
  if (!parsed.success || parsed.data.n_embd % parsed.data.n_head !== 0) return null;
  const { vocab_size: rows, bias, ...rest } = parsed.data;
  return {
    blockSize: rest.block_size,
    vocabSize: rows === padded.rows ? padded.ids : rows,
    paddedVocabSize: rows === padded.rows ? rows : null,
    layers: rest.n_layer,
    heads: rest.n_head,
    width: rest.n_embd,
    dropout: rest.dropout,
    bias: bias ?? file.tensors.has('transformer.ln_f.bias'),
    gelu: 'exact',
    inverseLayerScaling: false,
  };
}

/** The model that a file of weights says of itself that it is, nanoGPT's and llm.c's; null where it says nothing. */
export function ownModel(source: TensorSource): ModelConfig | null {
  if (source instanceof LlmcFile) return source.model;
  return source instanceof TorchFile ? nanoGptModel(source) : null;
}

interface Place {
  /** Name in the file; null for a bias that the model does not have. */
  readonly stored: string | null;
  /** Stored as [out, in]. */
  readonly transposed: boolean;
}

/** The view; it owns the source that it is given. */
export class Gpt2Source implements TensorSource {
  readonly path: string;
  readonly files: readonly string[];
  readonly tensors: ReadonlyMap<string, SourceTensor>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly #source: TensorSource;
  readonly #places = new Map<string, Place>();

  /**
   * @param model what the file's configuration says
   * @throws UserError 'model-mismatch' naming the first three tensors that are missing, of another shape or unknown
   */
  constructor(source: TensorSource, model: ModelConfig) {
    this.path = source.path;
    this.files = source.files;
    this.metadata = source.metadata;
    this.#source = source;
    const nanoGpt = ownModel(source) !== null;
    const prefix = source.tensors.has(embedding) ? '' : 'transformer.';
    const wrong: string[] = [];
    const tensors = new Map<string, SourceTensor>();
    const known = new Set<string>();
    const dtype = source.tensors.get(embedding.slice(prefix.length))?.dtype ?? 'F32';
    for (const { name, shape } of foreignEntries(model)) {
      const stored = name.slice(prefix.length);
      const info = source.tensors.get(stored);
      const count = elements(shape);
      known.add(stored);
      if (!info) {
        if (!nanoGpt || model.bias || !name.endsWith('.bias')) wrong.push(`${name} is missing`);
        this.#places.set(name, { stored: null, transposed: false });
        tensors.set(name, { name, dtype, shape, elements: count, bytes: count * dtypeBytes[dtype] });
        continue;
      }
      const transposed = nanoGpt && isNanoGptLinear(name);
      const expected = transposed ? [...shape].reverse() : [...shape];
      if (nanoGpt && name === embedding) expected[0] = model.paddedVocabSize ?? model.vocabSize;
      if (String(info.shape) !== String(expected))
        wrong.push(`${name} is [${info.shape.join(', ')}] and should be [${expected.join(', ')}]`);
      else if (!isFloat(info.dtype)) wrong.push(`${name} holds ${info.dtype}`);
      this.#places.set(name, { stored, transposed });
      tensors.set(name, { name, dtype: info.dtype, shape, elements: count, bytes: count * dtypeBytes[info.dtype] });
    }
    for (const name of source.tensors.keys())
      if (!known.has(name) && !buffer.test(name)) wrong.push(`${name} is no part of a GPT-2`);
    if (
      source instanceof TorchFile &&
      nanoGpt &&
      source.tensors.has('lm_head.weight') &&
      !source.sameBytes('lm_head.weight', embedding)
    )
      wrong.push('lm_head.weight is not tied to transformer.wte.weight');
    if (wrong.length > 0) throw mismatch(`${source.path} is not the GPT-2 that its configuration says`, wrong);
    this.tensors = tensors;
  }

  async raw(name: string, start: number, count: number): Promise<Uint8Array> {
    const place = this.#places.get(name);
    const info = this.tensors.get(name);
    if (!place || !info) throw mismatch(this.path, [`it has no tensor ${name}`]);
    if (start < 0 || count < 0 || start + count > info.elements)
      throw new RangeError(`${name} has ${info.elements} elements, [${start}, ${start + count}) was asked for`);
    if (place.stored === null) return new Uint8Array(count * dtypeBytes[info.dtype]);
    if (!place.transposed) return this.#source.raw(place.stored, start, count);
    return this.#transposed(place.stored, info, start, count);
  }

  async place(name: string): Promise<TensorPlace | null> {
    const { stored, transposed } = this.#places.get(name) ?? { stored: null, transposed: false };
    return stored === null || transposed ? null : ((await this.#source.place?.(stored)) ?? null);
  }

  async floats(name: string, start: number, count: number): Promise<Float32Array> {
    const bytes = await this.raw(name, start, count);
    return toFloats(bytes, this.tensors.get(name)!.dtype)!;
  }

  fileOf(name: string): string {
    return this.#source.fileOf(this.#places.get(name)?.stored ?? embedding);
  }

  close(): Promise<void> {
    return this.#source.close();
  }

  /** Reads the stored tensor in blocks of whole rows and keeps what falls into the range: memory is bounded. */
  async #transposed(stored: string, { shape, dtype }: SourceTensor, start: number, count: number): Promise<Uint8Array> {
    const [inputs, outputs] = shape;
    const size = dtypeBytes[dtype];
    const target = words(new Uint8Array(count * size), size);
    const [first, last] = [Math.floor(start / outputs), Math.floor((start + count - 1) / outputs)];
    const rows = Math.max(1, Math.floor(pieceElements / inputs));
    for (let from = 0; from < outputs && count > 0; from += rows) {
      const taken = Math.min(rows, outputs - from);
      const block = words(await this.#source.raw(stored, from * inputs, taken * inputs), size);
      for (let i = first; i <= last; i++) {
        const at = i * outputs - start;
        const [low, high] = [Math.max(from, -at), Math.min(from + taken, count - at)];
        for (let o = low; o < high; o++) target[at + o] = block[(o - from) * inputs + i];
      }
    }
    return new Uint8Array(target.buffer);
  }
}

/** Elements as whole words; their bits are moved, never read as floating-point numbers. */
function words({ buffer }: Uint8Array, size: number): Uint16Array | Uint32Array {
  if (size === 2) return new Uint16Array(buffer);
  // Moving words of 64 bits takes the same code; only their type has another name.
  return size === 4 ? new Uint32Array(buffer) : (new BigUint64Array(buffer) as unknown as Uint32Array);
}
