/** The honest comparison: a cooldown forked with one click, drawn beside raw and averages, and what it says in words. */
import { Anchor, Group, Paper, Select, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';
import type { RunDetail } from '../../../shared/api.ts';
import { formatCount } from '../../lib/format.ts';
import { routes } from '../../lib/routes.ts';
import { useQuery } from '../../store/cache.ts';
import type { RunMetrics } from '../../store/run-metrics.ts';
import { t } from '../../strings.ts';
import { ForkCooldown } from './fork-cooldown.tsx';
import { cooldownsOf, shownCooldown } from './lib/cooldowns.ts';
import { Standoff } from './standoff.tsx';

const texts = t.comparison;

export function ComparisonPanel({
  run,
  metrics,
  ids,
}: {
  run: RunDetail;
  metrics: RunMetrics;
  /** Averages in the order of the page, which gives them their colours. */
  ids: readonly string[];
}) {
  const { data: runs } = useQuery('runs.list', undefined);
  const [chosen, setChosen] = useState<string | null>(null);
  if (run.status === 'broken' || !runs) return null;
  const all = cooldownsOf(runs, run.name);
  const child = shownCooldown(all, chosen);
  const cooled = run.parent?.purpose === 'cooldown' ? run.parent : null;
  return (
    <Paper component="section" aria-label={texts.title}>
      <Group justify="space-between" gap="sm" mb={4}>
        <Title order={2}>{texts.title}</Title>
        {all.length > 1 && child && (
          <Select
            size="xs"
            w={300}
            maw="100%"
            aria-label={texts.choose}
            data={all.map(({ name, parent, config }) => ({
              value: name,
              label: texts.option(name, formatCount(parent?.step ?? 0), formatCount(config.steps)),
            }))}
            value={child.name}
            onChange={setChosen}
            allowDeselect={false}
          />
        )}
      </Group>
      {cooled ? (
        <Text size="sm" c="dimmed">
          {texts.ofParent}{' '}
          <Anchor component={Link} href={routes.run(cooled.name)} size="sm">
            {cooled.name}
          </Anchor>
          .
        </Text>
      ) : (
        <>
          {child ? (
            <Standoff
              key={child.name}
              run={run}
              child={child}
              evaluations={metrics.series?.evaluations ?? []}
              ids={ids}
            />
          ) : (
            <Text size="sm" c="dimmed" mb="sm">
              {texts.about}
            </Text>
          )}
          <ForkCooldown run={run} again={child !== null} taken={runs.map(({ name }) => name)} onMade={setChosen} />
        </>
      )}
    </Paper>
  );
}
