/** Gain of an average over raw, evaluation by evaluation, with the error that its blocks leave. */
import type { EvaluationLine } from '../../../../shared/metrics.ts';
import { verdictOf } from '../../../../shared/statistics.ts';

export interface Gain {
  readonly step: number;
  /** Average minus raw; negative is better. */
  readonly difference: number;
  /** Paired standard error over blocks. */
  readonly error: number;
  /** False while a window is filling. */
  readonly full: boolean;
}

/** Measured gains of an average, in step order. */
export function gainsOf(evaluations: readonly EvaluationLine[], id: string): Gain[] {
  return evaluations.flatMap(({ step, averages }) => {
    const average = averages[id];
    if (!average || average.difference === null) return [];
    return [{ step, difference: average.difference, error: average.standardError ?? 0, full: average.full }];
  });
}

/** At most `count` of them, evenly spaced, first and last included. */
export function thinned<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.round((i * (items.length - 1)) / (count - 1))] as T);
}

/**
 * Range of the gain axis: zero, and the bands of the later three quarters with a little air. Early averages of weights
 * that change fast may be far off, and would flatten what comes after.
 */
export function gainRange(gains: readonly Gain[]): [number, number] {
  const late = gains.slice(Math.floor(gains.length / 4));
  let low = 0;
  let high = 0;
  for (const { difference, error } of late) {
    low = Math.min(low, difference - 2 * error);
    high = Math.max(high, difference + 2 * error);
  }
  if (low === high) return [-0.01, 0.01];
  const air = 0.08 * (high - low);
  return [low - air, high + air];
}

export interface GainShape {
  /** Path of the band of two standard errors. */
  readonly band: string;
  readonly line: string;
}

/** SVG paths over a plot of the given pixels; y grows downwards, and what is out of range runs off the plot. */
export function gainShape(
  gains: readonly Gain[],
  { x, y }: { x: (step: number) => number; y: (difference: number) => number },
): GainShape {
  const at = (step: number, value: number) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`;
  const upper = gains.map(({ step, difference, error }) => at(step, difference + 2 * error));
  const lower = gains.map(({ step, difference, error }) => at(step, difference - 2 * error)).reverse();
  return {
    band: gains.length > 1 ? `M${[...upper, ...lower].join('L')}Z` : '',
    line: gains.length > 1 ? `M${gains.map(({ step, difference }) => at(step, difference)).join('L')}` : '',
  };
}

/** How often an average was better, level and worse than raw, over full windows. */
export function tally(gains: readonly Gain[]): { better: number; level: number; worse: number } {
  const count = { better: 0, level: 0, worse: 0 };
  for (const { difference, error, full } of gains) {
    if (!full) continue;
    const verdict = verdictOf(difference, error);
    if (verdict === 'no difference') count.level++;
    else if (verdict === 'better') count.better++;
    else count.worse++;
  }
  return count;
}
