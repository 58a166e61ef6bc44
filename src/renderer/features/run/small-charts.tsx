/** The training and the machine in small charts, under the same pointer and zoom as the loss. */
import { Paper, Text } from '@mantine/core';
import { useMemo } from 'react';
import type { RunDetail } from '../../../shared/api.ts';
import type { RunSeries } from '../../../shared/series.ts';
import { Chart } from '../../components/chart.tsx';
import { useChartSettings } from '../../store/chart-settings.ts';
import { t } from '../../strings.ts';
import { chartGroup, formatX } from './chart-controls.tsx';
import { peakOf, quantities } from './lib/quantities.ts';
import classes from './run.module.css';

const texts = t.run.chart;

export function SmallCharts({ run, series, version }: { run: RunDetail; series: RunSeries | null; version: number }) {
  const [{ axis, logX, smoothing }] = useChartSettings(run.name);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the series grows in place; the version says when.
  const shown = useMemo(
    () => series && quantities(series, run.config, axis, smoothing),
    [series, version, run.config, axis, smoothing],
  );
  if (!series || !shown || series.train.step.length === 0) return null;
  const missing = [
    ...(peakOf(series) === null ? [texts.unknownPeak] : []),
    ...(series.system.step.length === 0 ? [texts.noSystem] : []),
  ];
  return (
    <div>
      <div className={classes.small}>
        {shown.map(({ key, label, lines, format }) => (
          <Paper key={key} p="md" style={{ minWidth: 0 }}>
            <Text size="sm" fw={600} mb={4} pr={30}>
              {label}
            </Text>
            <Chart
              label={label}
              lines={lines}
              version={version}
              height={130}
              logX={logX}
              formatX={formatX(axis)}
              formatY={format}
              group={chartGroup(run.name, axis)}
              title={texts.fileTitle(run.name, label)}
              xName={texts.axes[axis]}
            />
          </Paper>
        ))}
      </div>
      {missing.map((text) => (
        <Text key={text} size="xs" c="dimmed" mt="xs">
          {text}
        </Text>
      ))}
    </div>
  );
}
