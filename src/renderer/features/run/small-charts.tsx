/** Learning rate, gradient norm and speed, under the same pointer and zoom as the loss. */
import { Paper, Text } from '@mantine/core';
import { useMemo } from 'react';
import type { RunDetail } from '../../../shared/api.ts';
import { Chart } from '../../components/chart.tsx';
import { formatSetting, formatShort } from '../../lib/format.ts';
import type { RunSeries, TrainColumn } from '../../lib/series.ts';
import { t } from '../../strings.ts';
import { formatX, useAxis } from './chart-controls.tsx';
import { columnLine, tokensOf } from './lib/loss-lines.ts';
import classes from './run.module.css';

const compact = (value: number): string => formatSetting(Number(value.toPrecision(3)));
const quantities: readonly { column: TrainColumn; label: string; format: (y: number) => string }[] = [
  { column: 'learningRate', label: t.run.chart.rate, format: compact },
  { column: 'gradientNorm', label: t.run.chart.gradient, format: compact },
  { column: 'tokensPerSecond', label: t.run.chart.speed, format: formatShort },
];

export function SmallCharts({ run, series, version }: { run: RunDetail; series: RunSeries | null; version: number }) {
  const [axis] = useAxis();
  const tokensPerStep = tokensOf(run);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the series grows in place; the version says when.
  const lines = useMemo(
    () =>
      series &&
      quantities.map(({ column, label }) => [
        columnLine(series, column, { axis, tokensPerStep, label, color: '--meander-average-1' }),
      ]),
    [series, version, axis, tokensPerStep],
  );
  if (!series || !lines || series.step.length === 0) return null;
  return (
    <div className={classes.small}>
      {quantities.map(({ column, label, format }, i) => (
        <Paper key={column} p="md" style={{ minWidth: 0 }}>
          <Text size="sm" fw={600} mb={4}>
            {label}
          </Text>
          <Chart
            label={label}
            lines={lines[i]}
            version={version}
            height={130}
            formatX={formatX(axis)}
            formatY={format}
            group={`run ${run.name}`}
            yWidth={52}
          />
        </Paper>
      ))}
    </div>
  );
}
