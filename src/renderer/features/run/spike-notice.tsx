/** Where a run's training loss has spiked: what happened, from which weights a rescue would begin, and the rescue. */
import { Anchor, Button, Text } from '@mantine/core';
import { IconLifebuoy } from '@tabler/icons-react';
import { Link, useLocation } from 'wouter';
import type { RunDetail } from '../../../shared/api.ts';
import type { RunSeries } from '../../../shared/series.ts';
import { Notice } from '../../components/notice.tsx';
import { call } from '../../door/index.ts';
import { freeName } from '../../lib/drop.ts';
import { formatCount, formatLoss } from '../../lib/format.ts';
import { routes } from '../../lib/routes.ts';
import { useAction } from '../../store/action.ts';
import { refresh, useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { lossSince, spikeState } from './lib/spike.ts';

const texts = t.run.spike;

/** `version` says when `series`, which grows in place, has changed. */
export function SpikeNotice({ run, series }: { run: RunDetail; series: RunSeries | null; version: number }) {
  const runs = useQuery('runs.list', undefined);
  const [, navigate] = useLocation();
  const { busy, run: act } = useAction();
  const state = runs.data ? spikeState(run, runs.data) : null;
  if (!state) return null;
  const { spike } = state;
  if (state.kind === 'rescued')
    return (
      <Text size="sm" c="dimmed" mt={-8}>
        {texts.rescued(formatCount(spike.onset))}{' '}
        <Anchor component={Link} href={routes.run(state.child)} size="sm">
          {state.child}
        </Anchor>
      </Text>
    );

  const since = lossSince(spike, series);
  const rescue = (stopFirst: boolean) =>
    act(async () => {
      const childName = freeName(
        `${run.name} rescue`,
        (runs.data ?? []).map(({ name }) => name),
      );
      // Made first: should that fail, the run goes on.
      await call('runs.rescue', { name: run.name, childName });
      if (stopFirst) await call('runs.stop', { name: run.name });
      const { place } = await call('runs.start', { name: childName });
      // It takes its parent's turn, before whatever else waits.
      if (stopFirst && place !== null && place > 1) await call('runs.move', { name: childName, place: 1 });
      refresh('runs.');
      navigate(routes.run(childName));
    });
  return (
    <Notice kind={since?.back ? 'info' : 'warning'} title={texts.title(formatCount(spike.onset))}>
      <Text size="sm" className="numbers">
        {spike.loss === null
          ? texts.notFinite(formatCount(spike.step))
          : texts.high(formatCount(spike.step), formatLoss(spike.loss), formatLoss(spike.limit))}{' '}
        {since?.loss != null && texts[since.back ? 'back' : 'stays'](formatCount(since.step), formatLoss(since.loss))}
      </Text>
      {state.kind === 'lost' ? (
        <Text size="sm" c="dimmed">
          {texts.lost[state.why]}
        </Text>
      ) : (
        <>
          <Text size="sm" c="dimmed" className="numbers">
            {texts.offer(formatCount(state.begins), spike.snapshots.map(formatCount), formatCount(state.warmup))}{' '}
            {state.stopFirst && texts.stopsFirst}
          </Text>
          <Button
            size="xs"
            mt={4}
            leftSection={<IconLifebuoy size={15} />}
            loading={busy}
            onClick={() => rescue(state.stopFirst)}
          >
            {state.stopFirst ? texts.stopAndRescue : texts.rescue}
          </Button>
        </>
      )}
    </Notice>
  );
}
