/** Numbers of a map: what was typed, what it will cost, and how dark a cell is. */
import type { EvaluationResult } from '../../../../shared/jobs.ts';
import type { EvaluationLine } from '../../../../shared/metrics.ts';

/** Whole numbers from `least` between commas or spaces; null for anything else. */
export function readNumbers(text: string, least: number): number[] | null {
  const values = text.split(/[\s,;]+/).filter(Boolean);
  if (values.length === 0 || values.some((value) => !/^\d{1,9}$/.test(value) || Number(value) < least)) return null;
  return [...new Set(values.map(Number))].sort((a, b) => a - b);
}

/** Against raw, on the half of the blocks that chooses. */
export const choosing = (result: EvaluationResult): number => result.halves?.[0].difference ?? result.difference;

/** 0 for the highest of the values, 1 for the lowest; ½ where all are the same. */
export function shade(value: number, values: readonly number[]): number {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return high > low ? (high - value) / (high - low) : 0.5;
}

/** Seconds that a map takes, from what the run's last evaluation of raw and its averages took; null: not known. */
export function mapSeconds(evaluations: readonly EvaluationLine[], count: number): number | null {
  const last = evaluations.at(-1);
  return last ? (last.took / (1 + Object.keys(last.averages).length)) * count : null;
}
