/**
 * Records a forward pass as a flat list of operations. Each method checks shapes, appends one
 * operation and returns its outputs. Shapes are fixed when recorded; nothing is computed.
 * Every method throws Error naming operation, tensor and expected shape when shapes do not fit.
 */
import { expect, expectRank, expectShape, rowsOf, sizeOf, widthOf } from './shapes.ts';
import type { AnyOp, DType, Op, OpKind, OpTable, ParameterTable, Program, Role, Tensor } from './types.ts';

export type Activation = OpTable['linear']['attrs']['activation'];

/** Of LayerNorm, in GPT-2 and wherever nothing else is said. */
export const usualEpsilon = 1e-5;

export class Recorder {
  readonly #name: string;
  readonly #table: ParameterTable;
  readonly #ops: AnyOp[] = [];
  readonly #parameters = new Map<string, Tensor>();
  #ids = 0;

  constructor(name: string, table: ParameterTable) {
    this.#name = name;
    this.#table = table;
  }

  /** A parameter by its name in the table. */
  parameter(name: string): Tensor {
    const tensor = this.optionalParameter(name);
    if (!tensor) throw new Error(`no parameter is called "${name}"`);
    return tensor;
  }

  /** A parameter that some configurations do not have: biases. */
  optionalParameter(name: string): Tensor | undefined {
    const known = this.#parameters.get(name);
    if (known) return known;
    const entry = this.#table.entries.find((e) => e.name === name);
    if (!entry) return undefined;
    const tensor = this.#tensor(name, entry.shape, 'f32', 'parameter', 'parameters', entry.offset);
    this.#parameters.set(name, tensor);
    return tensor;
  }

  /** What the caller binds anew for each run: tokens, targets. Its store has the tensor's name. */
  input(name: string, shape: readonly number[], dtype: DType): Tensor {
    return this.#tensor(name, shape, dtype, 'input', name, 0);
  }

  /** What survives between runs: caches, the loss ring. Its store has the tensor's name. */
  persistent(name: string, shape: readonly number[]): Tensor {
    return this.#tensor(name, shape, 'f32', 'persistent', name, 0);
  }

  /** tokens i32 [B,T], wte [V,C], wpe [positions,C] where positions are learned → [B,T,C]. */
  embedding(tokens: Tensor, wte: Tensor, wpe?: Tensor): Tensor {
    expectRank('embedding', 'tokens', tokens, 'B,T');
    expectRank('embedding', 'wte', wte, 'V,C');
    expect('embedding', tokens.dtype === 'i32', `tokens ("${tokens.name}") must be i32`);
    const [batch, time] = tokens.shape;
    if (wpe) {
      expectRank('embedding', 'wpe', wpe, 'positions,C');
      expectShape('embedding', 'wpe', wpe, [wpe.shape[0], wte.shape[1]]);
      expect('embedding', time <= wpe.shape[0], `${time} tokens need as many rows of wpe, it has ${wpe.shape[0]}`);
    }
    const y = this.#activation('embedding', 'y', [batch, time, wte.shape[1]]);
    this.#push<'embedding'>({ kind: 'embedding', in: { tokens, wte, wpe }, out: { y }, attrs: {}, writes: {} });
    return y;
  }

  /** x [..., C], weight [C], bias [C] → y [..., C]. */
  layerNorm(x: Tensor, weight: Tensor, bias?: Tensor, epsilon = usualEpsilon): Tensor {
    this.#norm('layerNorm', x, weight, bias);
    const out = {
      y: this.#activation('layerNorm', 'y', x.shape),
      mean: this.#activation('layerNorm', 'mean', [rowsOf(x)]),
      rstd: this.#activation('layerNorm', 'rstd', [rowsOf(x)]),
    };
    this.#push<'layerNorm'>({ kind: 'layerNorm', in: { x, weight, bias }, out, attrs: { epsilon }, writes: {} });
    return out.y;
  }

  /** x and delta [..., C] → sum = x + delta and y = layerNorm(sum). */
  residualLayerNorm(
    x: Tensor,
    delta: Tensor,
    weight: Tensor,
    bias?: Tensor,
    epsilon = usualEpsilon,
  ): { sum: Tensor; y: Tensor } {
    this.#norm('residualLayerNorm', x, weight, bias);
    expectShape('residualLayerNorm', 'delta', delta, x.shape);
    const out = {
      sum: this.#activation('residualLayerNorm', 'sum', x.shape),
      y: this.#activation('residualLayerNorm', 'y', x.shape),
      mean: this.#activation('residualLayerNorm', 'mean', [rowsOf(x)]),
      rstd: this.#activation('residualLayerNorm', 'rstd', [rowsOf(x)]),
    };
    const inputs = { x, delta, weight, bias };
    this.#push<'residualLayerNorm'>({ kind: 'residualLayerNorm', in: inputs, out, attrs: { epsilon }, writes: {} });
    return { sum: out.sum, y: out.y };
  }

  /** x [..., C], weight [C] → y [..., C]. */
  rmsNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor {
    this.#norm('rmsNorm', x, weight, undefined);
    const out = {
      y: this.#activation('rmsNorm', 'y', x.shape),
      rstd: this.#activation('rmsNorm', 'rstd', [rowsOf(x)]),
    };
    this.#push<'rmsNorm'>({ kind: 'rmsNorm', in: { x, weight }, out, attrs: { epsilon }, writes: {} });
    return out.y;
  }

  /** x and delta [..., C] → sum = x + delta and y = rmsNorm(sum). */
  residualRmsNorm(x: Tensor, delta: Tensor, weight: Tensor, epsilon: number): { sum: Tensor; y: Tensor } {
    this.#norm('residualRmsNorm', x, weight, undefined);
    expectShape('residualRmsNorm', 'delta', delta, x.shape);
    const out = {
      sum: this.#activation('residualRmsNorm', 'sum', x.shape),
      y: this.#activation('residualRmsNorm', 'y', x.shape),
      rstd: this.#activation('residualRmsNorm', 'rstd', [rowsOf(x)]),
    };
    const inputs = { x, delta, weight };
    this.#push<'residualRmsNorm'>({ kind: 'residualRmsNorm', in: inputs, out, attrs: { epsilon }, writes: {} });
    return { sum: out.sum, y: out.y };
  }

  /** a and b of one shape → their sum. */
  add(a: Tensor, b: Tensor): Tensor {
    expectShape('add', 'b', b, a.shape);
    const y = this.#activation('add', 'y', a.shape);
    this.#push<'add'>({ kind: 'add', in: { a, b }, out: { y }, attrs: {}, writes: {} });
    return y;
  }

  /** gate and up of one shape → gate·σ(gate)·up. */
  swiglu(gate: Tensor, up: Tensor): Tensor {
    expectShape('swiglu', 'up', up, gate.shape);
    expect('swiglu', gate.id !== up.id, `gate and up are both "${gate.name}"`);
    const y = this.#activation('swiglu', 'y', gate.shape);
    this.#push<'swiglu'>({ kind: 'swiglu', in: { gate, up }, out: { y }, attrs: {}, writes: {} });
    return y;
  }

  /** q [B,T,H·D], k and v [B,T,G·D], or all in one [B,T,3·H·D] by head → qkv [B,T,3·H·D] as attention takes it. */
  rotary(q: Tensor, kv: { k: Tensor; v: Tensor } | null, attrs: OpTable['rotary']['attrs']): Tensor {
    const { heads, groups, frequencies } = attrs;
    expectRank('rotary', 'q', q, 'B,T,channels');
    const [batch, time, channels] = q.shape;
    const parts = heads * (kv ? 1 : 3);
    const depth = channels / parts;
    expect('rotary', Number.isInteger(depth), `q's ${channels} channels are not ${parts} × a whole number`);
    expect('rotary', heads % groups === 0, `${groups} key heads do not divide ${heads} query heads`);
    expect('rotary', kv !== null || groups === heads, `q holds all heads, so there are ${heads} groups, not ${groups}`);
    expect(
      'rotary',
      2 * frequencies.length <= depth,
      `${frequencies.length} frequencies turn twice as many channels, a head has ${depth}`,
    );
    for (const [name, tensor] of Object.entries(kv ?? {})) {
      expectShape('rotary', name, tensor, [batch, time, groups * depth]);
    }
    expect('rotary', new Set([q.id, kv?.k.id, kv?.v.id]).size === (kv ? 3 : 2), 'q, k and v must be three tensors');
    const qkv = this.#activation('rotary', 'qkv', [batch, time, 3 * heads * depth]);
    this.#push<'rotary'>({ kind: 'rotary', in: { q, k: kv?.k, v: kv?.v }, out: { qkv }, attrs, writes: {} });
    return qkv;
  }

  /** x [..., in], weight [in, out] or, transposed, [out, in], bias [out] → [..., out]. */
  linear(
    x: Tensor,
    weight: Tensor,
    bias?: Tensor,
    activation: Activation = 'none',
    { transposed = false }: { transposed?: boolean } = {},
  ): Tensor {
    expectRank('linear', 'weight', weight, transposed ? 'out,in' : 'in,out');
    const [from, to] = transposed ? [...weight.shape].reverse() : weight.shape;
    expectShape('linear', 'x', x, [...x.shape.slice(0, -1), from]);
    if (bias) expectShape('linear', 'bias', bias, [to]);
    this.#trained('linear', { weight, bias });
    const y = this.#activation('linear', 'y', [...x.shape.slice(0, -1), to]);
    const attrs = transposed ? { activation, transposed } : { activation };
    this.#push<'linear'>({ kind: 'linear', in: { x, weight, bias }, out: { y }, attrs, writes: {} });
    return y;
  }

  /** Causal self-attention: qkv [B,T,3C] → [B,T,C]. */
  attention(qkv: Tensor, attrs: OpTable['attention']['attrs']): Tensor {
    const [batch, time, width] = this.#heads('attention', qkv, attrs.heads);
    const y = this.#activation('attention', 'y', [batch, time, width]);
    const lse = this.#activation('attention', 'lse', [batch, attrs.heads, time]);
    this.#push<'attention'>({ kind: 'attention', in: { qkv }, out: { y, lse }, attrs, writes: {} });
    return y;
  }

  /** Causal self-attention over a cache [B,H,Tmax,D] that the T new tokens are written to. */
  cachedAttention(qkv: Tensor, keys: Tensor, values: Tensor, attrs: OpTable['cachedAttention']['attrs']): Tensor {
    const [batch, time, width] = this.#heads('cachedAttention', qkv, attrs.heads);
    expectRank('cachedAttention', 'keys', keys, 'B,H,Tmax,D');
    const cache = [batch, attrs.heads, keys.shape[2], width / attrs.heads];
    expectShape('cachedAttention', 'keys', keys, cache);
    expectShape('cachedAttention', 'values', values, cache);
    expect('cachedAttention', time <= keys.shape[2], `${time} tokens do not fit a cache of ${keys.shape[2]}`);
    const y = this.#activation('cachedAttention', 'y', [batch, time, width]);
    this.#push<'cachedAttention'>({
      kind: 'cachedAttention',
      in: { qkv, keys, values },
      out: { y },
      attrs,
      writes: {},
    });
    return y;
  }

  /** Rate 0 records nothing. */
  dropout(x: Tensor, attrs: OpTable['dropout']['attrs']): Tensor {
    if (attrs.rate === 0) return x;
    expect('dropout', attrs.rate > 0 && attrs.rate < 1, `rate ${attrs.rate} is not in [0, 1)`);
    const y = this.#activation('dropout', 'y', x.shape);
    this.#push<'dropout'>({ kind: 'dropout', in: { x }, out: { y }, attrs, writes: {} });
    return y;
  }

  /** x [..., C] of N rows, weight [V,C], targets i32 [N] → the result 'losses' [N]. */
  classifierLoss(x: Tensor, weight: Tensor, targets: Tensor, vocab: number): Tensor {
    this.#classifier('classifierLoss', x, weight, vocab);
    expectShape('classifierLoss', 'targets', targets, [rowsOf(x)]);
    expect('classifierLoss', targets.dtype === 'i32', `targets ("${targets.name}") must be i32`);
    const losses = this.#tensor('losses', [rowsOf(x)], 'f32', 'activation', null, 0);
    const inputs = { x, weight, targets };
    this.#push<'classifierLoss'>({ kind: 'classifierLoss', in: inputs, out: { losses }, attrs: { vocab }, writes: {} });
    return losses;
  }

  /** x [..., C] of N rows, weight [V,C] → the result 'logits' [N, vocab]. */
  classifierLogits(x: Tensor, weight: Tensor, vocab: number): Tensor {
    this.#classifier('classifierLogits', x, weight, vocab);
    const logits = this.#tensor('logits', [rowsOf(x), vocab], 'f32', 'activation', null, 0);
    this.#push<'classifierLogits'>({
      kind: 'classifierLogits',
      in: { x, weight },
      out: { logits },
      attrs: { vocab },
      writes: {},
    });
    return logits;
  }

  /** x [B,T,C] → its last position [B,C]. */
  lastPosition(x: Tensor): Tensor {
    expectRank('lastPosition', 'x', x, 'B,T,C');
    const y = this.#activation('lastPosition', 'y', [x.shape[0], x.shape[2]]);
    this.#push<'lastPosition'>({ kind: 'lastPosition', in: { x }, out: { y }, attrs: {}, writes: {} });
    return y;
  }

  /** losses [N], ring [R,4]. */
  recordLoss(losses: Tensor, ring: Tensor): void {
    expectRank('recordLoss', 'losses', losses, 'N');
    expectShape('recordLoss', 'ring', ring, [ring.shape[0], 4]);
    this.#push<'recordLoss'>({ kind: 'recordLoss', in: { losses, ring }, out: {}, attrs: {}, writes: {} });
  }

  /** The update of the whole vector. ring [R,4]. */
  adamw(ring: Tensor, attrs: OpTable['adamw']['attrs']): void {
    expectShape('adamw', 'ring', ring, [ring.shape[0], 4]);
    const shape = [this.#table.elements];
    const inputs = {
      parameters: this.#tensor('parameters', shape, 'f32', 'parameter', 'parameters', 0),
      gradients: this.#tensor('gradients', shape, 'f32', 'gradient', 'gradients', 0),
      m: this.#tensor('m', shape, 'f32', 'optimizer', 'm', 0),
      v: this.#tensor('v', shape, 'f32', 'optimizer', 'v', 0),
      counters: this.persistent('counters', [4]),
      ring,
    };
    this.#push<'adamw'>({ kind: 'adamw', in: inputs, out: {}, attrs, writes: {} });
  }

  /** The same for schedule-free AdamW. */
  scheduleFree(ring: Tensor, attrs: OpTable['scheduleFree']['attrs']): void {
    expectShape('scheduleFree', 'ring', ring, [ring.shape[0], 4]);
    const shape = [this.#table.elements];
    const inputs = {
      parameters: this.#tensor('parameters', shape, 'f32', 'parameter', 'parameters', 0),
      gradients: this.#tensor('gradients', shape, 'f32', 'gradient', 'gradients', 0),
      z: this.#tensor('z', shape, 'f32', 'optimizer', 'z', 0),
      v: this.#tensor('v', shape, 'f32', 'optimizer', 'v', 0),
      point: this.#tensor('point', shape, 'f32', 'optimizer', 'point', 0),
      counters: this.persistent('counters', [4]),
      ring,
    };
    this.#push<'scheduleFree'>({ kind: 'scheduleFree', in: inputs, out: {}, attrs, writes: {} });
  }

  /** The recorded list. Results are read by the tensors' names, so those must differ. */
  program(...results: Tensor[]): Program {
    const names = results.map((t) => t.name);
    if (new Set(names).size !== names.length) throw new Error(`two results share a name: ${names.join(', ')}`);
    return { name: this.#name, ops: [...this.#ops], results };
  }

  #norm(op: string, x: Tensor, weight: Tensor, bias: Tensor | undefined): void {
    expectShape(op, 'weight', weight, [widthOf(x)]);
    if (bias) expectShape(op, 'bias', bias, [widthOf(x)]);
    this.#trained(op, { weight, bias });
  }

  /** Checks qkv [B,T,3C] against a number of heads; returns B, T, C. */
  #heads(op: string, qkv: Tensor, heads: number): [number, number, number] {
    expectRank(op, 'qkv', qkv, 'B,T,3C');
    const [batch, time, triple] = qkv.shape;
    expect(op, triple % (3 * heads) === 0, `qkv's ${triple} channels are not 3 × ${heads} heads × a whole number`);
    return [batch, time, triple / 3];
  }

  #classifier(op: string, x: Tensor, weight: Tensor, vocab: number): void {
    expectRank(op, 'weight', weight, 'V,C');
    expectShape(op, 'x', x, [...x.shape.slice(0, -1), weight.shape[1]]);
    expect(op, vocab >= 1 && vocab <= weight.shape[0], `vocab ${vocab} exceeds the ${weight.shape[0]} rows of weight`);
    this.#trained(op, { weight });
  }

  /** Weights must be parameters, since their gradients go to the gradient vector. */
  #trained(op: string, weights: Record<string, Tensor | undefined>): void {
    for (const [slot, tensor] of Object.entries(weights))
      if (tensor && tensor.role !== 'parameter')
        throw new Error(`${op}: ${slot} ("${tensor.name}") must be a parameter, it is ${tensor.role}`);
  }

  #activation(kind: OpKind, output: string, shape: readonly number[]): Tensor {
    return this.#tensor(`${kind}.${this.#ops.length}.${output}`, shape, 'f32', 'activation', null, 0);
  }

  #tensor(
    name: string,
    shape: readonly number[],
    dtype: DType,
    role: Role,
    store: string | null,
    offset: number,
  ): Tensor {
    if (
      shape.length === 0 ||
      !shape.every((n) => Number.isSafeInteger(n) && n > 0) ||
      !Number.isSafeInteger(sizeOf(shape))
    )
      throw new Error(`"${name}" has shape [${shape}]; every axis must be a positive integer`);
    return { id: this.#ids++, name, shape: [...shape], dtype, role, store, offset };
  }

  #push<K extends OpKind>(op: Op<K>): void {
    this.#ops.push(op as unknown as AnyOp);
  }
}
