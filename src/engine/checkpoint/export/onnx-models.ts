/** The forward pass of each architecture as plain operations of ONNX, as model/ records it for our own backends. */
import { headWidth, type LlamaConfig, type NeoxConfig } from '../../../shared/architecture.ts';
import type { ModelConfig } from '../../../shared/config.ts';
import { rotaryFrequencies, stretched } from '../../model/rotary.ts';
import { vocabularyNames } from '../../model/table.ts';
import type { OnnxGraph, Value } from './onnx-graph.ts';

/** What a score of a token that is still to come is lowered by; e to its power is 0. */
const never = -1e30;

/** input_ids [batch, sequence] → logits [batch, sequence, vocabulary]. */
export function onnxModel(g: OnnxGraph, model: ModelConfig, ids: Value, logits: Value): void {
  const { embedding, classifier } = vocabularyNames(model);
  const words = g.weight(embedding, model.vocabSize);
  const place = placesOf(g, ids);
  const x = g.node('Gather', [words, ids], { axis: 0 });
  const { architecture } = model;
  const y = !architecture
    ? gpt2(g, model, x, place)
    : architecture.kind === 'llama'
      ? llama(g, model, architecture, x, place)
      : neox(g, model, architecture, x, place);
  const rows = classifier === embedding ? words : g.weight(classifier, model.vocabSize);
  g.node('MatMul', [y, g.node('Transpose', [rows], { perm: [1, 0] })], {}, logits);
}

interface Places {
  /** 0, 1, … sequence − 1. */
  readonly positions: Value;
  /** [sequence, sequence]: 0 where a token may look, `never` where it may not. */
  readonly mask: Value;
}

function placesOf(g: OnnxGraph, ids: Value): Places {
  const length = g.node('Gather', [g.node('Shape', [ids]), g.integers([1], [])], { axis: 0 });
  const positions = g.node('Range', [g.integers([0], []), length, g.integers([1], [])]);
  const rows = g.node('Unsqueeze', [positions, g.integers([1])]);
  const columns = g.node('Unsqueeze', [positions, g.integers([0])]);
  const future = g.node('Greater', [columns, rows]);
  return { positions, mask: g.node('Where', [future, g.scalar(never), g.scalar(0)]) };
}

function gpt2(g: OnnxGraph, model: ModelConfig, words: Value, { positions, mask }: Places): Value {
  const { width, heads, layers } = model;
  let x = g.node('Add', [words, g.node('Gather', [g.weight('transformer.wpe.weight'), positions], { axis: 0 })]);
  for (let layer = 0; layer < layers; layer++) {
    const at = `transformer.h.${layer}`;
    const qkv = linear(g, layerNorm(g, x, `${at}.ln_1`, 1e-5), `${at}.attn.c_attn`, false);
    const [q, k, v] = g.split(qkv, 2, [width, width, width]).map((part) => byHead(g, part, heads, width / heads));
    const scale = 1 / Math.sqrt(width / heads) / (model.inverseLayerScaling ? layer + 1 : 1);
    const mixed = attend(g, { q, k, v, mask, scale, width });
    x = g.node('Add', [x, linear(g, mixed, `${at}.attn.c_proj`, false)]);
    const inner = linear(g, layerNorm(g, x, `${at}.ln_2`, 1e-5), `${at}.mlp.c_fc`, false);
    x = g.node('Add', [x, linear(g, gelu(g, inner, model.gelu), `${at}.mlp.c_proj`, false)]);
  }
  return layerNorm(g, x, 'transformer.ln_f', 1e-5);
}

function neox(g: OnnxGraph, model: ModelConfig, to: NeoxConfig, words: Value, { positions, mask }: Places): Value {
  const { width, heads, layers, blockSize } = model;
  const depth = width / heads;
  const turn = turner(g, rotaryFrequencies(to.rotaryBase, to.rotary), { depth, blockSize, positions });
  let x = words;
  for (let layer = 0; layer < layers; layer++) {
    const at = `gpt_neox.layers.${layer}`;
    const projected = linear(
      g,
      layerNorm(g, x, `${at}.input_layernorm`, to.epsilon),
      `${at}.attention.query_key_value`,
      true,
    );
    const [q, k, v] = g.split(byHead(g, projected, heads, 3 * depth), 3, [depth, depth, depth]);
    const mixed = attend(g, { q: turn(q), k: turn(k), v, mask, scale: 1 / Math.sqrt(depth), width });
    const attended = g.node('Add', [x, linear(g, mixed, `${at}.attention.dense`, true)]);
    const read = to.parallelResidual ? x : attended;
    const inner = linear(
      g,
      layerNorm(g, read, `${at}.post_attention_layernorm`, to.epsilon),
      `${at}.mlp.dense_h_to_4h`,
      true,
    );
    x = g.node('Add', [attended, linear(g, gelu(g, inner, model.gelu), `${at}.mlp.dense_4h_to_h`, true)]);
  }
  return layerNorm(g, x, 'gpt_neox.final_layer_norm', to.epsilon);
}

function llama(g: OnnxGraph, model: ModelConfig, to: LlamaConfig, words: Value, { positions, mask }: Places): Value {
  const { heads, layers, blockSize } = model;
  const depth = headWidth(model);
  const frequencies = stretched(rotaryFrequencies(to.rotaryBase, depth), to.rotaryStretch);
  const turn = turner(g, frequencies, { depth, blockSize, positions });
  const shared = (x: Value) => repeated(g, byHead(g, x, to.keyHeads, depth), heads, to.keyHeads, depth);
  let x = words;
  for (let layer = 0; layer < layers; layer++) {
    const at = `model.layers.${layer}`;
    const y = rmsNorm(g, x, `${at}.input_layernorm`, to.epsilon);
    const q = byHead(g, linear(g, y, `${at}.self_attn.q_proj`, true), heads, depth);
    const [k, v] = ['k', 'v'].map((part) => shared(linear(g, y, `${at}.self_attn.${part}_proj`, true)));
    const scale = 1 / Math.sqrt(depth);
    const mixed = attend(g, { q: turn(q), k: turn(k), v, mask, scale, width: heads * depth });
    x = g.node('Add', [x, linear(g, mixed, `${at}.self_attn.o_proj`, true)]);
    const read = rmsNorm(g, x, `${at}.post_attention_layernorm`, to.epsilon);
    const gate = linear(g, read, `${at}.mlp.gate_proj`, true);
    const gated = g.node('Mul', [gate, g.node('Sigmoid', [gate])]);
    const inner = g.node('Mul', [gated, linear(g, read, `${at}.mlp.up_proj`, true)]);
    x = g.node('Add', [x, linear(g, inner, `${at}.mlp.down_proj`, true)]);
  }
  return rmsNorm(g, x, 'model.norm', to.epsilon);
}

function linear(g: OnnxGraph, x: Value, name: string, transposed: boolean): Value {
  const stored = g.weight(`${name}.weight`);
  const product = g.node('MatMul', [x, transposed ? g.node('Transpose', [stored], { perm: [1, 0] }) : stored]);
  const bias = g.optionalWeight(`${name}.bias`);
  return bias === null ? product : g.node('Add', [product, bias]);
}

function layerNorm(g: OnnxGraph, x: Value, name: string, epsilon: number): Value {
  const bias = g.optionalWeight(`${name}.bias`);
  const inputs = [x, g.weight(`${name}.weight`), ...(bias === null ? [] : [bias])];
  return g.node('LayerNormalization', inputs, { axis: -1, epsilon });
}

function rmsNorm(g: OnnxGraph, x: Value, name: string, epsilon: number): Value {
  const squares = g.node('ReduceMean', [g.node('Mul', [x, x])], { axes: [-1], keepdims: 1 });
  const root = g.node('Sqrt', [g.node('Add', [squares, g.scalar(epsilon)])]);
  return g.node('Mul', [g.node('Div', [x, root]), g.weight(`${name}.weight`)]);
}

/** x/2 · (1 + erf(x/√2)), or with tanh(√(2/π)·(x + 0.044715 x³)) in erf's place. */
function gelu(g: OnnxGraph, x: Value, form: ModelConfig['gelu']): Value {
  const cubic = () =>
    g.node('Mul', [x, g.node('Add', [g.node('Mul', [g.node('Mul', [x, x]), g.scalar(0.044715)]), g.scalar(1)])]);
  const bent =
    form === 'exact'
      ? g.node('Erf', [g.node('Mul', [x, g.scalar(Math.SQRT1_2)])])
      : g.node('Tanh', [g.node('Mul', [cubic(), g.scalar(Math.sqrt(2 / Math.PI))])]);
  return g.node('Mul', [g.node('Mul', [x, g.scalar(0.5)]), g.node('Add', [bent, g.scalar(1)])]);
}

/** [batch, sequence, heads · depth] → [batch, heads, sequence, depth] */
function byHead(g: OnnxGraph, x: Value, heads: number, depth: number): Value {
  const cut = g.node('Reshape', [x, g.integers([0, 0, heads, depth])]);
  return g.node('Transpose', [cut], { perm: [0, 2, 1, 3] });
}

/** Every key head as often as query heads read it. */
function repeated(g: OnnxGraph, x: Value, heads: number, groups: number, depth: number): Value {
  if (heads === groups) return x;
  const wide = g.node('Expand', [g.node('Unsqueeze', [x, g.integers([2])]), g.integers([1, 1, heads / groups, 1, 1])]);
  return g.node('Reshape', [wide, g.integers([0, heads, -1, depth])]);
}

function attend(
  g: OnnxGraph,
  { q, k, v, mask, scale, width }: { q: Value; k: Value; v: Value; mask: Value; scale: number; width: number },
): Value {
  const scores = g.node('MatMul', [q, g.node('Transpose', [k], { perm: [0, 1, 3, 2] })]);
  const seen = g.node('Add', [g.node('Mul', [scores, g.scalar(scale)]), mask]);
  const mixed = g.node('MatMul', [g.node('Softmax', [seen], { axis: -1 }), v]);
  return g.node('Reshape', [g.node('Transpose', [mixed], { perm: [0, 2, 1, 3] }), g.integers([0, 0, width])]);
}

/** Turns the heads of [batch, heads, sequence, depth] by their positions. */
function turner(
  g: OnnxGraph,
  frequencies: readonly number[],
  { depth, blockSize, positions }: { depth: number; blockSize: number; positions: Value },
): (x: Value) => Value {
  const turns = frequencies.length;
  const [cosine, sine] = (['cos', 'sin'] as const).map((name) => {
    const angles = Float32Array.from({ length: blockSize * turns }, (_, i) =>
      Math[name](Math.fround(Math.floor(i / turns) * frequencies[i % turns])),
    );
    return g.node('Gather', [g.table(name, angles, [blockSize, turns]), positions], { axis: 0 });
  });
  return (x) => {
    const rest = depth - 2 * turns;
    const [low, high, ...still] = g.split(x, 3, [turns, turns, ...(rest > 0 ? [rest] : [])]);
    const first = g.node('Sub', [g.node('Mul', [low, cosine]), g.node('Mul', [high, sine])]);
    const second = g.node('Add', [g.node('Mul', [high, cosine]), g.node('Mul', [low, sine])]);
    return g.node('Concat', [first, second, ...still], { axis: 3 });
  };
}
