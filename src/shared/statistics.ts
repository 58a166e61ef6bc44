/**
 * What losses over fixed blocks say: means, paired standard errors, and the words that follow them.
 * All arithmetic is float64.
 */
import type { EvaluationLine } from './metrics.ts';

/** Nats per token. What float32 itself may make of equal weights that were added up in another order; no gain anyone could want. */
const rounding = 1e-5;

export type Verdict = 'better' | 'no difference' | 'worse';

export interface Difference {
  /** mean(a − b); negative: a is better. */
  readonly difference: number;
  /** Standard error of that mean over blocks; 0 for a single block. */
  readonly standardError: number;
  readonly verdict: Verdict;
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** Standard error of the mean: sample standard deviation (n − 1) over √n; 0 for fewer than two values. */
export function standardError(values: ArrayLike<number>): number {
  const n = values.length;
  if (n < 2) return 0;
  const center = mean(values);
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (values[i] - center) ** 2;
  return Math.sqrt(squares / (n - 1) / n);
}

/**
 * Compares per-block losses of two models on the same blocks. A difference smaller than two paired standard
 * errors or than float32's own rounding, or one that is not finite, is "no difference". Throws RangeError when the lengths differ.
 */
export function pairedDifference(a: ArrayLike<number>, b: ArrayLike<number>): Difference {
  if (a.length !== b.length) throw new RangeError(`${a.length} and ${b.length} blocks cannot be paired`);
  const differences = Float64Array.from(a, (value, i) => value - b[i]);
  const difference = mean(differences);
  const error = standardError(differences);
  return { difference, standardError: error, verdict: verdictOf(difference, error) };
}

/**
 * The comparison on the blocks at even and at odd places, for a choice among several: it is made on the first half and
 * reported on the second. Throws RangeError when the lengths differ.
 */
export function pairedHalves(a: ArrayLike<number>, b: ArrayLike<number>): [Difference, Difference] {
  if (a.length !== b.length) throw new RangeError(`${a.length} and ${b.length} blocks cannot be paired`);
  const half = (values: ArrayLike<number>, odd: number) => Array.from(values).filter((_, i) => i % 2 === odd);
  const on = (odd: number) => pairedDifference(half(a, odd), half(b, odd));
  return [on(0), on(1)];
}

export function verdictOf(difference: number, error: number): Verdict {
  if (!Number.isFinite(difference) || Math.abs(difference) < Math.max(2 * error, rounding)) return 'no difference';
  return difference < 0 ? 'better' : 'worse';
}

/** e^loss, loss in nats per token; null where that is past every number. */
export function perplexity(loss: number): number | null {
  const value = Math.exp(loss);
  return value === Infinity ? null : value;
}

/**
 * Bits per UTF-8 byte, so that tokenizers compare: loss / ln 2 · tokens / bytes of the split.
 * Null where the bytes behind the tokens are not known.
 */
export function bitsPerByte(loss: number, split: { readonly tokens: number; readonly bytes: number }): number | null {
  return split.bytes > 0 ? (loss / Math.LN2) * (split.tokens / split.bytes) : null;
}

/**
 * "Reached raw's final loss at": step of the first evaluation from which the average stays at or below the raw
 * loss of the last evaluation. Null when it never does. Evaluations in step order.
 */
export function reachedAt(evaluations: readonly EvaluationLine[], policy: string): number | null {
  const target = evaluations.at(-1)?.raw;
  if (target === undefined || target === null) return null;
  let reached: number | null = null;
  for (const line of evaluations) {
    const loss = line.averages[policy]?.loss ?? null;
    if (loss === null || loss > target) reached = null;
    else reached ??= line.step;
  }
  return reached;
}
