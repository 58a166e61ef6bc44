/** Lines of the loss chart: training loss faint, raw solid, averages in one family of hues. */
import type { RunConfig } from '../../../../shared/config.ts';
import type { EvaluationLine } from '../../../../shared/metrics.ts';
import type { ChartLine, ChartMarker } from '../../../components/chart.tsx';
import { averageColor, averageDash, fillingDash, rawColor, trainColor } from '../../../lib/average-style.ts';
import { lowerBound } from '../../../lib/downsample.ts';
import type { RunSeries, TrainColumn } from '../../../lib/series.ts';
import { t } from '../../../strings.ts';

export const xAxes = ['step', 'tokens', 'time'] as const;
export type XAxis = (typeof xAxes)[number];

/** A measured point: the step of the weights and the seconds of training until then. */
interface Point {
  readonly step: number;
  readonly seconds: number;
}

/** Where a point lies on the chosen axis. */
export const xOf = (point: Point, axis: XAxis, tokensPerStep: number): number =>
  axis === 'time' ? point.seconds : axis === 'tokens' ? point.step * tokensPerStep : point.step;

/** Tokens that one update sees. */
export const tokensOf = ({ config }: { readonly config: RunConfig }): number =>
  config.batch.microBatch * config.batch.accumulation * config.model.blockSize;

/** The x values of the training lines; columns are shared, not copied, where steps are the axis. */
function trainXs(series: RunSeries, axis: XAxis, tokensPerStep: number): Float64Array {
  if (axis === 'time') return series.seconds.values;
  if (axis === 'step') return series.step.values;
  return series.step.values.slice(0, series.step.length).map((step) => step * tokensPerStep);
}

/** Averages that watch the run: those of the configuration, with what was added and removed on the way. */
export function watching(series: RunSeries | null, configured: readonly string[]): Set<string> {
  const ids = new Set(configured);
  for (const { id, change } of series?.changes ?? []) {
    if (change === 'added') ids.add(id);
    else ids.delete(id);
  }
  return ids;
}

/** Averages to show: those that watch, and those that did and were measured. Configured ones first. */
export function averageIds(series: RunSeries | null, configured: readonly string[]): string[] {
  const measured = new Set<string>();
  for (const line of series?.evaluations ?? []) for (const id of Object.keys(line.averages)) measured.add(id);
  const watched = watching(series, configured);
  const known = new Set([...configured, ...watched, ...measured]);
  return [...known].filter((id) => watched.has(id) || measured.has(id));
}

/** Up to here every measured point is marked. */
export const fewPoints = 80;
/** From here on neighbouring points of the training loss lie in one column and make a band. */
const densePoints = 2000;

/** Evaluations of an average in two parts that meet: while its window fills, and from the first full one on. */
export function averageParts(
  evaluations: readonly EvaluationLine[],
  id: string,
): { filling: EvaluationLine[]; full: EvaluationLine[] } {
  const measured = evaluations.filter((line) => line.averages[id] !== undefined);
  const from = measured.findIndex((line) => line.averages[id].full);
  if (from < 0) return { filling: measured, full: [] };
  return { filling: measured.slice(0, from + 1), full: measured.slice(from) };
}

export function lossLines(
  series: RunSeries,
  ids: readonly string[],
  options: { axis: XAxis; tokensPerStep: number; training: boolean; hidden: ReadonlySet<string> },
): ChartLine[] {
  const { axis, tokensPerStep, hidden } = options;
  const { evaluations } = series;
  const points = evaluations.length < fewPoints;
  const lines: ChartLine[] = [];
  if (options.training)
    lines.push({
      key: 'train',
      label: t.run.chart.training,
      xs: trainXs(series, axis, tokensPerStep),
      ys: series.columns.loss.values,
      length: series.step.length,
      color: trainColor,
      width: 1,
      alpha: series.step.length < densePoints ? 0.55 : 0.3,
    });
  if (!hidden.has('raw'))
    lines.push({
      key: 'raw',
      label: t.run.chart.raw,
      xs: evaluations.map((line) => xOf(line, axis, tokensPerStep)),
      ys: evaluations.map((line) => line.raw ?? Number.NaN),
      length: evaluations.length,
      color: rawColor,
      width: 2,
      points,
    });
  ids.forEach((id, i) => {
    if (hidden.has(id)) return;
    const { filling, full } = averageParts(evaluations, id);
    const line = (part: readonly EvaluationLine[], kind: 'filling' | 'full'): ChartLine => ({
      key: `${id} ${kind}`,
      label: kind === 'filling' ? t.run.chart.filling(id) : id,
      xs: part.map((e) => xOf(e, axis, tokensPerStep)),
      ys: part.map((e) => e.averages[id].loss ?? Number.NaN),
      length: part.length,
      color: averageColor(i),
      width: 2,
      dash: kind === 'filling' ? fillingDash : averageDash(i),
      alpha: kind === 'filling' ? 0.75 : 1,
      points: points && kind === 'full',
    });
    if (filling.length > 1) lines.push(line(filling, 'filling'));
    lines.push(line(full, 'full'));
  });
  return lines;
}

/** One training quantity as a line. */
export function columnLine(
  series: RunSeries,
  column: TrainColumn,
  options: { axis: XAxis; tokensPerStep: number; label: string; color: string },
): ChartLine {
  return {
    key: column,
    label: options.label,
    xs: trainXs(series, options.axis, options.tokensPerStep),
    ys: series.columns[column].values,
    length: series.step.length,
    color: options.color,
    width: 1.25,
  };
}

/** Seconds of training after which a run stood at a step. */
export function secondsAt(series: RunSeries, step: number): number {
  const { step: steps, seconds } = series;
  if (steps.length === 0) return 0;
  return seconds.values[Math.min(lowerBound(steps.values, steps.length, step), steps.length - 1)];
}

/** Checkpoints as ticks, resumes and changes of policies as lines. */
export function markers(series: RunSeries, axis: XAxis, tokensPerStep: number): ChartMarker[] {
  const at = (step: number): number =>
    axis === 'time' ? secondsAt(series, step) : axis === 'tokens' ? step * tokensPerStep : step;
  return [
    ...series.checkpoints.map(({ step }) => ({ x: at(step), kind: 'tick' as const })),
    ...series.resumes.map(({ from }) => ({ x: at(from), kind: 'line' as const })),
    ...series.changes.map(({ step }) => ({ x: at(step), kind: 'line' as const })),
  ];
}
