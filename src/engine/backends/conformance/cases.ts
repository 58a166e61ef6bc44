/** One trial per operation and odd shape: forward, and backward fed by what the forward saved. */
import type { AnyOp } from '../../program/types.ts';
import { programOf, type Trial, Workbench } from './bench.ts';

const epsilon = 1e-5;
/** What a first and a second micro-batch ask of gradients. */
const overwriteThenAdd = [{ accumulate: 0 }, { accumulate: 1 }] as const;

function embedding(batch: number, time: number, vocab: number, width: number, position: number): Trial {
  const w = new Workbench();
  const tokens = w.input('tokens', [batch, time], 'i32');
  const wte = w.parameter('wte', [vocab, width]);
  const wpe = w.parameter('wpe', [time + position + 1, width]);
  const y = w.activation('y', [batch, time, width]);
  const dy = w.input('dy', [batch, time, width]);
  const dwte = w.gradient(wte);
  const dwpe = w.gradient(wpe);
  const ops: AnyOp[] = [
    { kind: 'embedding', in: { tokens, wte, wpe }, out: { y }, attrs: {}, writes: {} },
    // Tied embeddings: the classifier wrote dwte before.
    {
      kind: 'embeddingBackward',
      in: { tokens, dy },
      out: { dwte, dwpe },
      attrs: {},
      writes: { dwte: position ? 'add' : 'first', dwpe: 'first' },
    },
  ];
  return {
    name: `embedding [${batch},${time},${width}] of ${vocab} at ${position}`,
    program: programOf('embedding', ...(position ? ops.slice(0, 1) : ops)),
    bounds: { tokens: vocab },
    runs: overwriteThenAdd.map((scalars) => ({ ...scalars, position })),
  };
}

function layerNorm(rows: readonly number[], width: number, biased: boolean, residual: boolean, twice: boolean): Trial {
  const w = new Workbench();
  const x = w.input('x', [...rows, width]);
  const weight = w.parameter('weight', [width]);
  const bias = biased ? w.parameter('bias', [width]) : undefined;
  const count = rows.reduce((a, b) => a * b, 1);
  const saved = { mean: w.activation('mean', [count]), rstd: w.activation('rstd', [count]) };
  const y = w.activation('y', x.shape);
  const sum = w.activation('sum', x.shape);
  const dy = w.input('dy', x.shape);
  const dresidual = twice ? w.input('dresidual', x.shape) : undefined;
  const dx = w.activation('dx', x.shape);
  const forward: AnyOp = residual
    ? {
        kind: 'residualLayerNorm',
        in: { x, delta: w.input('delta', x.shape), weight, bias },
        out: { sum, y, ...saved },
        attrs: { epsilon },
        writes: {},
      }
    : { kind: 'layerNorm', in: { x, weight, bias }, out: { y, ...saved }, attrs: { epsilon }, writes: {} };
  const backward: AnyOp = {
    kind: 'layerNormBackward',
    in: { x: residual ? sum : x, weight, dy, dresidual, ...saved },
    out: { dx, dweight: w.gradient(weight), dbias: bias && w.gradient(bias) },
    attrs: {},
    writes: { dweight: 'first', ...(bias && { dbias: 'first' as const }) },
  };
  const options = [biased && 'bias', twice && 'dresidual'].filter(Boolean).join(', ');
  return {
    name: `${forward.kind} [${x.shape}] ${options}`,
    program: programOf(forward.kind, forward, backward),
    runs: overwriteThenAdd,
  };
}

function linear(
  rows: readonly number[],
  from: number,
  to: number,
  activation: 'none' | 'gelu-exact' | 'gelu-tanh',
  biased: boolean,
  addDx = false,
): Trial {
  const w = new Workbench();
  const x = w.input('x', [...rows, from]);
  const weight = w.parameter('weight', [from, to]);
  const bias = biased ? w.parameter('bias', [to]) : undefined;
  const y = w.activation('y', [...rows, to]);
  const pre = activation === 'none' ? undefined : w.activation('pre', [...rows, to]);
  const dy = w.input('dy', [...rows, to]);
  const dx = w.activation('dx', x.shape);
  const backward: AnyOp = {
    kind: 'linearBackward',
    in: { x, weight, dy, pre },
    out: { dx, dweight: w.gradient(weight), dbias: bias && w.gradient(bias) },
    attrs: { activation },
    writes: { dweight: 'first', ...(bias && { dbias: 'first' as const }) },
  };
  const again: AnyOp = { ...backward, writes: { dx: 'add', dweight: 'add', ...(bias && { dbias: 'add' as const }) } };
  return {
    name: `linear [${x.shape}] → ${to} ${activation}${biased ? ', bias' : ''}${addDx ? ', dx added' : ''}`,
    program: programOf(
      'linear',
      { kind: 'linear', in: { x, weight, bias }, out: { y, pre }, attrs: { activation }, writes: {} },
      backward,
      ...(addDx ? [again] : []),
    ),
    runs: overwriteThenAdd,
  };
}

function attention(batch: number, heads: number, time: number, depth: number, dropout: number): Trial {
  const w = new Workbench();
  const width = heads * depth;
  const qkv = w.input('qkv', [batch, time, 3 * width]);
  const y = w.activation('y', [batch, time, width]);
  const lse = w.activation('lse', [batch, heads, time]);
  const dy = w.input('dy', [batch, time, width]);
  const dqkv = w.activation('dqkv', qkv.shape);
  const attrs = { heads, scale: 0.7 / Math.sqrt(depth), dropout, stream: 1004 };
  return {
    name: `attention ${batch} × ${heads} heads × ${time} × ${depth}, dropout ${dropout}`,
    program: programOf(
      'attention',
      { kind: 'attention', in: { qkv }, out: { y, lse }, attrs, writes: {} },
      { kind: 'attentionBackward', in: { qkv, y, lse, dy }, out: { dqkv }, attrs, writes: {} },
    ),
    runs: [{ seed: 0xfedcba98, step: 70_000, microBatch: 3 }],
  };
}

function cachedAttention(batch: number, heads: number, room: number, depth: number, time: number): Trial {
  const w = new Workbench();
  const width = heads * depth;
  const qkv = w.input('qkv', [batch, time, 3 * width]);
  const keys = w.persistent('keys', [batch, heads, room, depth]);
  const values = w.persistent('values', [batch, heads, room, depth]);
  const y = w.activation('y', [batch, time, width]);
  const attrs = { heads, scale: 1 / Math.sqrt(depth) };
  return {
    name: `cachedAttention ${batch} × ${heads} heads × ${time} of ${room} × ${depth}`,
    program: programOf('cached', { kind: 'cachedAttention', in: { qkv, keys, values }, out: { y }, attrs, writes: {} }),
    runs: [{ position: 0 }, { position: time }, { position: room - time }],
  };
}

function dropout(shape: readonly number[], rate: number): Trial {
  const w = new Workbench();
  const x = w.input('x', shape);
  const y = w.activation('y', shape);
  const dy = w.input('dy', shape);
  const dx = w.activation('dx', shape);
  const attrs = { rate, stream: 1002 };
  return {
    name: `dropout [${shape}] ${rate}`,
    program: programOf(
      'dropout',
      { kind: 'dropout', in: { x }, out: { y }, attrs, writes: {} },
      { kind: 'dropoutBackward', in: { dy }, out: { dx }, attrs, writes: {} },
      { kind: 'dropoutBackward', in: { dy: x }, out: { dx }, attrs: { rate: 0, stream: 0 }, writes: { dx: 'add' } },
    ),
    runs: [{ seed: 1, step: 2, microBatch: 3 }],
  };
}

function classifier(rows: readonly number[], width: number, padded: number, vocab: number): Trial {
  const w = new Workbench();
  const count = rows.reduce((a, b) => a * b, 1);
  const x = w.input('x', [...rows, width]);
  const weight = w.parameter('weight', [padded, width]);
  const targets = w.input('targets', [count], 'i32');
  const inputs = { x, weight, targets };
  const attrs = { vocab };
  const dweight = w.gradient(weight);
  return {
    name: `classifier [${x.shape}] → ${vocab} of ${padded}`,
    program: programOf(
      'classifier',
      { kind: 'classifierLoss', in: inputs, out: { losses: w.activation('losses', [count]) }, attrs, writes: {} },
      {
        kind: 'classifierLossTrain',
        in: inputs,
        out: { losses: w.activation('train losses', [count]), dx: w.activation('dx', x.shape), dweight },
        attrs,
        writes: { dweight: 'first' },
      },
      {
        kind: 'classifierLogits',
        in: { x, weight },
        out: { logits: w.activation('logits', [count, vocab]) },
        attrs,
        writes: {},
      },
    ),
    bounds: { targets: vocab },
    runs: overwriteThenAdd.map((scalars) => ({ ...scalars, lossScale: 0.25 })),
  };
}

function lastPosition(batch: number, time: number, width: number): Trial {
  const w = new Workbench();
  const x = w.input('x', [batch, time, width]);
  const y = w.activation('y', [batch, width]);
  return {
    name: `lastPosition [${x.shape}]`,
    program: programOf('last', { kind: 'lastPosition', in: { x }, out: { y }, attrs: {}, writes: {} }),
  };
}

function recordLoss(rows: number): Trial {
  const w = new Workbench();
  const ring = w.persistent('ring', [3, 4]);
  return {
    name: `recordLoss of ${rows}`,
    program: programOf('record', {
      kind: 'recordLoss',
      in: { losses: w.input('losses', [rows]), ring },
      out: {},
      attrs: {},
      writes: {},
    }),
    runs: [
      { ringSlot: 1, accumulate: 0, lossScale: 0.5 },
      { ringSlot: 1, accumulate: 1, lossScale: 0.5 },
      { ringSlot: 2, accumulate: 0, lossScale: 1 },
    ],
  };
}

export const operationTrials: readonly Trial[] = [
  embedding(2, 5, 11, 7, 0),
  embedding(3, 17, 4, 65, 0),
  embedding(1, 1, 9, 130, 4),
  layerNorm([5], 7, true, false, false),
  layerNorm([3, 11], 33, false, false, true),
  layerNorm([1], 1, true, false, true),
  layerNorm([2, 3], 771, true, true, true),
  layerNorm([67], 130, false, true, false),
  linear([5], 7, 9, 'none', true),
  linear([1], 3, 1, 'gelu-exact', true),
  linear([3, 11], 65, 17, 'gelu-exact', false),
  linear([2, 19], 39, 131, 'gelu-tanh', true),
  linear([67], 130, 259, 'none', false),
  linear([128], 64, 192, 'gelu-exact', true),
  linear([4, 9], 20, 33, 'none', true, true),
  attention(2, 3, 5, 4, 0),
  attention(1, 1, 1, 8, 0),
  attention(2, 2, 67, 33, 0),
  attention(1, 2, 130, 64, 0),
  attention(2, 2, 37, 5, 0.3),
  attention(1, 2, 150, 32, 0.2),
  cachedAttention(2, 3, 11, 5, 3),
  cachedAttention(1, 2, 70, 33, 1),
  dropout([7, 13], 0.2),
  dropout([3, 5, 33], 0.5),
  classifier([5], 7, 11, 9),
  classifier([2, 17], 20, 130, 127),
  classifier([1], 3, 5, 5),
  classifier([70], 33, 515, 500),
  lastPosition(3, 5, 7),
  lastPosition(1, 1, 33),
  recordLoss(1),
  recordLoss(37),
];
