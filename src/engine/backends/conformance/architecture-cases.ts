/** Trials of what GPT-NeoX and Llama need beside GPT-2's operations: forward, and backward fed by what the forward saved. */
import type { AnyOp } from '../../program/types.ts';
import { programOf, type Trial, Workbench } from './bench.ts';

const epsilon = 1e-5;
const overwriteThenAdd = [{ accumulate: 0 }, { accumulate: 1 }] as const;
/** Of a batch that starts in the middle of a text. */
const later = [{ position: 0 }, { position: 37 }] as const;

function embedding(batch: number, time: number, vocab: number, width: number): Trial {
  const w = new Workbench();
  const tokens = w.input('tokens', [batch, time], 'i32');
  const wte = w.parameter('wte', [vocab, width]);
  const dy = w.input('dy', [batch, time, width]);
  return {
    name: `embedding without positions [${batch},${time},${width}]`,
    program: programOf(
      'embedding',
      {
        kind: 'embedding',
        in: { tokens, wte },
        out: { y: w.activation('y', [batch, time, width]) },
        attrs: {},
        writes: {},
      },
      {
        kind: 'embeddingBackward',
        in: { tokens, dy },
        out: { dwte: w.gradient(wte) },
        attrs: {},
        writes: { dwte: 'first' },
      },
    ),
    bounds: { tokens: vocab },
    runs: overwriteThenAdd,
  };
}

function rmsNorm(rows: readonly number[], width: number, residual: boolean, twice: boolean): Trial {
  const w = new Workbench();
  const x = w.input('x', [...rows, width]);
  const weight = w.parameter('weight', [width]);
  const rstd = w.activation('rstd', [rows.reduce((a, b) => a * b, 1)]);
  const y = w.activation('y', x.shape);
  const sum = w.activation('sum', x.shape);
  const dresidual = twice ? w.input('dresidual', x.shape) : undefined;
  const forward: AnyOp = residual
    ? {
        kind: 'residualRmsNorm',
        in: { x, delta: w.input('delta', x.shape), weight },
        out: { sum, y, rstd },
        attrs: { epsilon },
        writes: {},
      }
    : { kind: 'rmsNorm', in: { x, weight }, out: { y, rstd }, attrs: { epsilon }, writes: {} };
  return {
    name: `${forward.kind} [${x.shape}]${twice ? ' dresidual' : ''}`,
    program: programOf(forward.kind, forward, {
      kind: 'rmsNormBackward',
      in: { x: residual ? sum : x, weight, rstd, dy: w.input('dy', x.shape), dresidual },
      out: { dx: w.activation('dx', x.shape), dweight: w.gradient(weight) },
      attrs: {},
      writes: { dweight: 'first' },
    }),
    runs: overwriteThenAdd,
  };
}

function gated(shape: readonly number[]): Trial {
  const w = new Workbench();
  const gate = w.input('gate', shape);
  const up = w.input('up', shape);
  const out = { dgate: w.activation('dgate', shape), dup: w.activation('dup', shape) };
  const backward: AnyOp = {
    kind: 'swigluBackward',
    in: { gate, up, dy: w.input('dy', shape) },
    out,
    attrs: {},
    writes: {},
  };
  return {
    name: `swiglu and add [${shape}]`,
    program: programOf(
      'swiglu',
      { kind: 'swiglu', in: { gate, up }, out: { y: w.activation('y', shape) }, attrs: {}, writes: {} },
      { kind: 'add', in: { a: gate, b: up }, out: { y: w.activation('sum', shape) }, attrs: {}, writes: {} },
      backward,
      { ...backward, writes: { dgate: 'add', dup: 'add' } },
    ),
  };
}

function rotary(
  batch: number,
  time: number,
  depth: number,
  { heads, groups, turned }: { heads: number; groups: number | null; turned: number },
): Trial {
  const w = new Workbench();
  const frequencies = Array.from({ length: turned }, (_, i) => Math.fround(0.9 / (1 + i)));
  const attrs = { heads, groups: groups ?? heads, frequencies };
  const all = [batch, time, 3 * heads * depth];
  const q = w.input('q', groups ? [batch, time, heads * depth] : all);
  const k = groups ? w.input('k', [batch, time, groups * depth]) : undefined;
  const v = groups ? w.input('v', [batch, time, groups * depth]) : undefined;
  const backward: AnyOp = {
    kind: 'rotaryBackward',
    in: { dqkv: w.input('dqkv', all) },
    out: {
      dq: w.activation('dq', q.shape),
      dk: k && w.activation('dk', k.shape),
      dv: v && w.activation('dv', v.shape),
    },
    attrs,
    writes: {},
  };
  return {
    name: `rotary ${batch} × ${time}, ${heads} heads of ${depth} over ${groups ?? 'one tensor'}, ${turned} frequencies`,
    program: programOf(
      'rotary',
      { kind: 'rotary', in: { q, k, v }, out: { qkv: w.activation('qkv', all) }, attrs, writes: {} },
      backward,
      { ...backward, writes: { dq: 'add', ...(groups && ({ dk: 'add', dv: 'add' } as const)) } },
    ),
    runs: later,
  };
}

function linear(
  rows: readonly number[],
  from: number,
  to: number,
  activation: 'none' | 'gelu-exact' | 'gelu-tanh',
  biased: boolean,
): Trial {
  const w = new Workbench();
  const x = w.input('x', [...rows, from]);
  const weight = w.parameter('weight', [to, from]);
  const bias = biased ? w.parameter('bias', [to]) : undefined;
  const pre = activation === 'none' ? undefined : w.activation('pre', [...rows, to]);
  const attrs = { activation, transposed: true };
  const backward: AnyOp = {
    kind: 'linearBackward',
    in: { x, weight, dy: w.input('dy', [...rows, to]), pre },
    out: { dx: w.activation('dx', x.shape), dweight: w.gradient(weight), dbias: bias && w.gradient(bias) },
    attrs,
    writes: { dweight: 'first', ...(bias && { dbias: 'first' as const }) },
  };
  const again: AnyOp = { ...backward, writes: { dx: 'add', dweight: 'add', ...(bias && { dbias: 'add' as const }) } };
  return {
    name: `linear [${x.shape}] → ${to} by rows, ${activation}${biased ? ', bias' : ''}`,
    program: programOf(
      'linear',
      {
        kind: 'linear',
        in: { x, weight, bias },
        out: { y: w.activation('y', [...rows, to]), pre },
        attrs,
        writes: {},
      },
      backward,
      again,
    ),
    runs: overwriteThenAdd,
  };
}

export const architectureTrials: readonly Trial[] = [
  embedding(2, 5, 11, 33),
  rmsNorm([5], 7, false, false),
  rmsNorm([3, 11], 33, true, true),
  rmsNorm([67], 130, false, true),
  rmsNorm([2, 300], 65, true, false),
  gated([3, 7]),
  gated([2, 41, 259]),
  rotary(2, 5, 6, { heads: 3, groups: null, turned: 1 }),
  rotary(1, 19, 33, { heads: 2, groups: null, turned: 16 }),
  rotary(2, 7, 8, { heads: 6, groups: 2, turned: 4 }),
  rotary(1, 3, 64, { heads: 4, groups: 1, turned: 32 }),
  rotary(3, 4, 5, { heads: 2, groups: 2, turned: 2 }),
  linear([5], 7, 9, 'none', true),
  linear([1], 33, 1, 'gelu-exact', true),
  linear([2, 4], 130, 67, 'gelu-tanh', false),
  linear([2, 19], 39, 131, 'gelu-exact', true),
  linear([67], 130, 259, 'none', false),
];
