/** Causal attention with the scores of some heads at a time, so that memory is bounded where contexts are long. */
import type { Op, Tensor } from '../../../program/types.ts';
import type { Tf, Value } from '../library.ts';
import type { Kernel, Memory } from '../memory.ts';

/** Most scores that exist at a time, unless one head alone has more: 64 MiB. */
const scoreLimit = 1 << 24;

interface Sizes {
  readonly batch: number;
  readonly time: number;
  readonly heads: number;
  readonly depth: number;
}

function sizesOf(qkv: Tensor, heads: number): Sizes {
  const [batch, time, triple] = qkv.shape;
  return { batch, time, heads, depth: triple / 3 / heads };
}

/** [B,T,3C] → q, k and v, each [B·H, T, D]. */
function split({ tf }: Memory, qkv: Value, { batch, time, heads, depth }: Sizes): Value[] {
  const apart = tf.transpose(tf.reshape(qkv, [batch, time, 3, heads, depth]), [2, 0, 3, 1, 4]);
  const flat = tf.reshape(apart, [3, batch * heads, time, depth]);
  return [0, 1, 2].map((i) => tf.reshape(tf.slice(flat, [i, 0, 0, 0], [1, -1, -1, -1]), [-1, time, depth]));
}

/** [B,T,C] → [B·H, T, D] */
function toHeads(tf: Tf, x: Value, { batch, time, heads, depth }: Sizes): Value {
  const apart = tf.transpose(tf.reshape(x, [batch, time, heads, depth]), [0, 2, 1, 3]);
  return tf.reshape(apart, [batch * heads, time, depth]);
}

/** [B·H, T, D] → [B,T,C] */
function fromHeads(tf: Tf, x: Value, { batch, time, heads, depth }: Sizes): Value {
  return tf.transpose(tf.reshape(x, [batch, heads, time, depth]), [0, 2, 1, 3]);
}

/** 0 where the j-th token may be seen from the i-th of those that start at `position`, −∞ beyond: [rows, columns]. */
function causal(tf: Tf, rows: number, columns: number, position = 0): Value {
  const from = tf.reshape(tf.range(position, position + rows, 1, 'float32'), [rows, 1]);
  const seen = tf.lessEqual(tf.range(0, columns, 1, 'float32'), from);
  return tf.where(seen, 0, Number.NEGATIVE_INFINITY);
}

/** exp(scores − lse), and lse [..., rows, 1] over the last axis. */
function softmax(tf: Tf, scores: Value): { probabilities: Value; lse: Value } {
  const top = tf.max(scores, -1, true);
  const powers = tf.exp(tf.sub(scores, top));
  const total = tf.sum(powers, -1, true);
  return { probabilities: tf.div(powers, total), lse: tf.add(top, tf.log(total)) };
}

/** Runs `some` over groups of heads and joins what it returns, output by output. */
function byGroups(tf: Tf, heads: number, scores: number, some: (first: number, count: number) => Value[]): Value[] {
  const step = Math.max(1, Math.floor(scoreLimit / scores));
  const parts: Value[][] = [];
  for (let first = 0; first < heads; first += step)
    parts.push(tf.tidy(() => some(first, Math.min(step, heads - first))));
  return parts.length === 1 ? parts[0] : parts[0].map((_, i) => tf.concat(parts.map((part) => part[i])));
}

const rowsOf = (tf: Tf, x: Value, first: number, count: number) =>
  count === x.shape[0] ? x : tf.slice(x, [first, 0, 0], [count, -1, -1]);

/** What dropout multiplies the probabilities of some heads by; null where it is off. */
function maskOf(
  op: Op<'attention'> | Op<'attentionBackward'>,
  memory: Memory,
  time: number,
  first: number,
  count: number,
) {
  return op.attrs.dropout === 0 ? null : memory.masks.factors(op, [count, time, time], first * time * time);
}

export const attention: Kernel<'attention'> = (op, memory) => {
  const { tf } = memory;
  const sizes = sizesOf(op.in.qkv, op.attrs.heads);
  const { batch, heads, time } = sizes;
  const [q, k, v] = split(memory, memory.value(op.in.qkv), sizes);
  const hidden = causal(tf, time, time);
  const [y, lse] = byGroups(tf, batch * heads, time * time, (first, count) => {
    const some = (x: Value) => rowsOf(tf, x, first, count);
    const scores = tf.add(tf.mul(tf.matMul(some(q), some(k), false, true), op.attrs.scale), hidden);
    const { probabilities, lse } = softmax(tf, scores);
    const mask = maskOf(op, memory, time, first, count);
    return [tf.matMul(mask ? tf.mul(probabilities, mask) : probabilities, some(v)), lse];
  });
  memory.put(op, 'y', fromHeads(tf, y, sizes));
  memory.put(op, 'lse', lse);
  return undefined;
};

/** The formulas of the reference: dv = P′ᵀ·dy, dS = P·(mask·dy·vᵀ − Σ dy·y), dq = scale·dS·k, dk = scale·dSᵀ·q. */
export const attentionBackward: Kernel<'attentionBackward'> = (op, memory) => {
  const { tf } = memory;
  const sizes = sizesOf(op.in.qkv, op.attrs.heads);
  const { batch, heads, time, depth } = sizes;
  const { scale } = op.attrs;
  const [q, k, v] = split(memory, memory.value(op.in.qkv), sizes);
  const outer = toHeads(tf, memory.value(op.in.dy), sizes);
  const common = tf.sum(tf.mul(outer, toHeads(tf, memory.value(op.in.y), sizes)), -1, true);
  const lse = memory.value(op.in.lse, [batch * heads, time, 1]);
  const hidden = causal(tf, time, time);
  const parts = byGroups(tf, batch * heads, time * time, (first, count) => {
    const some = (x: Value) => rowsOf(tf, x, first, count);
    const [qs, ks, dys] = [some(q), some(k), some(outer)];
    const scores = tf.add(tf.mul(tf.matMul(qs, ks, false, true), scale), hidden);
    const p = tf.exp(tf.sub(scores, some(lse)));
    const mask = maskOf(op, memory, time, first, count);
    const dp = tf.matMul(dys, some(v), false, true);
    const ds = tf.mul(tf.mul(p, tf.sub(mask ? tf.mul(dp, mask) : dp, some(common))), scale);
    const dv = tf.matMul(mask ? tf.mul(p, mask) : p, dys, true, false);
    return [tf.matMul(ds, ks), tf.matMul(ds, qs, true, false), dv];
  });
  const stacked = tf.reshape(tf.stack(parts), [3, batch, heads, time, depth]);
  memory.put(op, 'dqkv', tf.transpose(stacked, [1, 3, 0, 2, 4]));
  return undefined;
};

export const cachedAttention: Kernel<'cachedAttention'> = (op, memory) => {
  const { tf, scalars } = memory;
  const { position } = scalars;
  const sizes = sizesOf(op.in.qkv, op.attrs.heads);
  const { batch, heads, time, depth } = sizes;
  const [, , room] = op.in.keys.shape;
  if (position + time > room)
    throw new Error(`cachedAttention: position ${position} + ${time} tokens passes the cache of ${room}`);
  const [q, k, v] = split(memory, memory.value(op.in.qkv), sizes);
  const seen = position + time;
  /** The cache with the new rows in it, which are written; what of it can be seen. */
  const extend = (cache: Tensor, rows: Value): Value => {
    const old = memory.value(cache, [batch * heads, room, depth]);
    const known = position > 0 ? tf.concat([tf.slice(old, [0, 0, 0], [-1, position, -1]), rows], 1) : rows;
    const rest = room - seen;
    const whole = rest > 0 ? tf.concat([known, tf.slice(old, [0, seen, 0], [-1, rest, -1])], 1) : known;
    memory.whole(cache).replace(cache.offset, cache.offset + batch * heads * room * depth, whole);
    return known;
  };
  const keys = extend(op.in.keys, k);
  const values = extend(op.in.values, v);
  const scores = tf.mul(tf.matMul(q, keys, false, true), op.attrs.scale);
  const { probabilities } = softmax(tf, tf.add(scores, causal(tf, time, seen, position)));
  memory.put(op, 'y', fromHeads(tf, tf.matMul(probabilities, values), sizes));
  return undefined;
};
