/**
 * What a program is made of. Operations are coarse and semantic; `backends/reference` is their
 * meaning in float64. Shapes are logical: no code outside a backend knows a memory layout.
 */

export type DType = 'f32' | 'i32';

/**
 * parameter, gradient, optimizer: slices of vectors that the caller binds.
 * input: tokens and targets. persistent: survives between runs (KV cache, loss ring, counters).
 * activation: placed in the arena by the planner; live from its producer to its last reader.
 */
export type Role = 'parameter' | 'gradient' | 'optimizer' | 'input' | 'persistent' | 'activation';

export interface Tensor {
  readonly id: number;
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly role: Role;
  /**
   * Binding that holds it, for every role but activation: 'parameters', 'gradients', 'm', 'v',
   * or the input's or persistent tensor's own name.
   */
  readonly store: string | null;
  /** First element inside its store. */
  readonly offset: number;
}

/** Numbers that change from run to run without compiling anew. Unused ones may be left out. */
export interface Scalars {
  /** 0: the first writer of each gradient in this run overwrites it; 1: it adds. */
  accumulate: 0 | 1;
  /** Share of this micro-batch in the step: 1 / accumulation. Scales the loss's gradient and the recorded loss. */
  lossScale: number;
  /** Dropout's coordinates in the random generator. */
  seed: number;
  step: number;
  microBatch: number;
  /** Position of the first token, for the KV cache and the position embedding; 0 in training. */
  position: number;
  learningRate: number;
  /** Row of the ring that this step writes. */
  ringSlot: number;
}

/**
 * Every operation: required and optional inputs, outputs and attributes.
 * B batch, T tokens per sequence, N = B·T rows, C width, H heads, D = C/H, V rows of the embedding.
 * Where an operation works on rows (layerNorm, linear, dropout, classifier), x may be [N,C] or [B,T,C]:
 * N is the product of all axes but the last.
 * A linear layer's weight is [in, out] where it is not `transposed`. `backward` forms receive what the forward form saved.
 * d-prefixed outputs that are gradients of parameters follow the op's `writes` entry.
 */
export interface OpTable {
  /** y[b,t] = wte[tokens[b,t]] + wpe[position + t], without the second term where there is no wpe. tokens i32 [B,T]; y [B,T,C]. */
  embedding: { in: 'tokens' | 'wte'; opt: 'wpe'; out: 'y'; attrs: object };
  /** dwte[tokens] += dy, dwpe[t] += Σ_b dy. Rows no token names get zero when the mode is overwrite. */
  embeddingBackward: { in: 'tokens' | 'dy'; opt: never; out: 'dwte' | 'dwpe?'; attrs: object };

  /** y = (x − mean)·rstd·weight + bias over the last axis, ε inside the root, biased variance. mean, rstd [N]. */
  layerNorm: { in: 'x' | 'weight'; opt: 'bias'; out: 'y' | 'mean' | 'rstd'; attrs: { epsilon: number } };
  layerNormBackward: {
    in: 'x' | 'weight' | 'mean' | 'rstd' | 'dy';
    /** dresidual: gradient that reached x by another path; added into dx. */
    opt: 'dresidual';
    out: 'dx' | 'dweight' | 'dbias?';
    attrs: object;
  };
  /** sum = x + delta; y, mean, rstd = layerNorm(sum). */
  residualLayerNorm: {
    in: 'x' | 'delta' | 'weight';
    opt: 'bias';
    out: 'sum' | 'y' | 'mean' | 'rstd';
    attrs: { epsilon: number };
  };
  // Its derivative is layerNormBackward with x = sum: dx is the gradient of both x and delta.

  /** y = x·rstd·weight, rstd = 1/√(mean(x²) + ε) over the last axis (Zhang & Sennrich 2019). rstd [N]. */
  rmsNorm: { in: 'x' | 'weight'; opt: never; out: 'y' | 'rstd'; attrs: { epsilon: number } };
  /** sum = x + delta; y, rstd = rmsNorm(sum). Its derivative is rmsNormBackward with x = sum. */
  residualRmsNorm: { in: 'x' | 'delta' | 'weight'; opt: never; out: 'sum' | 'y' | 'rstd'; attrs: { epsilon: number } };
  rmsNormBackward: { in: 'x' | 'weight' | 'rstd' | 'dy'; opt: 'dresidual'; out: 'dx' | 'dweight'; attrs: object };

  /** y = a + b, of one shape. */
  add: { in: 'a' | 'b'; opt: never; out: 'y'; attrs: object };

  /**
   * y = act(x·weight + bias). x [..., in] → y [..., out]. `pre`: the value before act, saved when training and act is
   * not none. `transposed`: the weight is [out, in].
   */
  linear: {
    in: 'x' | 'weight';
    opt: 'bias';
    out: 'y' | 'pre?';
    attrs: { activation: 'none' | 'gelu-exact' | 'gelu-tanh'; transposed?: boolean };
  };
  /** dpre = dy·act′(pre) (dy itself for none); dx = dpre·weightᵀ; dweight = xᵀ·dpre; dbias = Σ dpre. */
  linearBackward: {
    in: 'x' | 'weight' | 'dy';
    opt: 'pre';
    out: 'dx' | 'dweight' | 'dbias?';
    attrs: { activation: 'none' | 'gelu-exact' | 'gelu-tanh'; transposed?: boolean };
  };

  /** y = gate·σ(gate)·up (Shazeer 2020, SwiGLU), of one shape. */
  swiglu: { in: 'gate' | 'up'; opt: never; out: 'y'; attrs: object };
  swigluBackward: { in: 'gate' | 'up' | 'dy'; opt: never; out: 'dgate' | 'dup'; attrs: object };

  /**
   * What `attention` takes, from projections of H query heads and G key and value heads of D (Su et al. 2021). With k and
   * v: q [B,T,H·D], k and v [B,T,G·D]; G divides H, and query head h reads key and value head ⌊h·G/H⌋, which qkv repeats.
   * Without: q [B,T,3·H·D] holds q, k and v of head 0, then of head 1, and G = H (GPT-NeoX). In every head of q and k, with
   * R = frequencies.length and φ = (position + t)·frequencies[i] rounded to float32, channels i and i + R for i < R become
   * (x_i·cos φ − x_{i+R}·sin φ, x_{i+R}·cos φ + x_i·sin φ); channels from 2R up, and v, stay as they are. qkv [B,T,3·H·D].
   */
  rotary: {
    in: 'q';
    opt: 'k' | 'v';
    out: 'qkv';
    attrs: { heads: number; groups: number; frequencies: readonly number[] };
  };
  /** The inverse turn; gradients of heads that were repeated are summed in ascending order of h. */
  rotaryBackward: {
    in: 'dqkv';
    opt: never;
    out: 'dq' | 'dk?' | 'dv?';
    attrs: { heads: number; groups: number; frequencies: readonly number[] };
  };

  /**
   * Causal self-attention. qkv [B,T,3C], each of q, k, v cut into H heads of D; y [B,T,C];
   * lse [B,H,T] log-sum-exp of the scaled scores. Dropout acts on the probabilities (not on lse):
   * element index ((b·H + h)·T + i)·T + j of stream `stream`.
   */
  attention: {
    in: 'qkv';
    opt: never;
    out: 'y' | 'lse';
    attrs: { heads: number; scale: number; dropout: number; stream: number };
  };
  attentionBackward: {
    in: 'qkv' | 'y' | 'lse' | 'dy';
    opt: never;
    out: 'dqkv';
    attrs: { heads: number; scale: number; dropout: number; stream: number };
  };
  /** Writes k and v of the T new tokens at `position`, attends to everything up to each token. caches [B,H,Tmax,D]. */
  cachedAttention: {
    in: 'qkv' | 'keys' | 'values';
    opt: never;
    out: 'y';
    attrs: { heads: number; scale: number };
  };

  /** y = x·mask/(1 − rate); the mask is a pure function of (seed, stream, step, microBatch, element). */
  dropout: { in: 'x'; opt: never; out: 'y'; attrs: { rate: number; stream: number } };
  /** The same mask and scale on dy. */
  dropoutBackward: { in: 'dy'; opt: never; out: 'dx'; attrs: { rate: number; stream: number } };

  /** losses[n] = logsumexp_{v < vocab}(x[n]·weight[v]) − x[n]·weight[targets[n]]. x [N,C], weight [V,C], targets i32 [N]. */
  classifierLoss: { in: 'x' | 'weight' | 'targets'; opt: never; out: 'losses'; attrs: { vocab: number } };
  /** Training form: losses, and the gradients of lossScale · mean(losses). Logits are never whole. */
  classifierLossTrain: {
    in: 'x' | 'weight' | 'targets';
    opt: never;
    out: 'losses' | 'dx' | 'dweight';
    attrs: { vocab: number };
  };
  /** logits [N, vocab] = x·weightᵀ, padded rows left out. */
  classifierLogits: { in: 'x' | 'weight'; opt: never; out: 'logits'; attrs: { vocab: number } };
  /** y [B,C] = x [B,T,C] at t = T − 1. */
  lastPosition: { in: 'x'; opt: never; out: 'y'; attrs: object };

  /**
   * ring[ringSlot].loss = (accumulate ? old : 0) + lossScale · mean(losses). ring f32 [R,4]: loss, gradient norm,
   * applied, t. ringSlot must be a row of the bound store, which may have more than R.
   */
  recordLoss: { in: 'losses' | 'ring'; opt: never; out: never; attrs: object };
  /**
   * The update. norm = ‖g‖₂ over the whole vector, to ring[ringSlot]; g · min(1, clip/(norm + 1e-6)) when clip > 0.
   * A norm or recorded loss that is not finite leaves everything as it was and writes applied = 0; else applied = 1, t += 1 and
   * p −= lr·wd·p (in decay ranges, before the rest), m = β₁m + (1−β₁)g, v = β₂v + (1−β₂)g²,
   * p −= lr/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + ε)   (PyTorch's AdamW).
   * counters f32 [4]: t, then reserved.
   */
  adamw: {
    in: 'parameters' | 'gradients' | 'm' | 'v' | 'counters' | 'ring';
    opt: never;
    out: never;
    attrs: {
      beta1: number;
      beta2: number;
      epsilon: number;
      weightDecay: number;
      clip: number;
      /** [start, end) element ranges that weight decay applies to, ascending, disjoint. */
      decay: readonly (readonly [number, number])[];
    };
  };
  /**
   * The update of schedule-free AdamW (2405.15682), gated and clipped like adamw. Weights are three vectors: z, which
   * takes the steps; parameters x, the weighted mean of all z so far; and point y between them, where gradients are
   * taken. With t += 1, r = max(r, lr), w = r², W += w:
   * v = β₂v + (1−β₂)g², z −= lr·(g/(√v/√(1−β₂ᵗ) + ε) + wd·y), wd in decay ranges only,
   * x += (w/W)·(z − x), y = z + β·(x − z), the last rounded as vectors.lerp does it.
   * counters f32 [4]: t, r, and W as what float32 holds of it and the rest.
   */
  scheduleFree: {
    in: 'parameters' | 'gradients' | 'z' | 'v' | 'point' | 'counters' | 'ring';
    opt: never;
    out: never;
    attrs: Omit<OpTable['adamw']['attrs'], 'beta1'> & { beta: number };
  };
}

export type OpKind = keyof OpTable;
type Required<K extends string> = K extends `${string}?` ? never : K;
type Optional<K extends string> = K extends `${infer N}?` ? N : never;

/**
 * How an op writes an output that other ops may write too.
 * first: overwrite when scalars.accumulate is 0, else add. add: always add. Absent: overwrite.
 * Gradients of parameters have first or add; gradients of activations are absent or, where an
 * activation is read twice (dx of linearBackward and dropoutBackward, dqkv, gradients of swiglu and rotary,
 * classifierLossTrain's dx), add.
 */
export type WriteMode = 'first' | 'add';

export interface Op<K extends OpKind = OpKind> {
  readonly kind: K;
  readonly in: { readonly [N in OpTable[K]['in']]: Tensor } & { readonly [N in OpTable[K]['opt']]?: Tensor };
  readonly out: { readonly [N in Required<OpTable[K]['out']>]: Tensor } & {
    readonly [N in Optional<OpTable[K]['out']>]?: Tensor;
  };
  readonly attrs: OpTable[K]['attrs'];
  readonly writes: { readonly [name: string]: WriteMode };
}
/** A union over kinds, so that `switch (op.kind)` narrows. */
export type AnyOp = { [K in OpKind]: Op<K> }[OpKind];

/** A recorded list of operations, in order. Nothing in it says where activations lie. */
export interface Program {
  readonly name: string;
  readonly ops: readonly AnyOp[];
  /** Activations that the caller may read after a run (losses, logits); kept live to the end. */
  readonly results: readonly Tensor[];
}

/** The table of contents of the parameter vector. */
export interface ParameterTable {
  readonly entries: readonly ParameterEntry[];
  /** Length of the vector, padding included. */
  readonly elements: number;
  /** Weights proper, padding and padded vocabulary rows excluded. */
  readonly count: number;
}
export interface ParameterEntry {
  /** Hugging Face's name, e.g. transformer.h.0.attn.c_attn.weight. */
  readonly name: string;
  readonly shape: readonly number[];
  /** First element; a multiple of 64. Padding between tensors is zero and stays zero. */
  readonly offset: number;
  readonly decay: boolean;
}
