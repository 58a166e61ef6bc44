/**
 * config.json of a Hugging Face folder, both ways; architecture-config.ts has those that are no GPT-2. Keys and defaults are those of transformers' GPT2Config;
 * a `meander` block keeps what they cannot say (absent biases, padded vocabulary).
 */
import { z } from 'zod';
import { type ModelConfig, modelConfig } from '../../shared/config.ts';
import type { Tokenizer } from '../data/source.ts';
import { UserError } from '../errors.ts';
import {
  architectureFromHuggingFace,
  architectureToHuggingFace,
  isKnownArchitecture,
  ownOrRefuse,
} from './architecture-config.ts';
import type { WeightDType } from './vector.ts';

/** Of every LayerNorm, here and in GPT-2. */
const epsilon = 1e-5;

/** transformers' names for the tanh form of GELU differ in how it is computed, not in what. */
const activations = new Map<string, ModelConfig['gelu']>([
  ['gelu', 'exact'],
  ['gelu_new', 'tanh'],
  ['gelu_fast', 'tanh'],
  ['gelu_pytorch_tanh', 'tanh'],
]);

/** What transformers' from_pretrained reads. Padded rows are cut, so vocab_size is the tokenizer's. */
export function toHuggingFace(model: ModelConfig, dtype: WeightDType, tokenizer: Tokenizer | null): object {
  const ends = { bos_token_id: tokenizer?.endOfText ?? null, eos_token_id: tokenizer?.endOfText ?? null };
  const own = { torch_dtype: dtype, meander: { schema: 1, model } };
  if (model.architecture) return { ...architectureToHuggingFace(model, model.architecture), ...ends, ...own };
  return {
    architectures: ['GPT2LMHeadModel'],
    model_type: 'gpt2',
    vocab_size: model.vocabSize,
    n_positions: model.blockSize,
    n_ctx: model.blockSize,
    n_embd: model.width,
    n_layer: model.layers,
    n_head: model.heads,
    n_inner: null,
    activation_function: model.gelu === 'exact' ? 'gelu' : 'gelu_new',
    resid_pdrop: model.dropout,
    embd_pdrop: model.dropout,
    attn_pdrop: model.dropout,
    layer_norm_epsilon: epsilon,
    initializer_range: 0.02,
    scale_attn_weights: true,
    scale_attn_by_inverse_layer_idx: model.inverseLayerScaling,
    reorder_and_upcast_attn: false,
    tie_word_embeddings: true,
    use_cache: true,
    ...ends,
    ...own,
  };
}

const modelType = z.looseObject({ model_type: z.string() });
const natural = z.number().int().positive();
const huggingFace = z.object({
  model_type: z.string().default('gpt2'),
  vocab_size: natural.default(50257),
  n_positions: natural.default(1024),
  n_embd: natural.default(768),
  n_layer: natural.default(12),
  n_head: natural.default(12),
  n_inner: natural.nullable().default(null),
  activation_function: z.string().default('gelu_new'),
  layer_norm_epsilon: z.number().default(epsilon),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
  add_cross_attention: z.boolean().default(false),
  tie_word_embeddings: z.boolean().default(true),
  meander: z.object({ schema: z.literal(1), model: modelConfig }).optional(),
});

/**
 * The model that a config.json describes. Ours comes back exactly as it was; a foreign one has biases and no
 * dropout, which is a choice of training.
 * @param path of the file, for messages
 * @throws UserError 'model-config' naming the key and what it would take
 */
export function fromHuggingFace(path: string, text: string): ModelConfig {
  const refuse = (reason: string) =>
    new UserError(
      'model-config',
      `${path}: ${reason}.`,
      'Choose the folder of a GPT-2, GPT-NeoX or Llama model in Hugging Face format.',
    );
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw refuse('it is not JSON');
  }
  const type = modelType.safeParse(json).data?.model_type;
  if (type !== undefined && isKnownArchitecture(type)) return architectureFromHuggingFace(type, json, refuse);
  const parsed = huggingFace.safeParse(json);
  if (!parsed.success) {
    const { path: key, message } = parsed.error.issues[0];
    throw refuse(`${key.join('.') || 'the file'}: ${message}`);
  }
  const config = parsed.data;
  if (config.model_type !== 'gpt2')
    throw refuse(`model_type is "${config.model_type}", and Meander runs gpt2, gpt_neox and llama`);
  const gelu = activations.get(config.activation_function);
  if (!gelu)
    throw refuse(`activation_function "${config.activation_function}" is not one of ${[...activations.keys()]}`);
  if (config.n_embd % config.n_head !== 0)
    throw refuse(`n_embd ${config.n_embd} is not a multiple of n_head ${config.n_head}`);
  if (config.n_inner !== null && config.n_inner !== 4 * config.n_embd)
    throw refuse(`n_inner is ${config.n_inner}; only 4 · n_embd = ${4 * config.n_embd} is supported`);
  if (config.layer_norm_epsilon !== epsilon)
    throw refuse(`layer_norm_epsilon is ${config.layer_norm_epsilon}; only ${epsilon} is supported`);
  if (!config.scale_attn_weights) throw refuse('scale_attn_weights is false, which is not supported');
  if (config.add_cross_attention) throw refuse('add_cross_attention is true, which is not supported');
  if (!config.tie_word_embeddings) throw refuse('tie_word_embeddings is false, which is not supported');
  const model: ModelConfig = {
    blockSize: config.n_positions,
    vocabSize: config.vocab_size,
    paddedVocabSize: null,
    layers: config.n_layer,
    heads: config.n_head,
    width: config.n_embd,
    dropout: 0,
    bias: true,
    gelu,
    inverseLayerScaling: config.scale_attn_by_inverse_layer_idx,
  };
  if (!config.meander) return model;
  return ownOrRefuse(config.meander.model, model, refuse);
}
