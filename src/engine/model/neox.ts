/**
 * GPT-NeoX (Black et al. 2022), the architecture of Pythia: LayerNorm with biases, rotary positions in part of every
 * head, attention and MLP side by side, a classifier of its own. Names and orientation are Hugging Face's, linear weights
 * [out, in], so that the vector is the file.
 */
import type { NeoxConfig } from '../../shared/architecture.ts';
import type { ModelConfig } from '../../shared/config.ts';
import type { Activation, Recorder } from '../program/recorder.ts';
import type { Tensor } from '../program/types.ts';
import { attentionSite, residualSite, type SelfAttention } from './attention.ts';
import { rotaryFrequencies } from './rotary.ts';
import type { TableBuilder } from './tensors.ts';

export const neoxEmbedding = 'gpt_neox.embed_in.weight';
export const neoxClassifier = 'embed_out.weight';

export function neoxTensors(table: TableBuilder, model: ModelConfig, to: NeoxConfig, rows: number): void {
  const { width, layers, bias } = model;
  const part = (name: string, shape: number[]) => {
    table.add(`${name}.weight`, shape, shape.length > 1);
    if (bias) table.add(`${name}.bias`, [shape[0]], false);
  };
  for (let layer = 0; layer < layers; layer++) {
    const at = `gpt_neox.layers.${layer}`;
    part(`${at}.input_layernorm`, [width]);
    part(`${at}.post_attention_layernorm`, [width]);
    part(`${at}.attention.query_key_value`, [3 * width, width]);
    part(`${at}.attention.dense`, [width, width]);
    part(`${at}.mlp.dense_h_to_4h`, [to.inner, width]);
    part(`${at}.mlp.dense_4h_to_h`, [width, to.inner]);
  }
  part('gpt_neox.final_layer_norm', [width]);
  if (!to.tied) table.add(neoxClassifier, [rows, width], true);
}

/** tokens [B,T] → the normalised residual stream [B,T,C] that the classifier reads. */
export function neoxTransformer(
  r: Recorder,
  model: ModelConfig,
  tokens: Tensor,
  { rate, attention, architecture }: { rate: number; attention: SelfAttention; architecture: NeoxConfig },
): Tensor {
  const { heads, layers } = model;
  const { epsilon } = architecture;
  const gelu: Activation = model.gelu === 'tanh' ? 'gelu-tanh' : 'gelu-exact';
  const turns = {
    heads,
    groups: heads,
    frequencies: rotaryFrequencies(architecture.rotaryBase, architecture.rotary),
  };
  const linear = (x: Tensor, name: string, activation?: Activation) =>
    r.linear(x, r.parameter(`${name}.weight`), r.optionalParameter(`${name}.bias`), activation, { transposed: true });
  const norm = (name: string) => [r.parameter(`${name}.weight`), r.optionalParameter(`${name}.bias`), epsilon] as const;
  const dropout = (x: Tensor, stream: number) => r.dropout(x, { rate, stream });

  let x = dropout(r.embedding(tokens, r.parameter(neoxEmbedding)), residualSite(-1, 1));
  let y = r.layerNorm(x, ...norm('gpt_neox.layers.0.input_layernorm'));
  for (let layer = 0; layer < layers; layer++) {
    const at = `gpt_neox.layers.${layer}`;
    const next = layer + 1 < layers ? `gpt_neox.layers.${layer + 1}.input_layernorm` : 'gpt_neox.final_layer_norm';
    const beside = architecture.parallelResidual ? r.layerNorm(x, ...norm(`${at}.post_attention_layernorm`)) : null;

    const qkv = r.rotary(linear(y, `${at}.attention.query_key_value`), null, turns);
    const mixed = dropout(
      linear(attention(qkv, layer, attentionSite(layer)), `${at}.attention.dense`),
      residualSite(layer, 0),
    );
    const between = beside
      ? { sum: r.add(x, mixed), y: beside }
      : r.residualLayerNorm(x, mixed, ...norm(`${at}.post_attention_layernorm`));

    const thought = linear(linear(between.y, `${at}.mlp.dense_h_to_4h`, gelu), `${at}.mlp.dense_4h_to_h`);
    ({ sum: x, y } = r.residualLayerNorm(between.sum, dropout(thought, residualSite(layer, 1)), ...norm(next)));
  }
  return y;
}
