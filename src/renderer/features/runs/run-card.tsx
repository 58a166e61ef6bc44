/** One run in the list. */
import { ActionIcon, Anchor, Checkbox, Group, Menu, Paper, Progress, Text, Tooltip } from '@mantine/core';
import { IconChartLine, IconCopy, IconDots, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';
import type { RunSummary } from '../../../shared/api.ts';
import { Confirm } from '../../components/confirm.tsx';
import { Sparkline } from '../../components/sparkline.tsx';
import { barColor, StatusBadge } from '../../components/status.tsx';
import { Figure, Truncated } from '../../components/text.tsx';
import { call } from '../../door/index.ts';
import { formatBytes, formatCount, formatDuration, formatLoss, formatSigned, formatWhen } from '../../lib/format.ts';
import { routes } from '../../lib/routes.ts';
import { refresh } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { isLive, progressShare } from './lib/run-state.ts';
import { MainButton } from './main-button.tsx';
import classes from './runs.module.css';

const texts = t.runs;

export function RunCard({
  run,
  childNames,
  selected,
  onSelect,
}: {
  run: RunSummary;
  childNames: readonly string[];
  selected: boolean;
  /** Absent where there is nothing to compare with. */
  onSelect?: () => void;
}) {
  const [removing, setRemoving] = useState(false);
  const left = run.job?.progress?.secondsLeft ?? null;
  const gain = run.bestAverage && run.bestRaw !== null ? run.bestAverage.loss - run.bestRaw : null;
  return (
    <Paper component="article" aria-label={run.name} className={classes.card} p="md">
      <div className={classes.head}>
        <Group gap="sm" wrap="nowrap" style={{ minWidth: 0 }}>
          {onSelect && (
            <Checkbox
              size="sm"
              className={classes.above}
              checked={selected}
              onChange={onSelect}
              aria-label={texts.select.one(run.name)}
            />
          )}
          <Anchor component={Link} href={routes.run(run.name)} className={classes.link} c="var(--mantine-color-text)">
            <Truncated fw={600}>{run.name}</Truncated>
          </Anchor>
          <StatusBadge status={run.status} />
        </Group>
        {run.parent ? (
          <Text size="xs" c="dimmed" truncate="end">
            {texts.parent[run.parent.purpose]}{' '}
            <Anchor component={Link} href={routes.run(run.parent.name)} size="xs" className={classes.above}>
              {texts.parentOf(run.parent.name, formatCount(run.parent.step))}
            </Anchor>
          </Text>
        ) : (
          <Text size="xs" c="dimmed">
            {formatWhen(run.createdAt, new Date())}
          </Text>
        )}
      </div>
      <div className={classes.spark}>
        {run.spark.length > 1 && <Sparkline values={run.spark} label={texts.sparkline(run.name)} />}
      </div>
      <div className={classes.losses}>
        <Figure label={texts.columns.best}>{run.bestRaw === null ? '–' : formatLoss(run.bestRaw)}</Figure>
        <Figure label={texts.columns.average} title={run.bestAverage?.id}>
          {run.bestAverage ? formatLoss(run.bestAverage.loss) : '–'}
          {gain !== null && (
            <Text component="span" size="xs" c="dimmed" ml={6}>
              {formatSigned(gain, 3)}
            </Text>
          )}
        </Figure>
      </div>
      <div className={classes.progress}>
        <Group justify="space-between" gap={6} wrap="nowrap" mb={4}>
          <Text size="xs" c="dimmed" className="numbers">
            {texts.step(formatCount(run.step), formatCount(run.config.steps))}
          </Text>
          <Text size="xs" c="dimmed" className="numbers">
            {left === null || !isLive(run.status) ? '' : t.timeLeft(formatDuration(left))}
          </Text>
        </Group>
        <Progress
          size="sm"
          value={100 * progressShare(run)}
          color={barColor(run.status)}
          aria-label={texts.progress(run.name)}
        />
      </div>
      <Group gap={4} wrap="nowrap" justify="flex-end" className={classes.above}>
        <MainButton run={run} size="xs" quiet />
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={texts.actions.more(run.name)}>
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <CloneItem run={run} />
            {run.parent && (
              <Menu.Item
                component={Link}
                href={routes.compare([run.parent.name, run.name])}
                leftSection={<IconChartLine size={16} />}
              >
                {texts.compareWithParent}
              </Menu.Item>
            )}
            <Menu.Divider />
            <Menu.Item
              color="red"
              leftSection={<IconTrash size={16} />}
              disabled={isLive(run.status)}
              onClick={() => setRemoving(true)}
            >
              {texts.actions.delete}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Group>
      {(run.problem ?? run.job?.error) && (
        <Text size="sm" c="red" className={classes.problem} role="alert">
          {run.job?.error ? `${run.job.error.message} ${run.job.error.next}` : run.problem}
        </Text>
      )}
      <RemoveRun run={run} childNames={childNames} opened={removing} onClose={() => setRemoving(false)} />
    </Paper>
  );
}

/** New run, filled in from this one. A child's start is not a recipe, so it has none to give. */
export function CloneItem({ run }: { run: Pick<RunSummary, 'name' | 'status' | 'config'> }) {
  const child = run.config.init.from === 'checkpoint';
  const off = child || run.status === 'broken';
  return (
    <Tooltip label={texts.cloneChild} disabled={!child} position="left">
      <div>
        <Menu.Item
          component={Link}
          href={routes.newRunLike(run.name)}
          leftSection={<IconCopy size={16} />}
          disabled={off}
        >
          {texts.clone}
        </Menu.Item>
      </div>
    </Tooltip>
  );
}

export function RemoveRun({
  run,
  childNames,
  opened,
  onClose,
  onRemoved,
}: {
  run: Pick<RunSummary, 'name' | 'bytes'>;
  childNames: readonly string[];
  opened: boolean;
  onClose: () => void;
  onRemoved?: () => void;
}) {
  return (
    <Confirm
      opened={opened}
      onClose={onClose}
      title={texts.remove.title(run.name)}
      action={texts.remove.action}
      onConfirm={async () => {
        await call('runs.delete', { name: run.name });
        refresh('runs.list', 'datasets.list');
        onRemoved?.();
      }}
    >
      {texts.remove.text(formatBytes(run.bytes))}
      {childNames.length > 0 && ` ${texts.remove.children(childNames.join(', '))}`}
    </Confirm>
  );
}
