/** Turns a program into the flat list of numbers that the addon replays, and places its tensors. */
import { lower as applyTable } from '../../program/fusion.ts';
import { arenaAlignment, planArena } from '../../program/plan.ts';
import { readsOf, rowsOf, sizeOf, widthOf, writesOf } from '../../program/shapes.ts';
import type { AnyOp, Op, Program, Tensor, WriteMode } from '../../program/types.ts';
import { type Fused, fusionTable } from './fusion.ts';

/** Codes of native/src/context.h. */
export const codes = {
  embedding: 0,
  embeddingBackward: 1,
  layerNorm: 2,
  layerNormBackward: 3,
  linear: 4,
  linearBackward: 5,
  attention: 6,
  attentionBackward: 7,
  cachedAttention: 8,
  dropout: 9,
  classifierLoss: 10,
  classifierLossTrain: 11,
  classifierLogits: 12,
  lastPosition: 13,
  recordLoss: 14,
  adamw: 15,
  rmsNorm: 16,
  rmsNormBackward: 17,
  add: 18,
  swiglu: 19,
  swigluBackward: 20,
  rotary: 21,
  rotaryBackward: 22,
  linearRows: 23,
  linearRowsBackward: 24,
  scheduleFree: 25,
} as const;
const modes = { overwrite: 0, first: 1, add: 2 } as const;
const activations = { none: 0, 'gelu-exact': 1, 'gelu-tanh': 2 } as const;

/** One operation of the addon. Tensors in the order that its kernel documents, null where one is absent. */
interface NativeOp {
  readonly code: number;
  readonly tensors: readonly (Tensor | null)[];
  readonly sizes: readonly number[];
  readonly numbers: readonly number[];
  readonly reads: readonly Tensor[];
  readonly writes: readonly Tensor[];
}

export interface Lowered {
  /** The flat program: see native/src/program.h. */
  readonly code: Float64Array;
  readonly arenaBytes: number;
  /** Elements of the store that holds the results, and where each lies in it. */
  readonly resultElements: number;
  readonly resultOffsets: ReadonlyMap<number, number>;
  /** Names of the stores to bind, in the order of their slots. */
  readonly bindings: readonly string[];
  /** Tensors that lie in bound stores. */
  readonly bound: readonly Tensor[];
}

const floatBytes = 4;
const firstBindingSlot = 2;

/** Lowers with the fusion table, then plans. */
export function lowerProgram(program: Program, fusion: boolean): Lowered {
  const ops = applyTable(program, fusionTable, fusion).flatMap(lowerOp);

  const resultOffsets = new Map<number, number>();
  let resultElements = 0;
  for (const tensor of program.results) {
    resultOffsets.set(tensor.id, resultElements);
    resultElements += roundUp(sizeOf(tensor.shape), arenaAlignment / floatBytes);
  }
  // Results outlive the run, so they lie outside the arena.
  const plan = planArena(ops, (t) => (resultOffsets.has(t.id) ? 0 : floatBytes * sizeOf(t.shape)));

  const all = new Set(ops.flatMap((op) => op.tensors).filter((t) => t !== null));
  const bound = [...all].filter((t) => t.store !== null);
  const bindings = [...new Set(bound.map((t) => t.store as string))];
  const place = (tensor: Tensor | null): [number, number] => {
    if (tensor === null) return [-1, 0];
    if (tensor.store !== null) return [firstBindingSlot + bindings.indexOf(tensor.store), tensor.offset];
    const result = resultOffsets.get(tensor.id);
    if (result !== undefined) return [1, result];
    return [0, plan.offsets.get(tensor.id)! / floatBytes];
  };
  const code = ops.flatMap((op) => [
    op.code,
    op.tensors.length,
    ...op.tensors.flatMap(place),
    op.sizes.length,
    ...op.sizes,
    op.numbers.length,
    ...op.numbers,
  ]);
  return {
    code: Float64Array.from(code),
    arenaBytes: plan.bytes,
    resultElements,
    resultOffsets,
    bindings,
    bound,
  };
}

function roundUp(n: number, multiple: number): number {
  return Math.ceil(n / multiple) * multiple;
}

type Step = AnyOp | Fused;

function lowerOp(op: Step): NativeOp[] {
  switch (op.kind) {
    case 'gatedBackward': {
      const { outer, inner } = op;
      const pre = inner.in.pre!;
      return [
        linearBackward(outer, { pre, activation: activations[inner.attrs.activation] }),
        linearBackward({
          ...inner,
          in: { ...inner.in, pre: undefined },
          attrs: { ...inner.attrs, activation: 'none' },
        }),
      ];
    }
    case 'droppedNorm': {
      const { dropout, norm } = op;
      const fused = { ...norm, in: { ...norm.in, delta: dropout.in.x } };
      return [layerNorm(fused, dropout.attrs)];
    }
    default:
      return [lowerOne(op)];
  }
}

function lowerOne(op: AnyOp): NativeOp {
  switch (op.kind) {
    case 'embedding': {
      const { tokens, wte, wpe } = op.in;
      const sizes = [...tokens.shape, widthOf(wte), wte.shape[0], wpe?.shape[0] ?? 0];
      return native(op, codes.embedding, [tokens, wte, wpe, op.out.y], sizes);
    }
    case 'embeddingBackward': {
      const { tokens, dy } = op.in;
      const { dwte, dwpe } = op.out;
      const rows = [dwte.shape[0], dwpe?.shape[0] ?? 0];
      const sizes = [...tokens.shape, widthOf(dwte), ...rows, mode(op, 'dwte'), mode(op, 'dwpe')];
      return native(op, codes.embeddingBackward, [tokens, dy, dwte, dwpe], sizes);
    }
    case 'layerNorm':
    case 'residualLayerNorm':
      return layerNorm(op);
    case 'layerNormBackward': {
      const { x, weight, mean, rstd, dy, dresidual } = op.in;
      const { dx, dweight, dbias } = op.out;
      const tensors = [x, weight, mean, rstd, dy, dresidual, dx, dweight, dbias];
      const sizes = [rowsOf(x), widthOf(x), mode(op, 'dweight'), mode(op, 'dbias'), mode(op, 'dx')];
      return native(op, codes.layerNormBackward, tensors, sizes);
    }
    case 'rmsNorm':
    case 'residualRmsNorm': {
      const { x, weight } = op.in;
      const [delta, sum] = op.kind === 'rmsNorm' ? [undefined, undefined] : [op.in.delta, op.out.sum];
      const tensors = [x, delta, weight, sum, op.out.y, op.out.rstd];
      return native(op, codes.rmsNorm, tensors, [rowsOf(x), widthOf(x)], [op.attrs.epsilon]);
    }
    case 'rmsNormBackward': {
      const { x, weight, rstd, dy, dresidual } = op.in;
      const { dx, dweight } = op.out;
      const sizes = [rowsOf(x), widthOf(x), mode(op, 'dweight')];
      return native(op, codes.rmsNormBackward, [x, weight, rstd, dy, dresidual, dx, dweight], sizes);
    }
    case 'add':
      return native(op, codes.add, [op.in.a, op.in.b, op.out.y], [sizeOf(op.out.y.shape)]);
    case 'swiglu':
      return native(op, codes.swiglu, [op.in.gate, op.in.up, op.out.y], [sizeOf(op.out.y.shape)]);
    case 'swigluBackward': {
      const { gate, up, dy } = op.in;
      const sizes = [sizeOf(dy.shape), mode(op, 'dgate'), mode(op, 'dup')];
      return native(op, codes.swigluBackward, [gate, up, dy, op.out.dgate, op.out.dup], sizes);
    }
    case 'rotary': {
      const { q, k, v } = op.in;
      return native(op, codes.rotary, [q, k, v, op.out.qkv], rotarySizes(op, op.out.qkv), op.attrs.frequencies);
    }
    case 'rotaryBackward': {
      const { dq, dk, dv } = op.out;
      const sizes = [...rotarySizes(op, op.in.dqkv), mode(op, 'dq'), mode(op, 'dk'), mode(op, 'dv')];
      return native(op, codes.rotaryBackward, [op.in.dqkv, dq, dk, dv], sizes, op.attrs.frequencies);
    }
    case 'linear': {
      const { x, weight, bias } = op.in;
      const sizes = [rowsOf(x), ...sidesOf(op), activations[op.attrs.activation]];
      const code = op.attrs.transposed ? codes.linearRows : codes.linear;
      return native(op, code, [x, weight, bias, op.out.y, op.out.pre], sizes);
    }
    case 'linearBackward':
      return linearBackward(op);
    case 'attention':
    case 'attentionBackward': {
      const { heads, scale, dropout, stream } = op.attrs;
      const { qkv } = op.in;
      const sizes = [qkv.shape[0], qkv.shape[1], widthOf(qkv) / 3, heads, stream, mode(op, 'dqkv')];
      const tensors =
        op.kind === 'attention' ? [qkv, op.out.y, op.out.lse] : [qkv, op.in.y, op.in.lse, op.in.dy, op.out.dqkv];
      return native(op, codes[op.kind], tensors, sizes, [scale, dropout]);
    }
    case 'cachedAttention': {
      const { qkv, keys, values } = op.in;
      const sizes = [qkv.shape[0], qkv.shape[1], widthOf(qkv) / 3, op.attrs.heads, keys.shape[2]];
      return native(op, codes.cachedAttention, [qkv, keys, values, op.out.y], sizes, [op.attrs.scale]);
    }
    case 'dropout':
      return dropout(op, op.in.x, op.out.y);
    case 'dropoutBackward':
      return dropout(op, op.in.dy, op.out.dx);
    case 'classifierLoss': {
      const { x, weight, targets } = op.in;
      const sizes = classifierSizes(op, x, weight);
      return native(op, codes.classifierLoss, [x, weight, targets, op.out.losses], sizes);
    }
    case 'classifierLossTrain': {
      const { x, weight, targets } = op.in;
      const { losses, dx, dweight } = op.out;
      const sizes = [...classifierSizes(op, x, weight), mode(op, 'dx'), mode(op, 'dweight')];
      return native(op, codes.classifierLossTrain, [x, weight, targets, losses, dx, dweight], sizes);
    }
    case 'classifierLogits': {
      const { x, weight } = op.in;
      return native(op, codes.classifierLogits, [x, weight, op.out.logits], classifierSizes(op, x, weight));
    }
    case 'lastPosition':
      return native(op, codes.lastPosition, [op.in.x, op.out.y], op.in.x.shape);
    case 'recordLoss':
      return native(op, codes.recordLoss, [op.in.losses, op.in.ring], [sizeOf(op.in.losses.shape)]);
    case 'adamw': {
      const { parameters, gradients, m, v, counters, ring } = op.in;
      const { beta1, beta2, epsilon, weightDecay, clip, decay } = op.attrs;
      const sizes = [sizeOf(parameters.shape), decay.length, ...decay.flat()];
      const numbers = [beta1, beta2, epsilon, weightDecay, clip];
      return native(op, codes.adamw, [parameters, gradients, m, v, counters, ring], sizes, numbers);
    }
    case 'scheduleFree': {
      const { parameters, gradients, z, v, point, counters, ring } = op.in;
      const { beta, beta2, epsilon, weightDecay, clip, decay } = op.attrs;
      const sizes = [sizeOf(parameters.shape), decay.length, ...decay.flat()];
      const numbers = [beta, beta2, epsilon, weightDecay, clip];
      return native(op, codes.scheduleFree, [parameters, gradients, z, v, point, counters, ring], sizes, numbers);
    }
  }
}

/** Channels in and out. */
function sidesOf({ in: { weight }, attrs }: Op<'linear'> | Op<'linearBackward'>): readonly number[] {
  return attrs.transposed ? [...weight.shape].reverse() : weight.shape;
}

function rotarySizes({ attrs }: Op<'rotary'> | Op<'rotaryBackward'>, qkv: Tensor): number[] {
  const [batch, time, triple] = qkv.shape;
  const { heads, groups, frequencies } = attrs;
  return [batch, time, heads, groups, triple / (3 * heads), frequencies.length];
}

function native(
  op: AnyOp,
  code: number,
  tensors: readonly (Tensor | undefined)[],
  sizes: readonly number[],
  numbers: readonly number[] = [],
): NativeOp {
  return { code, tensors: tensors.map((t) => t ?? null), sizes, numbers, reads: readsOf(op), writes: writesOf(op) };
}

function mode(op: AnyOp, output: string): number {
  return modes[op.writes[output] ?? ('overwrite' as WriteMode | 'overwrite')];
}

function layerNorm(
  op: Op<'layerNorm'> | Op<'residualLayerNorm'>,
  dropped: { rate: number; stream: number } = { rate: 0, stream: 0 },
): NativeOp {
  const { x, weight, bias } = op.in;
  const { y, mean, rstd } = op.out;
  const delta = 'delta' in op.in ? op.in.delta : undefined;
  const sum = 'sum' in op.out ? op.out.sum : undefined;
  const sizes = [rowsOf(x), widthOf(x), dropped.stream];
  return native(op as AnyOp, codes.layerNorm, [x, delta, weight, bias, sum, y, mean, rstd], sizes, [
    op.attrs.epsilon,
    dropped.rate,
  ]);
}

/** `gate`: dx is multiplied by the slope of an activation at `pre` as it is written. */
function linearBackward(op: Op<'linearBackward'>, gate?: { pre: Tensor; activation: number }): NativeOp {
  const { x, weight, dy, pre } = op.in;
  const { dx, dweight, dbias } = op.out;
  const tensors = [x, weight, dy, pre, dx, dweight, dbias, gate?.pre];
  const as = op as AnyOp;
  const sizes = [
    rowsOf(x),
    ...sidesOf(op),
    activations[op.attrs.activation],
    mode(as, 'dx'),
    mode(as, 'dweight'),
    mode(as, 'dbias'),
    gate?.activation ?? 0,
  ];
  const code = op.attrs.transposed ? codes.linearRowsBackward : codes.linearBackward;
  const lowered = native(as, code, tensors, sizes);
  return gate ? { ...lowered, reads: [...lowered.reads, gate.pre] } : lowered;
}

function dropout(op: Op<'dropout'> | Op<'dropoutBackward'>, from: Tensor, to: Tensor): NativeOp {
  const sizes = [sizeOf(from.shape), op.attrs.stream, mode(op as AnyOp, 'dx')];
  return native(op as AnyOp, codes.dropout, [from, to], sizes, [op.attrs.rate]);
}

function classifierSizes(op: { attrs: { vocab: number } }, x: Tensor, weight: Tensor): number[] {
  return [rowsOf(x), widthOf(x), weight.shape[0], op.attrs.vocab];
}
