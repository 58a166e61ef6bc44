/** Where the run is: phase, progress, speed, time, device. */
import { Group, Paper, Progress, Stack, Text } from '@mantine/core';
import type { RunDetail } from '../../../shared/api.ts';
import type { RunSeries } from '../../../shared/series.ts';
import { barColor, PhaseChip } from '../../components/status.tsx';
import { Figure } from '../../components/text.tsx';
import { formatCount, formatDuration, formatPercent, formatShort } from '../../lib/format.ts';
import { t } from '../../strings.ts';
import { isLive, progressShare } from '../runs/lib/run-state.ts';
import classes from './run.module.css';

const texts = t.run.status;

export function StatusPanel({ run, series }: { run: RunDetail; series: RunSeries | null; version: number }) {
  const progress = isLive(run.status) ? (run.job?.progress ?? null) : null;
  const device = run.job?.device ?? run.device;
  const why = run.job?.device?.why;
  const share = progressShare(run);
  const rate = progress?.rate ?? series?.train.tokensPerSecond.last ?? null;
  const elapsed = Math.max(series?.train.seconds.last ?? 0, series?.evaluations.at(-1)?.seconds ?? 0);
  return (
    <Paper role="region" aria-label={texts.progress}>
      <Stack gap="sm">
        <Group gap="md" wrap="nowrap">
          {progress ? <PhaseChip phase={progress.phase} /> : null}
          <Progress value={100 * share} color={barColor(run.status)} style={{ flex: 1 }} aria-label={texts.progress} />
          <Text size="sm" fw={550} className="numbers" miw={52} ta="right">
            {formatPercent(share, 1)}
          </Text>
        </Group>
        <div className={classes.facts}>
          <Figure label={texts.step}>{t.runs.step(formatCount(run.step), formatCount(run.config.steps))}</Figure>
          <Figure label={texts.tokens}>{rate === null ? '–' : formatShort(rate)}</Figure>
          <Figure label={texts.left}>
            {progress?.secondsLeft == null ? '–' : formatDuration(progress.secondsLeft)}
          </Figure>
          <Figure label={texts.elapsed}>{elapsed > 0 ? formatDuration(elapsed) : '–'}</Figure>
          <div className={classes.wide}>
            <Figure
              label={isLive(run.status) ? texts.device : texts.ranOn}
              title={device ? [device.device, why].filter(Boolean).join('. ') : undefined}
            >
              {device ? deviceText(device.backend, device.family, device.threads) : '–'}
            </Figure>
          </div>
        </div>
        {(run.status === 'queued' || progress?.reason) && (
          <Text size="sm" c="dimmed" role="status">
            {progress?.reason ?? texts.waiting}
          </Text>
        )}
      </Stack>
    </Paper>
  );
}

/** A card's threads are not the processor's. */
function deviceText(backend: string, family: string, threads: number): string {
  return `${backend}, ${family}${backend === 'webgpu' ? '' : ` · ${texts.threads(threads)}`}`;
}
