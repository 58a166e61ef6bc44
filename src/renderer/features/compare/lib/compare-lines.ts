/** Validation curves of several runs on one chart: a colour per run, raw solid, a dash per policy. */
import type { RunSummary } from '../../../../shared/api.ts';
import type { RunConfig } from '../../../../shared/config.ts';
import type { EvaluationLine } from '../../../../shared/metrics.ts';
import type { RunSeries } from '../../../../shared/series.ts';
import type { ChartLine } from '../../../components/chart.tsx';
import type { ChartMarker } from '../../../components/chart-markers.ts';
import type { XAxis } from '../../../lib/chart-settings.ts';
import { formatCount } from '../../../lib/format.ts';
import { policyDash, runColor } from '../../../lib/run-style.ts';
import { t } from '../../../strings.ts';
import { averageIds, averageParts, fewPoints, secondsAt, tokensOf, xOf } from '../../run/lib/loss-lines.ts';

/** A run as it takes part in a comparison. */
export interface Compared {
  readonly run: Pick<RunSummary, 'name' | 'config' | 'parent'>;
  /** null until its metrics are there. */
  readonly series: RunSeries | null;
}

export interface CompareOptions {
  readonly axis: XAxis;
  readonly hiddenRuns: ReadonlySet<string>;
  /** 'raw', and ids of policies. */
  readonly hiddenWeights: ReadonlySet<string>;
}

/** Policies of all runs by id, in the order in which they are first met. */
export function policyIds(compared: readonly Compared[]): string[] {
  const ids = new Set<string>();
  for (const { run, series } of compared)
    for (const id of averageIds(
      series,
      run.config.policies.map((policy) => policy.id),
    ))
      ids.add(id);
  return [...ids];
}

/** What a run measured itself: of a child, from its fork on. */
export function ownEvaluations({ run, series }: Compared): EvaluationLine[] {
  const from = run.parent?.step ?? 0;
  return series?.evaluations.filter((line) => line.step >= from) ?? [];
}

/** Seconds at which a child starts on its parent's clock; 0 where the parent is not on the chart. */
export function startSeconds(one: Compared, all: readonly Compared[], seen: readonly string[] = []): number {
  const { parent, name } = one.run;
  const found = parent && !seen.includes(name) ? all.find(({ run }) => run.name === parent.name) : undefined;
  if (!parent || !found?.series) return 0;
  return secondsAt(found.series, parent.step) + startSeconds(found, all, [...seen, name]);
}

export function compareLines(all: readonly Compared[], options: CompareOptions): ChartLine[] {
  const ids = policyIds(all);
  const points = Math.max(0, ...all.map((one) => ownEvaluations(one).length)) < fewPoints / 2;
  // Averages lie above the raw curves, whatever run they are of.
  const raws: ChartLine[] = [];
  const averages: ChartLine[] = [];
  all.forEach((one, i) => {
    const { name } = one.run;
    if (options.hiddenRuns.has(name)) return;
    const evaluations = ownEvaluations(one);
    const tokens = tokensOf(one.run);
    const later = options.axis === 'time' ? startSeconds(one, all) : 0;
    const line = (
      id: string,
      part: readonly EvaluationLine[],
      style: Pick<ChartLine, 'width' | 'dash' | 'alpha' | 'points'> & { readonly label: string },
    ): ChartLine => ({
      key: `${name} ${id} ${style.alpha}`,
      xs: part.map((e) => later + xOf(e, options.axis, tokens)),
      ys: part.map((e) => (id === 'raw' ? e.raw : e.averages[id].loss) ?? Number.NaN),
      length: part.length,
      color: runColor(i),
      ...style,
    });
    if (!options.hiddenWeights.has('raw'))
      raws.push(
        line('raw', evaluations, { label: t.compare.line(name, t.compare.raw), width: 1.75, alpha: 1, points }),
      );
    ids.forEach((id, policy) => {
      if (options.hiddenWeights.has(id)) return;
      const { filling, full } = averageParts(evaluations, id);
      const style = { width: 2.25, dash: policyDash(policy), points: false };
      if (filling.length > 1)
        averages.push(
          line(id, filling, { ...style, label: t.compare.line(name, t.run.chart.filling(id)), alpha: 0.4 }),
        );
      if (full.length > 0) averages.push(line(id, full, { ...style, label: t.compare.line(name, id), alpha: 1 }));
    });
  });
  return [...raws, ...averages];
}

/** Forks of the shown children, on the chosen axis. */
export function forkMarkers(all: readonly Compared[], { axis, hiddenRuns }: CompareOptions): ChartMarker[] {
  return all.flatMap((one) => {
    const { parent, name } = one.run;
    if (!parent || hiddenRuns.has(name) || !one.series) return [];
    const x =
      axis === 'time' ? startSeconds(one, all) : axis === 'tokens' ? parent.step * tokensOf(one.run) : parent.step;
    return x > 0 ? [{ x, kind: 'fork' as const, text: t.compare.forked(name, formatCount(parent.step)) }] : [];
  });
}

/** Whether losses were measured on the same blocks of the same text, and so can be compared at all. */
export function sameMeasure(configs: readonly RunConfig[]): boolean {
  const measures = configs.map(({ dataset, model, evaluation }) =>
    JSON.stringify([dataset, model.blockSize, evaluation.blocks]),
  );
  return new Set(measures).size <= 1;
}

/**
 * The lowest of the newest losses of all runs. Windows that still fill do not count, nor does a cooldown before its
 * last step: it is compared there only (docs/conventions.md).
 */
export function lowestNow(all: readonly Compared[], hidden: CompareOptions): { run: string; of: string } | null {
  let lowest: { run: string; of: string; loss: number } | null = null;
  for (const one of all) {
    const last = ownEvaluations(one).at(-1);
    if (!last || hidden.hiddenRuns.has(one.run.name)) continue;
    if (one.run.parent?.purpose === 'cooldown' && last.step < one.run.config.steps) continue;
    const candidates: [string, number | null][] = [['raw', last.raw]];
    for (const [id, average] of Object.entries(last.averages)) if (average.full) candidates.push([id, average.loss]);
    for (const [of, loss] of candidates)
      if (loss !== null && !hidden.hiddenWeights.has(of) && (lowest === null || loss < lowest.loss))
        lowest = { run: one.run.name, of, loss };
  }
  return lowest;
}
