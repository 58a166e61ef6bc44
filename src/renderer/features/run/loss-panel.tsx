/** The race: raw weights and every average on one chart, with its legend and what it means in words. */
import { Center, Group, Paper, Stack, Text, Title, VisuallyHidden } from '@mantine/core';
import { useMemo } from 'react';
import type { RunDetail } from '../../../shared/api.ts';
import type { RunSeries } from '../../../shared/series.ts';
import { Chart } from '../../components/chart.tsx';
import { ChartFoot } from '../../components/chart-foot.tsx';
import { Waiting } from '../../components/states.tsx';
import { useChartSettings } from '../../store/chart-settings.ts';
import { t } from '../../strings.ts';
import { isLive } from '../runs/lib/run-state.ts';
import { ChartControls, chartGroup, clipFrom, formatX, formatY } from './chart-controls.tsx';
import { Legend } from './legend.tsx';
import { lossLines, markers, tokensOf } from './lib/loss-lines.ts';
import { inWords } from './lib/standing.ts';

const texts = t.run.chart;
const chartHeight = 340;

export function LossPanel({
  run,
  series,
  version,
  ids,
}: {
  run: RunDetail;
  series: RunSeries | null;
  version: number;
  ids: readonly string[];
}) {
  const [settings, change] = useChartSettings(run.name);
  const { axis, training, clip, smoothing } = settings;
  const hidden = useMemo(() => new Set(settings.hidden), [settings.hidden]);
  const tokensPerStep = tokensOf(run);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the series grows in place; the version says when.
  const drawn = useMemo(
    () =>
      series && {
        lines: lossLines(series, ids, { axis, tokensPerStep, training, hidden, smoothing }),
        markers: markers(series, run.config, axis),
        words: inWords(series.evaluations, ids, run.config),
      },
    [series, version, ids.join(), axis, tokensPerStep, training, hidden, smoothing, run.config],
  );
  if (!series || !drawn)
    return (
      <Paper mih={chartHeight + 160}>
        <Waiting rows={4} />
      </Paper>
    );
  const nothing = series.train.step.length === 0 && series.evaluations.length === 0;
  return (
    <Paper component="section" aria-label={texts.title}>
      <Group justify="space-between" mb="sm" gap="sm">
        <Title order={2}>{texts.title}</Title>
        <ChartControls training settings={settings} onChange={change} />
      </Group>
      {nothing ? (
        <Center h={chartHeight}>
          <Text size="sm" c="dimmed">
            {isLive(run.status) ? texts.empty : texts.neverEvaluated}
          </Text>
        </Center>
      ) : (
        <Chart
          label={texts.label(run.name)}
          lines={drawn.lines}
          markers={drawn.markers}
          version={version}
          height={chartHeight}
          logX={settings.logX}
          logY={settings.logY}
          clipStart={clip && series.evaluations.length >= clipFrom}
          formatX={formatX(axis)}
          formatY={formatY}
          group={chartGroup(run.name, axis)}
          title={texts.fileTitle(run.name, texts.title)}
          xName={texts.axes[axis]}
        />
      )}
      {!nothing && <ChartFoot markers={drawn.markers} />}
      <Legend run={run} series={series} ids={ids} hidden={hidden} onHidden={(ids) => change({ hidden: [...ids] })} />
      <Stack gap={4} mt="md" role="region" aria-label={t.run.words.title}>
        <VisuallyHidden>
          <h3>{t.run.words.title}</h3>
        </VisuallyHidden>
        {drawn.words.map((sentence) => (
          <Text key={sentence} size="sm" className="numbers">
            {sentence}
          </Text>
        ))}
      </Stack>
    </Paper>
  );
}
