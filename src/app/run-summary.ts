/** What the list of runs says of one, from its metrics. */
import type { RunSummary } from '../shared/api.ts';
import type { Column } from '../shared/column.ts';
import type { DeviceLine } from '../shared/metrics.ts';
import type { RunSeries } from '../shared/series.ts';

const sparkPoints = 60;
/** Training lines whose median speed is the present one. */
const speedLines = 50;

export type MetricsSummary = Pick<
  RunSummary,
  'step' | 'last' | 'bestRaw' | 'bestAverage' | 'spark' | 'device' | 'spike' | 'speed'
>;

export function summarize(series: RunSeries): MetricsSummary {
  let bestRaw: number | null = null;
  let bestAverage: RunSummary['bestAverage'] = null;
  const raws: number[] = [];
  for (const { step, raw, averages } of series.evaluations) {
    if (raw !== null) {
      raws.push(raw);
      bestRaw = bestRaw === null ? raw : Math.min(bestRaw, raw);
    }
    for (const [id, average] of Object.entries(averages)) {
      // While a LAWA window fills, its value is of fewer snapshots than it says: never called best.
      if (average.loss === null || !average.full) continue;
      if (bestAverage === null || average.loss < bestAverage.loss) bestAverage = { id, loss: average.loss, step };
    }
  }
  const last = series.evaluations.at(-1) ?? null;
  const device = series.devices.at(-1);
  return {
    step: series.reached,
    last: last && {
      step: last.step,
      raw: last.raw,
      averages: Object.fromEntries(Object.entries(last.averages).map(([id, { loss }]) => [id, loss])),
    },
    bestRaw,
    bestAverage,
    spark: evenly(raws, sparkPoints),
    device: device ? deviceOf(device) : null,
    spike: series.spikes.at(-1) ?? null,
    speed: median(newest(series.train.tokensPerSecond, speedLines)),
  };
}

const deviceOf = ({ backend, device, family, threads }: DeviceLine): RunSummary['device'] => ({
  backend,
  device,
  family,
  threads,
});

/** The newest `count` values that are known. */
const newest = ({ values, length }: Column, count: number): number[] =>
  Array.from(values.subarray(Math.max(0, length - count), length)).filter((value) => !Number.isNaN(value));

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** At most `count` of the values, evenly spaced, first and last included. */
function evenly(values: readonly number[], count: number): number[] {
  if (values.length <= count) return [...values];
  return Array.from({ length: count }, (_, i) => values[Math.round((i * (values.length - 1)) / (count - 1))]!);
}
