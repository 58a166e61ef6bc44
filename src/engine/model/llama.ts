/**
 * Llama (Touvron et al. 2023; grouped queries and long contexts as in Llama 3): RMSNorm, rotary positions, SwiGLU, no
 * biases. Names and orientation are Hugging Face's, linear weights [out, in], so that the vector is the file.
 */
import type { LlamaConfig } from '../../shared/architecture.ts';
import type { ModelConfig } from '../../shared/config.ts';
import type { Recorder } from '../program/recorder.ts';
import type { Tensor } from '../program/types.ts';
import { attentionSite, residualSite, type SelfAttention } from './attention.ts';
import { rotaryFrequencies, stretched } from './rotary.ts';
import type { TableBuilder } from './tensors.ts';

export const llamaEmbedding = 'model.embed_tokens.weight';
export const llamaClassifier = 'lm_head.weight';

export function llamaTensors(table: TableBuilder, model: ModelConfig, to: LlamaConfig, rows: number): void {
  const { width, layers, heads } = model;
  const add = (name: string, ...shape: number[]) => table.add(`${name}.weight`, shape, shape.length > 1);
  for (let layer = 0; layer < layers; layer++) {
    const at = `model.layers.${layer}`;
    add(`${at}.input_layernorm`, width);
    add(`${at}.self_attn.q_proj`, heads * to.headWidth, width);
    add(`${at}.self_attn.k_proj`, to.keyHeads * to.headWidth, width);
    add(`${at}.self_attn.v_proj`, to.keyHeads * to.headWidth, width);
    add(`${at}.self_attn.o_proj`, width, heads * to.headWidth);
    add(`${at}.post_attention_layernorm`, width);
    add(`${at}.mlp.gate_proj`, to.inner, width);
    add(`${at}.mlp.up_proj`, to.inner, width);
    add(`${at}.mlp.down_proj`, width, to.inner);
  }
  add('model.norm', width);
  if (!to.tied) table.add(llamaClassifier, [rows, width], true);
}

/** tokens [B,T] → the normalised residual stream [B,T,C] that the classifier reads. */
export function llamaTransformer(
  r: Recorder,
  model: ModelConfig,
  tokens: Tensor,
  { rate, attention, architecture }: { rate: number; attention: SelfAttention; architecture: LlamaConfig },
): Tensor {
  const { heads, layers } = model;
  const { epsilon, keyHeads, headWidth, rotaryBase, rotaryStretch } = architecture;
  const frequencies = stretched(rotaryFrequencies(rotaryBase, headWidth), rotaryStretch);
  const linear = (x: Tensor, name: string) =>
    r.linear(x, r.parameter(`${name}.weight`), undefined, 'none', { transposed: true });
  const weight = (name: string) => r.parameter(`${name}.weight`);
  const dropout = (x: Tensor, stream: number) => r.dropout(x, { rate, stream });

  let x = dropout(r.embedding(tokens, r.parameter(llamaEmbedding)), residualSite(-1, 1));
  let y = r.rmsNorm(x, weight('model.layers.0.input_layernorm'), epsilon);
  for (let layer = 0; layer < layers; layer++) {
    const at = `model.layers.${layer}`;
    const next = layer + 1 < layers ? `model.layers.${layer + 1}.input_layernorm` : 'model.norm';

    const [q, k, v] = ['q', 'k', 'v'].map((name) => linear(y, `${at}.self_attn.${name}_proj`));
    const qkv = r.rotary(q, { k, v }, { heads, groups: keyHeads, frequencies });
    const mixed = linear(attention(qkv, layer, attentionSite(layer)), `${at}.self_attn.o_proj`);
    const after = weight(`${at}.post_attention_layernorm`);
    ({ sum: x, y } = r.residualRmsNorm(x, dropout(mixed, residualSite(layer, 0)), after, epsilon));

    const gated = r.swiglu(linear(y, `${at}.mlp.gate_proj`), linear(y, `${at}.mlp.up_proj`));
    const thought = dropout(linear(gated, `${at}.mlp.down_proj`), residualSite(layer, 1));
    ({ sum: x, y } = r.residualRmsNorm(x, thought, weight(next), epsilon));
  }
  return y;
}
