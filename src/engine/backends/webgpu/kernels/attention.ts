/**
 * Causal attention in one pass over the keys (Dao et al. 2022): scores are never whole. A thread holds one row, tiles
 * of the other side lie in workgroup memory. The backward pass goes over rows of queries for dq and over rows of keys
 * for dk and dv, so that every sum has a fixed order and nothing is added into by two threads.
 */
import type { Op } from '../../../program/types.ts';
import { dropoutThreshold } from '../../../random.ts';
import { addsFunction, flat, gridOf, perElement, type Shader, type Spread, spread } from '../wgsl.ts';
import { type Dispatch, modeOf, type Settings, type Space } from './dispatch.ts';
import { randomFunctions } from './random.ts';

/** Rows of a workgroup, one a thread. */
const rowsPerGroup = 64;

const numbers = {
  batch: 'u32',
  time: 'u32',
  heads: 'u32',
  scale: 'f32',
  threshold: 'u32',
  kept: 'f32',
  stream: 'u32',
  mode: 'u32',
} as const;

/** Rows of a tile of two tensors of `depth` channels that workgroup memory holds. */
function tileRows(depth: number, workgroupBytes: number): number {
  return Math.max(1, Math.min(rowsPerGroup, Math.floor((workgroupBytes - 1024) / (8 * depth))));
}

/** Where a row of q, k or v begins. Head and batch come from the group. */
const places = (depth: number) => `
const depth = ${depth}u;
fn rowAt(b: u32, t: u32, third: u32, h: u32) -> u32 {
  let width = p.heads * depth;
  return (b * p.time + t) * 3u * width + third * width + h * depth;
}
fn outAt(b: u32, t: u32, h: u32) -> u32 { return ((b * p.time + t) * p.heads + h) * depth; }`;

const keep = (drops: boolean) =>
  drops
    ? `${randomFunctions}
fn keep(b: u32, h: u32, i: u32, j: u32) -> f32 {
  let element = ((b * p.heads + h) * p.time + i) * p.time + j;
  return select(0.0, p.kept, randomWord(p.stream, element) >= p.threshold);
}`
    : 'fn keep(b: u32, h: u32, i: u32, j: u32) -> f32 { return 1.0; }';

/** Where the loops find the other side's rows: in workgroup memory, or where they are. Software is slow at barriers. */
interface Sides {
  readonly rows: number;
  readonly memory: string;
  /** Loads tile rows [base, base + rows). */
  readonly load: string;
  /** What of the two tensors an index of a row and a channel `d` finds. */
  readonly one: string;
  readonly two: string;
}

/** `first` and `second` give the place of row `t`, up to its channel. */
function sides(depth: number, workgroupBytes: number, staged: boolean, first: string, second: string): Sides {
  if (!staged) {
    const at = (place: string) => `${place} + d]`;
    return { rows: 1 << 24, memory: '', load: '', one: at(first), two: at(second) };
  }
  const rows = tileRows(depth, workgroupBytes);
  return {
    rows,
    memory: tileMemory(depth, rows),
    load: stage(depth, rows, first, second),
    one: 'one[(t - base) * depth + d]',
    two: 'two[(t - base) * depth + d]',
  };
}

const stage = (depth: number, rows: number, first: string, second: string) => `
    workgroupBarrier();
    for (var e = lane; e < ${rows * depth}u; e += ${rowsPerGroup}u) {
      let t = base + e / depth;
      if (t < p.time) {
        one[e] = ${first} + e % depth];
        two[e] = ${second} + e % depth];
      }
    }
    workgroupBarrier();`;

const tileMemory = (depth: number, rows: number) => `
var<workgroup> one: array<f32, ${depth * rows}>;
var<workgroup> two: array<f32, ${depth * rows}>;`;

const coordinates = `
  let b = group.y / p.heads;
  let h = group.y % p.heads;
  let start = group.x * ${rowsPerGroup}u;
  let row = start + lane;
  let inside = row < p.time;`;

function forwardShader(depth: number, drops: boolean, workgroupBytes: number, staged: boolean): Shader {
  const side = sides(depth, workgroupBytes, staged, 'qkv[rowAt(b, t, 1u, h)', 'qkv[rowAt(b, t, 2u, h)');
  return {
    name: `${staged ? 'staged ' : ''}attention of ${depth}${drops ? ', dropout' : ''}`,
    slots: [{ name: 'qkv' }, { name: 'y', writes: true }, { name: 'lse', writes: true }],
    numbers,
    workgroup: [rowsPerGroup, 1, 1],
    declarations: places(depth) + keep(drops) + side.memory,
    body: `${coordinates}
  var q: array<f32, depth>;
  var sums: array<f32, depth>;
  if (inside) { for (var d = 0u; d < depth; d++) { q[d] = qkv[rowAt(b, row, 0u, h) + d] * p.scale; } }
  var top = -3.0e38;
  var total = 0.0;
  let end = min(start + ${rowsPerGroup}u, p.time);
  for (var base = 0u; base < end; base += ${side.rows}u) {
    ${side.load}
    if (inside) {
      for (var t = base; t < min(base + ${side.rows}u, row + 1u); t++) {
        var score = 0.0;
        for (var d = 0u; d < depth; d++) { score += q[d] * ${side.one}; }
        if (score > top) {
          let shrink = exp(top - score);
          top = score;
          total *= shrink;
          for (var d = 0u; d < depth; d++) { sums[d] *= shrink; }
        }
        let weight = exp(score - top);
        total += weight;
        let kept = weight * keep(b, h, row, t);
        for (var d = 0u; d < depth; d++) { sums[d] += kept * ${side.two}; }
      }
    }
  }
  if (inside) {
    for (var d = 0u; d < depth; d++) { y[outAt(b, row, h) + d] = sums[d] / total; }
    lse[group.y * p.time + row] = top + log(total);
  }`,
  };
}

/** rowSums = dy · y by row and head: what every probability's gradient loses. */
const commonShader: Shader = {
  name: "attention's row sums",
  slots: [{ name: 'y' }, { name: 'dy' }, { name: 'rowSums', writes: true }],
  numbers: { rows: 'u32', time: 'u32', heads: 'u32', depth: 'u32' },
  workgroup: [flat, 1, 1],
  body: `${perElement('p.rows')}
  let at = i * p.depth;
  var dot = 0.0;
  for (var d = 0u; d < p.depth; d++) { dot += y[at + d] * dy[at + d]; }
  let h = i % p.heads;
  let t = i / p.heads;
  rowSums[((t / p.time) * p.heads + h) * p.time + t % p.time] = dot;`,
};

function queryShader(depth: number, drops: boolean, workgroupBytes: number, staged: boolean): Shader {
  const side = sides(depth, workgroupBytes, staged, 'qkv[rowAt(b, t, 1u, h)', 'qkv[rowAt(b, t, 2u, h)');
  return {
    name: `${staged ? 'staged ' : ''}attention's query gradient of ${depth}${drops ? ', dropout' : ''}`,
    slots: [{ name: 'qkv' }, { name: 'lse' }, { name: 'dy' }, { name: 'rowSums' }, { name: 'dqkv', writes: true }],
    numbers,
    workgroup: [rowsPerGroup, 1, 1],
    declarations: places(depth) + keep(drops) + side.memory + addsFunction,
    body: `${coordinates}
  var q: array<f32, depth>;
  var dout: array<f32, depth>;
  var sums: array<f32, depth>;
  var logTotal = 0.0;
  var rowSum = 0.0;
  if (inside) {
    for (var d = 0u; d < depth; d++) {
      q[d] = qkv[rowAt(b, row, 0u, h) + d] * p.scale;
      dout[d] = dy[outAt(b, row, h) + d];
    }
    logTotal = lse[group.y * p.time + row];
    rowSum = rowSums[group.y * p.time + row];
  }
  let end = min(start + ${rowsPerGroup}u, p.time);
  for (var base = 0u; base < end; base += ${side.rows}u) {
    ${side.load}
    if (inside) {
      for (var t = base; t < min(base + ${side.rows}u, row + 1u); t++) {
        var score = 0.0;
        var dp = 0.0;
        for (var d = 0u; d < depth; d++) { score += q[d] * ${side.one}; dp += dout[d] * ${side.two}; }
        let ds = exp(score - logTotal) * (keep(b, h, row, t) * dp - rowSum) * p.scale;
        for (var d = 0u; d < depth; d++) { sums[d] += ds * ${side.one}; }
      }
    }
  }
  if (inside) {
    for (var d = 0u; d < depth; d++) {
      let at = rowAt(b, row, 0u, h) + d;
      var value = sums[d];
      if (adds()) { value = dqkv[at] + value; }
      dqkv[at] = value;
    }
  }`,
  };
}

function keyShader(depth: number, drops: boolean, workgroupBytes: number, staged: boolean): Shader {
  const side = sides(depth, workgroupBytes, staged, 'qkv[rowAt(b, t, 0u, h)', 'dy[outAt(b, t, h)');
  return {
    name: `${staged ? 'staged ' : ''}attention's key and value gradient of ${depth}${drops ? ', dropout' : ''}`,
    slots: [{ name: 'qkv' }, { name: 'lse' }, { name: 'dy' }, { name: 'rowSums' }, { name: 'dqkv', writes: true }],
    numbers,
    workgroup: [rowsPerGroup, 1, 1],
    declarations: places(depth) + keep(drops) + side.memory + addsFunction,
    body: `${coordinates}
  var k: array<f32, depth>;
  var v: array<f32, depth>;
  var dk: array<f32, depth>;
  var dv: array<f32, depth>;
  if (inside) {
    for (var d = 0u; d < depth; d++) {
      k[d] = qkv[rowAt(b, row, 1u, h) + d] * p.scale;
      v[d] = qkv[rowAt(b, row, 2u, h) + d];
    }
  }
  for (var base = start; base < p.time; base += ${side.rows}u) {
    ${side.load}
    if (inside) {
      for (var t = max(base, row); t < min(base + ${side.rows}u, p.time); t++) {
        var score = 0.0;
        var dp = 0.0;
        for (var d = 0u; d < depth; d++) { score += k[d] * ${side.one}; dp += v[d] * ${side.two}; }
        let probability = exp(score - lse[group.y * p.time + t]);
        let kept = keep(b, h, t, row);
        let ds = probability * (kept * dp - rowSums[group.y * p.time + t]) * p.scale;
        for (var d = 0u; d < depth; d++) {
          dk[d] += ds * ${side.one};
          dv[d] += probability * kept * ${side.two};
        }
      }
    }
  }
  if (inside) {
    for (var d = 0u; d < depth; d++) {
      let atKey = rowAt(b, row, 1u, h) + d;
      let atValue = rowAt(b, row, 2u, h) + d;
      var key = dk[d];
      var value = dv[d];
      if (adds()) { key = dqkv[atKey] + key; value = dqkv[atValue] + value; }
      dqkv[atKey] = key;
      dqkv[atValue] = value;
    }
  }`,
  };
}

function sizesOf(op: Op<'attention'> | Op<'attentionBackward'> | Op<'cachedAttention'>) {
  const [batch, time, triple] = op.in.qkv.shape;
  const { heads, scale } = op.attrs;
  return { batch, time, heads, scale, depth: triple / 3 / heads };
}

function numbersOf(op: Op<'attention'> | Op<'attentionBackward'>, mode: number) {
  const { batch, time, heads, scale } = sizesOf(op);
  const { dropout, stream } = op.attrs;
  return { batch, time, heads, scale, threshold: dropoutThreshold(dropout), kept: 1 / (1 - dropout), stream, mode };
}

export function attention(op: Op<'attention'>, { workgroupBytes, tiles }: Settings): Dispatch[] {
  const { batch, time, heads, depth } = sizesOf(op);
  return [
    {
      shader: forwardShader(depth, op.attrs.dropout > 0, workgroupBytes, tiles.staged),
      operands: { qkv: op.in.qkv, y: op.out.y, lse: op.out.lse },
      numbers: numbersOf(op, 0),
      grid: [Math.ceil(time / rowsPerGroup), batch * heads, 1],
    },
  ];
}

export function attentionBackward(
  op: Op<'attentionBackward'>,
  space: Space,
  { workgroupBytes, tiles }: Settings,
): Dispatch[] {
  const { batch, time, heads, depth } = sizesOf(op);
  const { qkv, y, lse, dy } = op.in;
  const rowSums = space.take(batch * heads * time);
  const rows = batch * heads * time;
  const shared = {
    operands: { qkv, lse, dy, rowSums, dqkv: op.out.dqkv },
    numbers: numbersOf(op, modeOf(op as never, 'dqkv')),
    grid: [Math.ceil(time / rowsPerGroup), batch * heads, 1] as const,
  };
  const drops = op.attrs.dropout > 0;
  return [
    {
      shader: commonShader,
      operands: { y, dy, rowSums },
      numbers: { rows, time, heads, depth },
      grid: gridOf(Math.ceil(rows / flat)),
    },
    { shader: queryShader(depth, drops, workgroupBytes, tiles.staged), ...shared },
    { shader: keyShader(depth, drops, workgroupBytes, tiles.staged), ...shared },
  ];
}

const cacheShader: Shader = {
  name: 'keys and values to the cache',
  slots: [{ name: 'qkv' }, { name: 'keys', writes: true }, { name: 'values', writes: true }],
  numbers: { elements: 'u32', time: 'u32', heads: 'u32', depth: 'u32', room: 'u32' },
  workgroup: [flat, 1, 1],
  body: `${perElement('p.elements')}
  let width = p.heads * p.depth;
  let j = i % width;
  let t = i / width;
  let at = t * 3u * width + width + j;
  let cache = (((t / p.time) * p.heads + j / p.depth) * p.room + s.position + t % p.time) * p.depth + j % p.depth;
  keys[cache] = qkv[at];
  values[cache] = qkv[at + width];`,
};

const scoreShader: Shader = {
  name: 'scores of cached keys',
  slots: [{ name: 'qkv' }, { name: 'keys' }, { name: 'scores', writes: true }],
  numbers: { elements: 'u32', time: 'u32', heads: 'u32', depth: 'u32', room: 'u32', scale: 'f32' },
  workgroup: [flat, 1, 1],
  body: `${perElement('p.elements')}
  let j = i % p.room;
  let line = i / p.room;
  let t = line % p.time;
  if (j > s.position + t) { return; }
  let h = (line / p.time) % p.heads;
  let b = line / p.time / p.heads;
  let q = (b * p.time + t) * 3u * p.heads * p.depth + h * p.depth;
  let k = ((b * p.heads + h) * p.room + j) * p.depth;
  var dot = 0.0;
  for (var d = 0u; d < p.depth; d++) { dot += qkv[q + d] * keys[k + d]; }
  scores[i] = p.scale * dot;`,
};

const weighShader = (rows: Spread): Shader => ({
  name: 'mean of cached values',
  slots: [{ name: 'scores' }, { name: 'values' }, { name: 'y', writes: true }],
  numbers: { lines: 'u32', time: 'u32', heads: 'u32', depth: 'u32', room: 'u32' },
  workgroup: rows.workgroup,
  declarations: rows.reduction('sumAll', 'sum') + rows.reduction('topOf', 'max'),
  body: `${rows.head('p.lines')}
  let line = row;
  let t = line % p.time;
  let h = (line / p.time) % p.heads;
  let b = line / p.time / p.heads;
  let seen = s.position + t + 1u;
  let base = line * p.room;
  var most = -3.0e38;
  for (var j = turn; j < seen; j += ${rows.stride}) { most = max(most, scores[base + j]); }
  let top = topOf(most, lane);
  var part = 0.0;
  for (var j = turn; j < seen; j += ${rows.stride}) { part += exp(scores[base + j] - top); }
  let total = sumAll(part, lane);
  for (var d = turn; d < p.depth; d += ${rows.stride}) {
    var sum = 0.0;
    for (var j = 0u; j < seen; j++) {
      sum += exp(scores[base + j] - top) * values[((b * p.heads + h) * p.room + j) * p.depth + d];
    }
    y[((b * p.time + t) * p.heads + h) * p.depth + d] = sum / total;
  }`,
});

export function cachedAttention(op: Op<'cachedAttention'>, space: Space, { tiles }: Settings): Dispatch[] {
  const rows = spread(64, tiles.staged);
  const { batch, time, heads, scale, depth } = sizesOf(op);
  const { qkv, keys, values } = op.in;
  const room = keys.shape[2];
  const lines = batch * heads * time;
  const scores = space.take(lines * room);
  const sizes = { time, heads, depth, room };
  const written = batch * time * heads * depth;
  return [
    {
      shader: cacheShader,
      operands: { qkv, keys, values },
      numbers: { ...sizes, elements: written },
      grid: gridOf(Math.ceil(written / flat)),
    },
    {
      shader: scoreShader,
      operands: { qkv, keys, scores },
      numbers: { ...sizes, elements: lines * room, scale },
      grid: gridOf(Math.ceil((lines * room) / flat)),
    },
    {
      shader: weighShader(rows),
      operands: { scores, values, y: op.out.y },
      numbers: { ...sizes, lines },
      grid: rows.grid(lines),
    },
  ];
}
