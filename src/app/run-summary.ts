/** What the list of runs says of one, from its metrics. */
import type { RunSummary } from '../shared/api.ts';
import type { DeviceLine, EvaluationLine, MetricsLine } from '../shared/metrics.ts';

const sparkPoints = 60;
/** Training lines whose median speed is the present one. */
const speedLines = 50;

export type MetricsSummary = Pick<
  RunSummary,
  'step' | 'last' | 'bestRaw' | 'bestAverage' | 'spark' | 'device' | 'spike' | 'speed'
>;

export function summarize(lines: readonly MetricsLine[]): MetricsSummary {
  let step = 0;
  let last: EvaluationLine | null = null;
  let bestRaw: number | null = null;
  let bestAverage: RunSummary['bestAverage'] = null;
  let device: RunSummary['device'] = null;
  let spike: RunSummary['spike'] = null;
  const raws: number[] = [];
  const speeds: number[] = [];
  for (const line of lines) {
    // The update from `step` is done when its training line is there.
    step = Math.max(step, line.type === 'train' ? line.step + 1 : line.type === 'resume' ? line.from : line.step);
    if (line.type === 'train') speeds.push(line.tokensPerSecond);
    if (line.type === 'device') device = deviceOf(line);
    if (line.type === 'spike') spike = line;
    if (line.type !== 'evaluation') continue;
    last = line;
    if (line.raw !== null) {
      raws.push(line.raw);
      bestRaw = bestRaw === null ? line.raw : Math.min(bestRaw, line.raw);
    }
    for (const [id, average] of Object.entries(line.averages)) {
      // While a LAWA window fills, its value is of fewer snapshots than it says: never called best.
      if (average.loss === null || !average.full) continue;
      if (bestAverage === null || average.loss < bestAverage.loss)
        bestAverage = { id, loss: average.loss, step: line.step };
    }
  }
  return {
    step,
    last: last && {
      step: last.step,
      raw: last.raw,
      averages: Object.fromEntries(Object.entries(last.averages).map(([id, { loss }]) => [id, loss])),
    },
    bestRaw,
    bestAverage,
    spark: evenly(raws, sparkPoints),
    device,
    spike,
    speed: median(speeds.slice(-speedLines)),
  };
}

const deviceOf = ({ backend, device, family, threads }: DeviceLine): RunSummary['device'] => ({
  backend,
  device,
  family,
  threads,
});

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** At most `count` of the values, evenly spaced, first and last included. */
function evenly(values: readonly number[], count: number): number[] {
  if (values.length <= count) return [...values];
  return Array.from({ length: count }, (_, i) => values[Math.round((i * (values.length - 1)) / (count - 1))]!);
}
