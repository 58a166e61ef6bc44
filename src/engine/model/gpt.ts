/**
 * The programs of a model, and the architecture that most have:
 * GPT-2 (Radford et al. 2019) as nanoGPT and the LAWA paper's scripts have it: learned positions,
 * pre-LayerNorm blocks, GELU, token embedding tied to the classifier. Pure recording: the programs
 * say what to compute, a backend computes it.
 */
import { headWidth } from '../../shared/architecture.ts';
import type { ModelConfig, OptimizerConfig } from '../../shared/config.ts';
import { derive } from '../program/derive.ts';
import { type Activation, Recorder } from '../program/recorder.ts';
import type { ParameterTable, Program, Tensor } from '../program/types.ts';
import { attentionSite, residualSite, type SelfAttention } from './attention.ts';
import { llamaTransformer } from './llama.ts';
import { neoxTransformer } from './neox.ts';
import { decayRanges, parameterTable, vocabularyNames } from './table.ts';

/** Sequences and tokens per sequence that a program takes. */
export interface Size {
  readonly batch: number;
  readonly tokens: number;
}

/** Rows of the ring [ringRows, 4] that training and update programs write: loss, gradient norm, applied, t. */
export const ringRows = 16;

/**
 * Forward, backward and the loss's line in the ring. Bind parameters, gradients, tokens i32 [B,T],
 * targets i32 [B·T], ring. Result: losses [B·T] in nats.
 */
export function trainProgram(model: ModelConfig, size: Size): Program {
  const r = new Recorder('train', parameterTable(model));
  const tokens = r.input('tokens', [size.batch, size.tokens], 'i32');
  const targets = r.input('targets', [size.batch * size.tokens], 'i32');
  const x = transformer(r, model, tokens, model.dropout, selfAttention(r, model, model.dropout));
  const losses = r.classifierLoss(x, classifier(r, model), targets, model.vocabSize);
  r.recordLoss(losses, r.persistent('ring', [ringRows, 4]));
  return derive(r.program(losses));
}

/** Forward without dropout. Bind parameters, tokens, targets. Result: losses [B·T]. */
export function evaluateProgram(model: ModelConfig, size: Size): Program {
  const r = new Recorder('evaluate', parameterTable(model));
  const tokens = r.input('tokens', [size.batch, size.tokens], 'i32');
  const targets = r.input('targets', [size.batch * size.tokens], 'i32');
  const x = transformer(r, model, tokens, 0, selfAttention(r, model, 0));
  return r.program(r.classifierLoss(x, classifier(r, model), targets, model.vocabSize));
}

/**
 * The next T tokens of B sequences at scalars.position. Bind parameters, tokens [B,T] and per layer
 * keys.<layer>, values.<layer> [B, heads, blockSize, D] (`cacheElements`). Result: logits [B, vocabSize] of the last token.
 */
export function decodeProgram(model: ModelConfig, size: Size): Program {
  const r = new Recorder('decode', parameterTable(model));
  const tokens = r.input('tokens', [size.batch, size.tokens], 'i32');
  const cache = [size.batch, model.heads, model.blockSize, headWidth(model)];
  const x = transformer(r, model, tokens, 0, (qkv, layer) => {
    const keys = r.persistent(`keys.${layer}`, cache);
    const values = r.persistent(`values.${layer}`, cache);
    return r.cachedAttention(qkv, keys, values, { heads: model.heads, scale: attentionScale(model, layer) });
  });
  const last = r.lastPosition(x);
  return r.program(r.classifierLogits(last, classifier(r, model), model.vocabSize));
}

/**
 * Clipping and the optimizer over the whole vector. Bind parameters, gradients, v, counters [4], ring; for AdamW m, for
 * schedule-free AdamW z and point.
 */
export function updateProgram(table: ParameterTable, optimizer: OptimizerConfig): Program {
  const { beta1, beta2, epsilon, weightDecay, clip } = optimizer;
  const r = new Recorder('update', table);
  const decay = weightDecay === 0 ? [] : decayRanges(table);
  const ring = r.persistent('ring', [ringRows, 4]);
  const common = { beta2, epsilon, weightDecay, clip, decay };
  if (optimizer.kind === 'schedule-free') r.scheduleFree(ring, { beta: beta1, ...common });
  else r.adamw(ring, { beta1, ...common });
  return r.program();
}

/** Elements of keys.<layer>, and of values.<layer>, of one sequence. Repeated key heads are stored repeated. */
export function cacheElements(model: ModelConfig): number {
  return model.heads * model.blockSize * headWidth(model);
}

/** tokens [B,T] → the normalised residual stream [B,T,C] that the classifier reads. */
function transformer(r: Recorder, model: ModelConfig, tokens: Tensor, rate: number, attention: SelfAttention): Tensor {
  const { architecture } = model;
  if (architecture?.kind === 'gpt_neox') return neoxTransformer(r, model, tokens, { rate, attention, architecture });
  if (architecture?.kind === 'llama') return llamaTransformer(r, model, tokens, { rate, attention, architecture });
  return gptTransformer(r, model, tokens, rate, attention);
}

function classifier(r: Recorder, model: ModelConfig): Tensor {
  return r.parameter(vocabularyNames(model).classifier);
}

function gptTransformer(
  r: Recorder,
  model: ModelConfig,
  tokens: Tensor,
  rate: number,
  attention: SelfAttention,
): Tensor {
  const gelu: Activation = model.gelu === 'tanh' ? 'gelu-tanh' : 'gelu-exact';
  const linear = (x: Tensor, name: string, activation?: Activation) =>
    r.linear(x, r.parameter(`${name}.weight`), r.optionalParameter(`${name}.bias`), activation);
  const norm = (name: string) => [r.parameter(`${name}.weight`), r.optionalParameter(`${name}.bias`)] as const;
  const dropout = (x: Tensor, stream: number) => r.dropout(x, { rate, stream });

  const wte = r.parameter('transformer.wte.weight');
  const wpe = r.parameter('transformer.wpe.weight');
  let x = dropout(r.embedding(tokens, wte, wpe), residualSite(-1, 1));
  let y = r.layerNorm(x, ...norm('transformer.h.0.ln_1'));
  for (let layer = 0; layer < model.layers; layer++) {
    const h = `transformer.h.${layer}`;
    const next = layer + 1 < model.layers ? `transformer.h.${layer + 1}.ln_1` : 'transformer.ln_f';

    const mixed = linear(attention(linear(y, `${h}.attn.c_attn`), layer, attentionSite(layer)), `${h}.attn.c_proj`);
    ({ sum: x, y } = r.residualLayerNorm(x, dropout(mixed, residualSite(layer, 0)), ...norm(`${h}.ln_2`)));

    const thought = linear(linear(y, `${h}.mlp.c_fc`, gelu), `${h}.mlp.c_proj`);
    ({ sum: x, y } = r.residualLayerNorm(x, dropout(thought, residualSite(layer, 1)), ...norm(next)));
  }
  return y;
}

function selfAttention(r: Recorder, model: ModelConfig, dropout: number): SelfAttention {
  return (qkv, layer, stream) =>
    r.attention(qkv, { heads: model.heads, scale: attentionScale(model, layer), dropout, stream });
}

function attentionScale(model: ModelConfig, layer: number): number {
  return 1 / Math.sqrt(headWidth(model)) / (model.inverseLayerScaling ? layer + 1 : 1);
}
