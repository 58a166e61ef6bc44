/** Results of a run in words and columns. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { applyResumes, type EvaluationLine, type MetricsLine, metricsLine } from '../shared/metrics.ts';
import { verdictOf } from '../shared/statistics.ts';
import { table } from './terminal.ts';

export const loss = (value: number | null): string => (value === null ? 'not finite' : value.toFixed(4));
export const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;
export const plusMinus = (difference: number, standardError: number): string =>
  `${signed(difference)} ± ${standardError.toFixed(4)}`;

/** Metrics of a run as readers see them. */
export async function readMetrics(folder: string): Promise<MetricsLine[]> {
  const text = await readFile(path.join(folder, 'metrics.jsonl'), 'utf8');
  const lines = text.split('\n').flatMap((line) => {
    try {
      return [metricsLine.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  });
  return applyResumes(lines);
}

export const evaluations = (lines: readonly MetricsLine[]): EvaluationLine[] =>
  lines.filter((line): line is EvaluationLine => line.type === 'evaluation');

export async function lastEvaluation(folder: string): Promise<EvaluationLine | null> {
  return evaluations(await readMetrics(folder)).at(-1) ?? null;
}

export function evaluationTable(line: EvaluationLine): string {
  const others = Object.entries(line.others ?? {});
  const beside = (of: string) => others.map(([, losses]) => loss(losses[of] ?? null));
  const rows = Object.entries(line.averages).map(([id, average]) => [
    id,
    loss(average.loss),
    ...beside(id),
    average.difference === null ? '' : plusMinus(average.difference, average.standardError ?? 0),
    average.difference === null ? '' : verdictOf(average.difference, average.standardError ?? 0),
    average.full ? '' : `still filling, ${average.count} so far`,
  ]);
  return table(
    [
      ['weights', 'validation loss', ...others.map(([id]) => `on ${id}`), 'difference to raw', '', ''],
      [`raw at ${line.step}`, loss(line.raw), ...beside('raw'), '', '', ''],
      ...rows,
    ],
    [false, true, ...others.map(() => true), true, false, false],
  );
}
