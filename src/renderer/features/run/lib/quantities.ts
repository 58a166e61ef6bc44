/** What the small charts show: quantities of the training, and of the machine that carries it. */
import type { RunConfig } from '../../../../shared/config.ts';
import { utilisationPerToken } from '../../../../shared/flops.ts';
import type { RunSeries } from '../../../../shared/series.ts';
import type { ChartLine } from '../../../components/chart.tsx';
import type { XAxis } from '../../../lib/chart-settings.ts';
import { scaled } from '../../../lib/derived.ts';
import { formatBytes, formatPercent, formatSetting, formatShort } from '../../../lib/format.ts';
import { t } from '../../../strings.ts';
import { columnLines, tokensOf, xsOf } from './loss-lines.ts';

const texts = t.run.chart;

export interface Quantity {
  readonly key: string;
  readonly label: string;
  readonly lines: readonly ChartLine[];
  readonly format: (y: number) => string;
}

const compact = (value: number): string => formatSetting(Number(value.toPrecision(3)));
const style = { color: '--meander-average-1', width: 1.25 };
const second = { color: '--meander-average-2', width: 1.25 };

/** The peak of the device of the newest sitting, in operations per second; null where it was not measured. */
export const peakOf = (series: RunSeries): number | null => series.devices.at(-1)?.peak ?? null;

/** Those of which there is something to show. */
export function quantities(series: RunSeries, config: RunConfig, axis: XAxis, smoothing: number): Quantity[] {
  const { train, system } = series;
  const tokensPerStep = tokensOf({ config });
  const xs = xsOf(train, axis, tokensPerStep);
  const systemXs = xsOf(system, axis, tokensPerStep);
  const peak = peakOf(series);
  const all: Quantity[] = [
    {
      key: 'rate',
      label: texts.rate,
      lines: columnLines(xs, train.learningRate, { ...style, key: 'rate', label: texts.rate }),
      format: compact,
    },
    {
      key: 'gradient',
      label: texts.gradient,
      lines: columnLines(xs, train.gradientNorm, { ...style, key: 'gradient', label: texts.gradient }, smoothing),
      format: compact,
    },
    {
      key: 'speed',
      label: texts.speed,
      lines: columnLines(xs, train.tokensPerSecond, { ...style, key: 'speed', label: texts.speed }, smoothing),
      format: formatShort,
    },
    ...(peak === null
      ? []
      : [
          {
            key: 'mfu',
            label: texts.utilisation,
            lines: columnLines(
              xs,
              scaled(train.tokensPerSecond, utilisationPerToken(config.model, peak)),
              { ...style, key: 'mfu', label: texts.utilisation },
              smoothing,
            ),
            format: (y: number) => formatPercent(y, y < 0.1 ? 1 : 0),
          },
        ]),
    {
      key: 'load',
      label: texts.load,
      lines: [
        ...columnLines(systemXs, system.load, { ...second, key: 'load', label: texts.loadAll }),
        ...columnLines(systemXs, system.workerLoad, { ...style, key: 'worker', label: texts.loadWorker }),
      ],
      format: (y) => formatPercent(y),
    },
    {
      key: 'memory',
      label: texts.memory,
      lines: columnLines(systemXs, system.memory, { ...style, key: 'memory', label: texts.memory }),
      format: formatBytes,
    },
    {
      key: 'disk',
      label: texts.disk,
      lines: columnLines(systemXs, system.freeDisk, { ...style, key: 'disk', label: texts.disk }),
      format: formatBytes,
    },
    {
      key: 'temperature',
      label: texts.temperature,
      lines: columnLines(systemXs, system.temperature, { ...style, key: 'temperature', label: texts.temperature }),
      format: (y) => `${y.toFixed(0)} °C`,
    },
  ];
  return all.filter(({ lines }) => lines.some(known));
}

/** Whether a line has a value at all: what a system does not tell is a column of holes. */
function known({ ys, length }: ChartLine): boolean {
  for (let i = 0; i < length; i++) if (!Number.isNaN(ys[i])) return true;
  return false;
}
