/** Lines of the loss chart: training loss faint, raw solid, averages in one family of hues. */
import { type Column, lowerBound } from '../../../../shared/column.ts';
import type { RunConfig } from '../../../../shared/config.ts';
import type { EvaluationLine } from '../../../../shared/metrics.ts';
import { resolvePolicy } from '../../../../shared/policies.ts';
import type { Columns, RunSeries } from '../../../../shared/series.ts';
import type { ChartLine } from '../../../components/chart.tsx';
import type { ChartMarker } from '../../../components/chart-markers.ts';
import { averageColor, averageDash, fillingDash, rawColor, trainColor } from '../../../lib/average-style.ts';
import type { XAxis } from '../../../lib/chart-settings.ts';
import { scaled, smoothed } from '../../../lib/derived.ts';
import { formatCount, formatDuration } from '../../../lib/format.ts';
import { t } from '../../../strings.ts';

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

/** The x values of columns, on the chosen axis. */
export function xsOf(columns: Columns<'step' | 'seconds'>, axis: XAxis, tokensPerStep: number): Column {
  if (axis === 'time') return columns.seconds;
  return axis === 'step' ? columns.step : scaled(columns.step, tokensPerStep);
}

/** A column as a line: as it is, or smoothed with the column itself faint behind it. */
export function columnLines(
  xs: Column,
  ys: Column,
  style: Pick<ChartLine, 'key' | 'label' | 'color' | 'width' | 'alpha'>,
  smoothing = 0,
): ChartLine[] {
  const line = (column: Column): ChartLine => ({
    ...style,
    xs: xs.values,
    ys: column.values,
    length: column.length,
    blocks: () => column.blocks(),
  });
  if (smoothing <= 0) return [line(ys)];
  return [
    {
      ...line(ys),
      key: `${style.key} raw`,
      label: t.run.chart.unsmoothed(style.label),
      width: 1,
      alpha: rawAlpha,
      tip: false,
    },
    { ...line(smoothed(ys, smoothing)), width: Math.max(1.5, style.width), alpha: 1 },
  ];
}
/** What lies behind a smoothed line is there to be seen through. */
const rawAlpha = 0.22;

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
  options: {
    axis: XAxis;
    tokensPerStep: number;
    training: boolean;
    hidden: ReadonlySet<string>;
    /** Weight of the past in the training loss; 0 shows it as it is. */
    smoothing: number;
  },
): ChartLine[] {
  const { axis, tokensPerStep, hidden } = options;
  const { evaluations } = series;
  const points = evaluations.length < fewPoints;
  const lines: ChartLine[] = [];
  if (options.training)
    lines.push(
      ...columnLines(
        xsOf(series.train, axis, tokensPerStep),
        series.train.loss,
        {
          key: 'train',
          label: t.run.chart.training,
          color: trainColor,
          width: 1,
          alpha: series.train.step.length < densePoints ? 0.55 : 0.3,
        },
        options.smoothing,
      ),
    );
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

/** Seconds of training after which a run stood at a step. */
export function secondsAt({ train }: RunSeries, step: number): number {
  const { step: steps, seconds } = train;
  if (steps.length === 0) return 0;
  return seconds.values[Math.min(lowerBound(steps.values, steps.length, step), steps.length - 1)];
}

/** Checkpoints as ticks; resumes, pauses, spikes, and averages that begin, are added or go, as lines. */
export function markers(series: RunSeries, config: RunConfig, axis: XAxis): ChartMarker[] {
  const tokensPerStep = tokensOf({ config });
  const at = (step: number): number =>
    axis === 'time' ? secondsAt(series, step) : axis === 'tokens' ? step * tokensPerStep : step;
  const texts = t.run.markers;
  const mark = (step: number, kind: ChartMarker['kind'], text: string): ChartMarker => ({ x: at(step), kind, text });
  const added = new Set(series.changes.map(({ id }) => id));
  return [
    ...series.checkpoints.map(({ step }) => mark(step, 'checkpoint', texts.checkpoint(formatCount(step)))),
    ...series.resumes.map(({ from, exact }) =>
      mark(from, 'resume', exact ? texts.resumed(formatCount(from)) : texts.resumedInexact(formatCount(from))),
    ),
    ...series.pauses.map(({ step, waited }) => mark(step, 'pause', texts.paused(formatDuration(waited)))),
    ...config.policies
      .filter(({ id }) => !added.has(id))
      .map((policy) => ({ id: policy.id, start: resolvePolicy(policy, config).start }))
      .filter(({ start }) => start <= series.reached)
      .map(({ id, start }) => mark(start, 'policy', texts.begins(id))),
    ...series.changes.map(({ step, id, change }) => mark(step, 'policy', texts[change](id))),
    ...series.spikes.map(({ onset }) => mark(onset, 'spike', texts.spike(formatCount(onset)))),
  ];
}
