/** The race: raw weights and every average on one chart, with its legend and what it means in words. */
import { Center, Group, Paper, SegmentedControl, Stack, Switch, Text, Title, VisuallyHidden } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { useMemo, useState } from 'react';
import type { RunDetail } from '../../../shared/api.ts';
import { Chart } from '../../components/chart.tsx';
import { Waiting } from '../../components/states.tsx';
import { formatCount, formatDuration, formatShort } from '../../lib/format.ts';
import type { RunSeries } from '../../lib/series.ts';
import { t } from '../../strings.ts';
import { isLive } from '../runs/lib/run-state.ts';
import { Legend } from './legend.tsx';
import { lossLines, markers, type XAxis, xAxes } from './lib/loss-lines.ts';
import { inWords } from './lib/standing.ts';
import classes from './run.module.css';

const texts = t.run.chart;
const chartHeight = 340;
/** A young run is all start. */
const clipFrom = 6;

export const tokensOf = (run: RunDetail): number =>
  run.config.batch.microBatch * run.config.batch.accumulation * run.config.model.blockSize;

/** Words of an x value on the chosen axis: short on the axis itself, whole in the readout. */
export function formatX(axis: XAxis): (x: number) => string {
  if (axis === 'time') return formatDuration;
  return axis === 'tokens' ? formatShort : (x) => formatCount(Math.round(x));
}

/** Chart settings stay as they were left, for all runs. */
export const useAxis = () =>
  useLocalStorage<XAxis>({ key: 'meander-x-axis', defaultValue: 'step', getInitialValueInEffect: false });

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
  const [axis, setAxis] = useAxis();
  const [logY, setLogY] = useLocalStorage({
    key: 'meander-log-y',
    defaultValue: false,
    getInitialValueInEffect: false,
  });
  const [training, setTraining] = useLocalStorage({
    key: 'meander-training-loss',
    defaultValue: true,
    getInitialValueInEffect: false,
  });
  const [clip, setClip] = useLocalStorage({
    key: 'meander-clip-start',
    defaultValue: true,
    getInitialValueInEffect: false,
  });
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const tokensPerStep = tokensOf(run);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the series grows in place; the version says when.
  const drawn = useMemo(
    () =>
      series && {
        lines: lossLines(series, ids, { axis, tokensPerStep, training, hidden }),
        markers: markers(series, axis, tokensPerStep),
        words: inWords(series.evaluations, ids, run.config),
      },
    [series, version, ids.join(), axis, tokensPerStep, training, hidden, run.config],
  );
  if (!series || !drawn)
    return (
      <Paper mih={chartHeight + 160}>
        <Waiting rows={4} />
      </Paper>
    );
  const nothing = series.step.length === 0 && series.evaluations.length === 0;
  return (
    <Paper component="section" aria-label={texts.title}>
      <Group justify="space-between" mb="sm" gap="sm">
        <Title order={2}>{texts.title}</Title>
        <div className={classes.controls}>
          <Switch
            size="xs"
            label={texts.showTraining}
            checked={training}
            onChange={(event) => setTraining(event.currentTarget.checked)}
          />
          <Switch
            size="xs"
            label={texts.clip}
            checked={clip}
            onChange={(event) => setClip(event.currentTarget.checked)}
          />
          <Switch
            size="xs"
            label={texts.log}
            checked={logY}
            onChange={(event) => setLogY(event.currentTarget.checked)}
          />
          <SegmentedControl
            size="xs"
            aria-label={texts.axis}
            value={axis}
            onChange={(value) => setAxis(value as XAxis)}
            data={xAxes.map((value) => ({ value, label: texts.axes[value] }))}
          />
        </div>
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
          logY={logY}
          clipStart={clip && series.evaluations.length >= clipFrom}
          formatX={formatX(axis)}
          formatY={(y) => y.toFixed(y < 10 ? 3 : 2)}
          group={`run ${run.name}`}
        />
      )}
      <Text size="xs" c="dimmed" ta="right" mb="xs">
        {nothing ? ' ' : t.chart.zoomHint}
      </Text>
      <Legend run={run} series={series} ids={ids} hidden={hidden} onHidden={setHidden} />
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
