/** The switches for how charts are drawn; they stay as they were left, run by run. */
import { Group, SegmentedControl, Slider, Switch, Text } from '@mantine/core';
import { type ChartSettings, smoothings, type XAxis, xAxes } from '../../lib/chart-settings.ts';
import { formatCount, formatDuration, formatShort } from '../../lib/format.ts';
import { t } from '../../strings.ts';
import classes from './run.module.css';

const texts = t.run.chart;

/** Evaluations from which on the start can be clipped: a young run is all start. */
export const clipFrom = 6;

/** Words of an x value on the chosen axis: short on the axis itself, whole in the readout. */
export function formatX(axis: XAxis): (x: number) => string {
  if (axis === 'time') return formatDuration;
  return axis === 'tokens' ? formatShort : (x) => formatCount(Math.round(x));
}

/** Charts of a run share their zoom as long as they share their axis. */
export const chartGroup = (run: string, axis: XAxis): string => `run ${run} ${axis}`;

/** Words of a loss on the y axis. */
export const formatY = (y: number): string => y.toFixed(y < 10 ? 3 : 2);

/** Stop of the smoothing slider that is nearest to a weight. */
const stopOf = (weight: number): number =>
  smoothings.reduce<number>((best, w, i) => (Math.abs(w - weight) < Math.abs(smoothings[best] - weight) ? i : best), 0);

export function ChartControls({
  settings,
  onChange,
  training = false,
}: {
  settings: ChartSettings;
  onChange: (change: Partial<ChartSettings>) => void;
  /** Offers the training loss, and to smooth it. */
  training?: boolean;
}) {
  const toggle = (key: 'training' | 'clip' | 'logX' | 'logY', label: string) => (
    <Switch
      size="xs"
      label={label}
      checked={settings[key]}
      onChange={(event) => onChange({ [key]: event.currentTarget.checked })}
    />
  );
  return (
    <div className={classes.controls}>
      {training && toggle('training', texts.showTraining)}
      {training && (
        <Group gap={8} wrap="nowrap">
          <Text size="xs" id="smoothing-label">
            {texts.smoothing}
          </Text>
          <Slider
            size="sm"
            w={96}
            min={0}
            max={smoothings.length - 1}
            label={(stop) => (stop === 0 ? texts.smoothingOff : smoothings[stop])}
            value={stopOf(settings.smoothing)}
            onChange={(stop) => onChange({ smoothing: smoothings[stop] })}
            thumbProps={{ 'aria-labelledby': 'smoothing-label' }}
            aria-labelledby="smoothing-label"
          />
          <Text size="xs" c="dimmed" className="numbers" miw={38}>
            {settings.smoothing === 0 ? texts.smoothingOff : settings.smoothing}
          </Text>
        </Group>
      )}
      {toggle('clip', texts.clip)}
      {toggle('logX', texts.logX)}
      {toggle('logY', texts.log)}
      <SegmentedControl
        size="xs"
        aria-label={texts.axis}
        value={settings.axis}
        onChange={(value) => onChange({ axis: value as XAxis })}
        data={xAxes.map((value) => ({ value, label: texts.axes[value] }))}
      />
    </div>
  );
}
