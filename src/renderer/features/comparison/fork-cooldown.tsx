/** One click makes a cooldown and queues it; what it costs stands beside the button. */
import { Button, Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { IconSnowflake } from '@tabler/icons-react';
import { useState } from 'react';
import type { RunDetail } from '../../../shared/api.ts';
import { isAnnealed } from '../../../shared/policies.ts';
import { call } from '../../door/index.ts';
import { freeName } from '../../lib/drop.ts';
import { formatCount, formatDuration, formatPercent } from '../../lib/format.ts';
import { useAction } from '../../store/action.ts';
import { refresh } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { isLive } from '../runs/lib/run-state.ts';
import { cooldownPlan } from './lib/cooldowns.ts';

const texts = t.comparison;
const forms = ['1-sqrt', 'linear'] as const;
/** What a name may have before " cooldown 99" is added to it. */
const longestName = 88;

export function ForkCooldown({
  run,
  again,
  taken,
  onMade,
}: {
  run: RunDetail;
  /** Whether there is one already. */
  again: boolean;
  taken: readonly string[];
  onMade: (name: string) => void;
}) {
  const [form, setForm] = useState(run.config.schedule.cooldownForm);
  const { busy, run: act } = useAction();
  const plan = cooldownPlan(run, isLive(run.status));
  if (plan === 'none' || plan === 'only-end')
    return again ? null : <Text size="sm">{plan === 'none' ? texts.none : texts.onlyEnd}</Text>;
  const { from, end } = plan;
  const { batch, model, steps, schedule } = run.config;
  const tokens = (end - from) * batch.microBatch * batch.accumulation * model.blockSize;
  const fork = () =>
    act(async () => {
      const childName = freeName(`${run.name.slice(0, longestName).trimEnd()} cooldown`, taken);
      await call('runs.fork', { name: run.name, step: from, purpose: 'cooldown', end, childName, form });
      await call('runs.start', { name: childName });
      refresh('runs.list', 'runs.get');
      onMade(childName);
    });
  return (
    <Stack gap={4} mt={again ? 'md' : 0}>
      <Group gap="sm">
        <Button
          variant={again ? 'default' : 'filled'}
          size={again ? 'xs' : 'sm'}
          leftSection={<IconSnowflake size={16} />}
          onClick={fork}
          loading={busy}
        >
          {again ? texts.another : texts.fork}
        </Button>
        <SegmentedControl
          size="xs"
          aria-label={texts.form}
          value={form}
          onChange={(value) => setForm(value as (typeof forms)[number])}
          data={forms.map((value) => ({ value, label: texts.forms[value] }))}
        />
        <Text size="xs" c="dimmed" className="numbers">
          {texts.plan(
            formatCount(from),
            formatCount(end),
            formatCount(end - from),
            formatPercent((end - from) / steps),
          )}
          {run.speed !== null && run.speed > 0 && texts.planSeconds(formatDuration(tokens / run.speed))}.
        </Text>
      </Group>
      {(!plan.reached || isAnnealed(schedule)) && (
        <Text size="xs" c="dimmed">
          {[
            ...(plan.reached ? [] : [texts.beyond(formatCount(end))]),
            ...(plan.reached || plan.kept ? [] : [texts.swept(formatCount(end))]),
            ...(isAnnealed(schedule) ? [texts.ownSchedule] : []),
          ].join(' ')}
        </Text>
      )}
    </Stack>
  );
}
