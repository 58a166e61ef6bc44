/** How a loss chart is drawn, and the switches for it; they stay as they were left, for all runs. */
import { SegmentedControl, Switch } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { formatCount, formatDuration, formatShort } from '../../lib/format.ts';
import { t } from '../../strings.ts';
import { type XAxis, xAxes } from './lib/loss-lines.ts';
import classes from './run.module.css';

const texts = t.run.chart;

/** Evaluations from which on the start can be clipped: a young run is all start. */
export const clipFrom = 6;

const useKept = <T,>(key: string, defaultValue: T) =>
  useLocalStorage<T>({ key, defaultValue, getInitialValueInEffect: false });

export const useAxis = () => useKept<XAxis>('meander-x-axis', 'step');
export const useLogY = () => useKept('meander-log-y', false);
export const useTraining = () => useKept('meander-training-loss', true);
export const useClip = () => useKept('meander-clip-start', true);

/** Words of an x value on the chosen axis: short on the axis itself, whole in the readout. */
export function formatX(axis: XAxis): (x: number) => string {
  if (axis === 'time') return formatDuration;
  return axis === 'tokens' ? formatShort : (x) => formatCount(Math.round(x));
}

/** Words of a loss on the y axis. */
export const formatY = (y: number): string => y.toFixed(y < 10 ? 3 : 2);

export function ChartControls({ training = false }: { /** Offers to show the training loss. */ training?: boolean }) {
  const [axis, setAxis] = useAxis();
  const [logY, setLogY] = useLogY();
  const [shown, setShown] = useTraining();
  const [clip, setClip] = useClip();
  return (
    <div className={classes.controls}>
      {training && (
        <Switch
          size="xs"
          label={texts.showTraining}
          checked={shown}
          onChange={(event) => setShown(event.currentTarget.checked)}
        />
      )}
      <Switch size="xs" label={texts.clip} checked={clip} onChange={(event) => setClip(event.currentTarget.checked)} />
      <Switch size="xs" label={texts.log} checked={logY} onChange={(event) => setLogY(event.currentTarget.checked)} />
      <SegmentedControl
        size="xs"
        aria-label={texts.axis}
        value={axis}
        onChange={(value) => setAxis(value as XAxis)}
        data={xAxes.map((value) => ({ value, label: texts.axes[value] }))}
      />
    </div>
  );
}
