import type { Scalars } from '../../../program/types.ts';
import { dropoutThreshold, Random } from '../../../random.ts';
import type { Kernel } from '../memory.ts';
import { put } from '../memory.ts';

/** What dropout multiplies an element of a site by: 0 or 1/(1 − rate). */
export function dropoutMask(attrs: { rate: number; stream: number }, scalars: Scalars): (element: number) => number {
  if (attrs.rate === 0) return () => 1;
  const random = new Random(scalars.seed, attrs.stream, scalars.step, scalars.microBatch);
  const threshold = dropoutThreshold(attrs.rate);
  const kept = 1 / (1 - attrs.rate);
  return (element) => (random.word(element) >= threshold ? kept : 0);
}

export const attention: Kernel<'attention'> = function* (op, memory, scalars) {
  const [batch, time, triple] = op.in.qkv.shape;
  const { heads, scale } = op.attrs;
  const width = triple / 3;
  const depth = width / heads;
  const qkv = memory.operand(memory.doubles(op.in.qkv));
  const y = memory.numbers(op.out.y);
  const lse = memory.numbers(op.out.lse);
  const mask = dropoutMask({ rate: op.attrs.dropout, stream: op.attrs.stream }, scalars);
  const scores = new Float64Array(time);
  const out = new Float64Array(depth);
  for (let b = 0; b < batch; b++)
    for (let h = 0; h < heads; h++) {
      for (let i = 0; i < time; i++) {
        const q = (b * time + i) * triple + h * depth;
        for (let j = 0; j <= i; j++) {
          const k = (b * time + j) * triple + width + h * depth;
          let dot = 0;
          for (let d = 0; d < depth; d++) dot += qkv[q + d] * qkv[k + d];
          scores[j] = scale * dot;
        }
        // In mixed precision what is rounded is e^(score − highest), and the sum is of what was rounded.
        let top = Number.NEGATIVE_INFINITY;
        for (let j = 0; j <= i; j++) top = Math.max(top, scores[j]);
        let sum = 0;
        for (let j = 0; j <= i; j++) {
          scores[j] = memory.rounded(Math.exp(scores[j] - top));
          sum += scores[j];
        }
        out.fill(0);
        for (let j = 0; j <= i; j++) {
          const v = (b * time + j) * triple + 2 * width + h * depth;
          const kept = memory.rounded(scores[j] * mask(((b * heads + h) * time + i) * time + j));
          for (let d = 0; d < depth; d++) out[d] += (kept * qkv[v + d]) / sum;
        }
        y.set(out, (b * time + i) * width + h * depth);
        lse[(b * heads + h) * time + i] = top + Math.log(sum);
      }
      yield;
    }
};

/**
 * With P = exp(S − lse), its dropped form P′ = P·mask and dP′ = dy·vᵀ:
 * dv = P′ᵀ·dy, dS = P·(mask·dP′ − dy·y), dq = scale·dS·k, dk = scale·dSᵀ·q.
 */
export const attentionBackward: Kernel<'attentionBackward'> = function* (op, memory, scalars) {
  const [batch, time, triple] = op.in.qkv.shape;
  const { heads, scale } = op.attrs;
  const width = triple / 3;
  const depth = width / heads;
  const qkv = memory.operand(memory.doubles(op.in.qkv));
  const y = memory.doubles(op.in.y);
  const lse = memory.numbers(op.in.lse);
  const dy = memory.doubles(op.in.dy);
  const gradient = memory.operand(dy);
  const dqkv = new Float64Array(batch * time * triple);
  const mask = dropoutMask({ rate: op.attrs.dropout, stream: op.attrs.stream }, scalars);
  for (let b = 0; b < batch; b++)
    for (let h = 0; h < heads; h++) {
      for (let i = 0; i < time; i++) {
        const row = (b * time + i) * width + h * depth;
        const q = (b * time + i) * triple + h * depth;
        const total = lse[(b * heads + h) * time + i];
        let common = 0;
        for (let d = 0; d < depth; d++) common += dy[row + d] * y[row + d];
        for (let j = 0; j <= i; j++) {
          const k = (b * time + j) * triple + width + h * depth;
          const v = k + width;
          let score = 0;
          let dp = 0;
          for (let d = 0; d < depth; d++) {
            score += qkv[q + d] * qkv[k + d];
            dp += gradient[row + d] * qkv[v + d];
          }
          const p = Math.exp(scale * score - total);
          const keep = mask(((b * heads + h) * time + i) * time + j);
          const ds = scale * memory.rounded(p * (keep * dp - common));
          const kept = memory.rounded(p * keep);
          for (let d = 0; d < depth; d++) {
            dqkv[v + d] += kept * gradient[row + d];
            dqkv[q + d] += ds * qkv[k + d];
            dqkv[k + d] += ds * qkv[q + d];
          }
        }
      }
      yield;
    }
  put(op, 'dqkv', memory.numbers(op.out.dqkv), dqkv, scalars);
};

export const cachedAttention: Kernel<'cachedAttention'> = function* (op, memory, scalars) {
  const [batch, time, triple] = op.in.qkv.shape;
  const { heads, scale } = op.attrs;
  const { position } = scalars;
  const width = triple / 3;
  const depth = width / heads;
  const room = op.in.keys.shape[2];
  if (position + time > room)
    throw new Error(`cachedAttention: position ${position} + ${time} tokens passes the cache of ${room}`);
  const qkv = memory.numbers(op.in.qkv);
  const keys = memory.numbers(op.in.keys);
  const values = memory.numbers(op.in.values);
  const y = memory.numbers(op.out.y);
  const scores = new Float64Array(room);
  const out = new Float64Array(depth);
  for (let b = 0; b < batch; b++)
    for (let h = 0; h < heads; h++) {
      const cache = (b * heads + h) * room * depth;
      for (let i = 0; i < time; i++) {
        const at = (b * time + i) * triple + h * depth;
        keys.set(qkv.subarray(at + width, at + width + depth), cache + (position + i) * depth);
        values.set(qkv.subarray(at + 2 * width, at + 2 * width + depth), cache + (position + i) * depth);
      }
      for (let i = 0; i < time; i++) {
        const q = (b * time + i) * triple + h * depth;
        const seen = position + i + 1;
        for (let j = 0; j < seen; j++) {
          let dot = 0;
          for (let d = 0; d < depth; d++) dot += qkv[q + d] * keys[cache + j * depth + d];
          scores[j] = scale * dot;
        }
        const total = logSumExp(scores, seen);
        out.fill(0);
        for (let j = 0; j < seen; j++) {
          const p = Math.exp(scores[j] - total);
          for (let d = 0; d < depth; d++) out[d] += p * values[cache + j * depth + d];
        }
        y.set(out, (b * time + i) * width + h * depth);
      }
      yield;
    }
};

/** log Σ exp over the first `count` values. */
export function logSumExp(values: Float64Array, count: number): number {
  let top = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) if (values[i] > top) top = values[i];
  let sum = 0;
  for (let i = 0; i < count; i++) sum += Math.exp(values[i] - top);
  return top + Math.log(sum);
}
