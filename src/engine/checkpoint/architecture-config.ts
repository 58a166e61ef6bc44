/**
 * config.json of GPT-NeoX and Llama, both ways. Keys and defaults are those of transformers' GPTNeoXConfig and
 * LlamaConfig; what changed its name between versions is read under either and written under both.
 */
import { z } from 'zod';
import { type ArchitectureConfig, architectureProblem, type LlamaConfig } from '../../shared/architecture.ts';
import { type ModelConfig, modelConfig } from '../../shared/config.ts';

type Refuse = (reason: string) => Error;

const natural = z.number().int().positive();
const activations = new Map<string, ModelConfig['gelu']>([
  ['gelu', 'exact'],
  ['gelu_new', 'tanh'],
  ['gelu_fast', 'tanh'],
  ['gelu_pytorch_tanh', 'tanh'],
]);

const rope = z.looseObject({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: z.number().positive().optional(),
  partial_rotary_factor: z.number().gt(0).lte(1).optional(),
  factor: z.number().positive().optional(),
  low_freq_factor: z.number().positive().optional(),
  high_freq_factor: z.number().positive().optional(),
  original_max_position_embeddings: natural.optional(),
});
const meander = z.object({ schema: z.literal(1), model: modelConfig }).optional();
const both = {
  vocab_size: natural,
  hidden_size: natural,
  num_hidden_layers: natural,
  num_attention_heads: natural,
  intermediate_size: natural,
  max_position_embeddings: natural.default(2048),
  tie_word_embeddings: z.boolean().default(false),
  rope_parameters: rope.nullable().default(null),
  rope_scaling: rope.nullable().default(null),
  meander,
};
const neox = z.object({
  ...both,
  hidden_act: z.string().default('gelu'),
  layer_norm_eps: z.number().positive().default(1e-5),
  use_parallel_residual: z.boolean().default(true),
  attention_bias: z.boolean().default(true),
  rotary_pct: z.number().gt(0).lte(1).default(0.25),
  rotary_emb_base: z.number().positive().default(10_000),
});
const llama = z.object({
  ...both,
  hidden_act: z.string().default('silu'),
  rms_norm_eps: z.number().positive().default(1e-6),
  num_key_value_heads: natural.nullable().default(null),
  head_dim: natural.nullable().default(null),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  rope_theta: z.number().positive().default(10_000),
});

export function isKnownArchitecture(type: string): type is ArchitectureConfig['kind'] {
  return type === 'gpt_neox' || type === 'llama';
}

/** @param refuse makes the error that names the file */
export function architectureFromHuggingFace(
  type: ArchitectureConfig['kind'],
  json: unknown,
  refuse: Refuse,
): ModelConfig {
  const { model, own } = type === 'llama' ? fromLlama(parse(llama, json, refuse), refuse) : fromNeox(json, refuse);
  const { heads, width, architecture } = model;
  if (type === 'gpt_neox' && width % heads !== 0)
    throw refuse(`hidden_size ${width} is not a multiple of num_attention_heads ${heads}`);
  const problem = architectureProblem(model, architecture!);
  if (problem) throw refuse(problem);
  return own ? ownOrRefuse(own, model, refuse) : model;
}

/** Both descriptions are in one file: an edit of either must not go unnoticed. */
export function ownOrRefuse(own: ModelConfig, theirs: ModelConfig, refuse: Refuse): ModelConfig {
  for (const key of ['blockSize', 'vocabSize', 'layers', 'heads', 'width', 'gelu', 'inverseLayerScaling'] as const)
    if (own[key] !== theirs[key])
      throw refuse(`meander.model.${key} is ${own[key]}, but the Hugging Face keys say ${theirs[key]}`);
  const keys = new Set([...Object.keys(own.architecture ?? {}), ...Object.keys(theirs.architecture ?? {})]);
  const value = (model: ModelConfig, key: string) =>
    JSON.stringify((model.architecture as Record<string, unknown> | undefined)?.[key]);
  for (const key of keys)
    if (value(own, key) !== value(theirs, key))
      throw refuse(
        `meander.model.architecture.${key} is ${value(own, key)}, but the Hugging Face keys say ${value(theirs, key)}`,
      );
  return own;
}

function parse<T>(schema: z.ZodType<T>, json: unknown, refuse: Refuse): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const { path: key, message } = parsed.error.issues[0];
  throw refuse(`${key.join('.') || 'the file'}: ${message}`);
}

interface Described {
  readonly model: ModelConfig;
  readonly own: ModelConfig | undefined;
}

function fromNeox(json: unknown, refuse: Refuse): Described {
  const config = parse(neox, json, refuse);
  const gelu = activations.get(config.hidden_act);
  if (!gelu) throw refuse(`hidden_act "${config.hidden_act}" is not one of ${[...activations.keys()]}`);
  if (!config.attention_bias) throw refuse('attention_bias is false, which is not supported');
  const positions = rotaryOf(config, refuse);
  if (positions.stretch) throw refuse('rope_scaling is given, which is supported for llama only');
  const depth = config.hidden_size / config.num_attention_heads;
  const rotary = Math.floor(depth * (positions.share ?? config.rotary_pct));
  if (rotary < 2 || rotary % 2 !== 0) throw refuse(`${rotary} channels of a head turn; an even number is needed`);
  return {
    own: config.meander?.model,
    model: {
      ...sharedOf(config),
      bias: true,
      gelu,
      architecture: {
        kind: 'gpt_neox',
        inner: config.intermediate_size,
        rotaryBase: positions.base ?? config.rotary_emb_base,
        epsilon: config.layer_norm_eps,
        tied: config.tie_word_embeddings,
        rotary,
        parallelResidual: config.use_parallel_residual,
      },
    },
  };
}

function fromLlama(config: z.infer<typeof llama>, refuse: Refuse): Described {
  if (config.hidden_act !== 'silu') throw refuse(`hidden_act is "${config.hidden_act}"; only silu is supported`);
  if (config.attention_bias) throw refuse('attention_bias is true, which is not supported');
  if (config.mlp_bias) throw refuse('mlp_bias is true, which is not supported');
  const headWidth = config.head_dim ?? config.hidden_size / config.num_attention_heads;
  if (!Number.isInteger(headWidth) || headWidth % 2 !== 0)
    throw refuse(`a head has ${headWidth} channels; an even number is needed`);
  const positions = rotaryOf(config, refuse);
  if ((positions.share ?? 1) !== 1)
    throw refuse('partial_rotary_factor is given, which is supported for gpt_neox only');
  return {
    own: config.meander?.model,
    model: {
      ...sharedOf(config),
      bias: false,
      gelu: 'exact',
      architecture: {
        kind: 'llama',
        inner: config.intermediate_size,
        rotaryBase: positions.base ?? config.rope_theta,
        epsilon: config.rms_norm_eps,
        tied: config.tie_word_embeddings,
        keyHeads: config.num_key_value_heads ?? config.num_attention_heads,
        headWidth,
        rotaryStretch: positions.stretch,
      },
    },
  };
}

/** No dropout: that is a choice of training. */
function sharedOf(config: z.infer<typeof neox> | z.infer<typeof llama>) {
  return {
    blockSize: config.max_position_embeddings,
    vocabSize: config.vocab_size,
    paddedVocabSize: null,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    width: config.hidden_size,
    dropout: 0,
    inverseLayerScaling: false,
  };
}

/** What either form of the rotary keys says; null and undefined where they say nothing. */
function rotaryOf(
  { rope_parameters, rope_scaling }: Pick<z.infer<typeof llama>, 'rope_parameters' | 'rope_scaling'>,
  refuse: Refuse,
): { base: number | undefined; share: number | undefined; stretch: LlamaConfig['rotaryStretch'] } {
  const given = rope_parameters ?? rope_scaling;
  const plain = { base: given?.rope_theta, share: given?.partial_rotary_factor, stretch: null };
  const type = given?.rope_type ?? given?.type ?? 'default';
  if (!given || type === 'default') return plain;
  const { factor, low_freq_factor: lowFactor, high_freq_factor: highFactor } = given;
  const trainedPositions = given.original_max_position_embeddings;
  if (type !== 'llama3') throw refuse(`rope_type is "${type}"; only default and llama3 are supported`);
  if (!factor || !lowFactor || !highFactor || !trainedPositions)
    throw refuse('rope_type llama3 needs factor, low_freq_factor, high_freq_factor, original_max_position_embeddings');
  if (lowFactor >= highFactor) throw refuse(`low_freq_factor ${lowFactor} is not below high_freq_factor ${highFactor}`);
  return { ...plain, stretch: { factor, lowFactor, highFactor, trainedPositions } };
}

/** The keys that tell the model, under the names of old and new versions of transformers. */
export function architectureToHuggingFace(model: ModelConfig, architecture: ArchitectureConfig): object {
  const common = {
    vocab_size: model.vocabSize,
    hidden_size: model.width,
    num_hidden_layers: model.layers,
    num_attention_heads: model.heads,
    intermediate_size: architecture.inner,
    max_position_embeddings: model.blockSize,
    attention_dropout: model.dropout,
    initializer_range: 0.02,
    tie_word_embeddings: architecture.tied,
    use_cache: true,
  };
  if (architecture.kind === 'gpt_neox') {
    const share = (architecture.rotary * model.heads) / model.width;
    return {
      architectures: ['GPTNeoXForCausalLM'],
      model_type: 'gpt_neox',
      ...common,
      hidden_act: model.gelu === 'exact' ? 'gelu' : 'gelu_new',
      hidden_dropout: model.dropout,
      layer_norm_eps: architecture.epsilon,
      use_parallel_residual: architecture.parallelResidual,
      attention_bias: true,
      rotary_pct: share,
      rotary_emb_base: architecture.rotaryBase,
      rope_parameters: { rope_type: 'default', rope_theta: architecture.rotaryBase, partial_rotary_factor: share },
    };
  }
  const { rotaryBase, rotaryStretch } = architecture;
  const stretch = rotaryStretch && {
    rope_type: 'llama3',
    factor: rotaryStretch.factor,
    low_freq_factor: rotaryStretch.lowFactor,
    high_freq_factor: rotaryStretch.highFactor,
    original_max_position_embeddings: rotaryStretch.trainedPositions,
  };
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    ...common,
    hidden_act: 'silu',
    rms_norm_eps: architecture.epsilon,
    num_key_value_heads: architecture.keyHeads,
    head_dim: architecture.headWidth,
    attention_bias: false,
    mlp_bias: false,
    pretraining_tp: 1,
    rope_theta: rotaryBase,
    rope_scaling: stretch,
    rope_parameters: { rope_type: 'default', ...stretch, rope_theta: rotaryBase },
  };
}
