/** Name, state and verbs of a run; beside them what went wrong, when something did. */
import { ActionIcon, Anchor, Box, Button, Group, Menu, Text, Title, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import {
  IconChartLine,
  IconDots,
  IconFolder,
  IconPackageExport,
  IconPlayerStop,
  IconPlayerTrackNext,
  IconPlus,
  IconSnowflake,
  IconSparkles,
  IconTrash,
  IconX,
} from '@tabler/icons-react';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { RunDetail } from '../../../shared/api.ts';
import { Problem } from '../../components/states.tsx';
import { StatusBadge } from '../../components/status.tsx';
import { call } from '../../door/index.ts';
import { formatCount } from '../../lib/format.ts';
import { routes } from '../../lib/routes.ts';
import { tellFailure, useAction } from '../../store/action.ts';
import { refresh, useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import type { ExportWish } from '../export/export-dialog.tsx';
import { isLive, isTraining } from '../runs/lib/run-state.ts';
import { MainButton } from '../runs/main-button.tsx';
import { RemoveRun } from '../runs/remove-run.tsx';
import { CloneItem } from '../runs/run-card.tsx';
import type { ForkWish } from './fork-dialog.tsx';
import { PolicyDialog } from './policy-dialog.tsx';
import { StopDialog } from './stop-dialog.tsx';

const texts = t.run.actions;

export function RunHeader({
  run,
  onExport,
  onFork,
  onSample,
}: {
  run: RunDetail;
  onExport: (wish: ExportWish) => void;
  onFork: (wish: ForkWish) => void;
  onSample: () => void;
}) {
  const [dialog, setDialog] = useState<'stop' | 'policy' | 'delete' | null>(null);
  const close = () => setDialog(null);
  const [, navigate] = useLocation();
  const info = useQuery('app.info', undefined);
  const { busy, run: act } = useAction();
  const training = isTraining(run.status);
  const saved = run.checkpoints.length > 0;
  return (
    <Group justify="space-between" wrap="nowrap" align="flex-start" gap="md">
      <Box style={{ minWidth: 0, flex: 1 }}>
        <Group gap="sm" wrap="nowrap">
          <Tooltip label={run.name} openDelay={600}>
            <Title order={1} style={{ overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }}>
              {run.name}
            </Title>
          </Tooltip>
          <StatusBadge status={run.status} />
        </Group>
        {run.parent && (
          <Text size="xs" c="dimmed" truncate="end">
            {t.runs.parent[run.parent.purpose]}{' '}
            <Anchor component={Link} href={routes.run(run.parent.name)} size="xs">
              {t.runs.parentOf(run.parent.name, formatCount(run.parent.step))}
            </Anchor>{' '}
            ·{' '}
            <Anchor component={Link} href={routes.compare([run.parent.name, run.name])} size="xs">
              {t.runs.compareWithParent}
            </Anchor>
          </Text>
        )}
      </Box>
      <Group gap="xs" wrap="nowrap" style={{ flexShrink: 0 }}>
        <MainButton run={run} />
        {run.status === 'queued' && (
          <Button
            variant="default"
            leftSection={<IconX size={16} />}
            loading={busy}
            onClick={() =>
              act(async () => {
                await call('runs.stop', { name: run.name });
                refresh('runs.list', 'runs.get');
              })
            }
          >
            {texts.leaveQueue}
          </Button>
        )}
        {isLive(run.status) && run.status !== 'queued' && (
          <Button
            variant="default"
            leftSection={<IconPlayerStop size={16} />}
            disabled={run.status === 'stopping'}
            onClick={() => setDialog('stop')}
          >
            {run.status === 'stopping' ? texts.stopping : texts.stop}
          </Button>
        )}
        {saved && (
          <Button
            variant="default"
            leftSection={<IconPackageExport size={16} />}
            onClick={() => onExport({ step: null, of: null })}
            visibleFrom="sm"
          >
            {texts.export}
          </Button>
        )}
        <Menu position="bottom-end" width={230}>
          <Menu.Target>
            <ActionIcon variant="default" size={36} aria-label={texts.more} loading={busy}>
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item
              leftSection={<IconChartLine size={16} />}
              disabled={!training}
              onClick={() =>
                act(async () => {
                  await call('runs.evaluate', { name: run.name });
                  notifications.show({ message: texts.evaluateAsked });
                })
              }
            >
              {texts.evaluate}
            </Menu.Item>
            <Menu.Item leftSection={<IconSparkles size={16} />} disabled={!training && !saved} onClick={onSample}>
              {texts.sample}
            </Menu.Item>
            <Menu.Item leftSection={<IconPlus size={16} />} disabled={!training} onClick={() => setDialog('policy')}>
              {texts.addPolicy}
            </Menu.Item>
            <Menu.Divider />
            <Menu.Item
              leftSection={<IconSnowflake size={16} />}
              disabled={!saved}
              onClick={() => onFork({ purpose: 'cooldown', step: null })}
            >
              {texts.cooldown}
            </Menu.Item>
            <Menu.Item
              leftSection={<IconPlayerTrackNext size={16} />}
              disabled={!saved}
              onClick={() => onFork({ purpose: 'continue', step: null })}
            >
              {texts.longer}
            </Menu.Item>
            <CloneItem run={run} />
            <Menu.Item
              leftSection={<IconPackageExport size={16} />}
              disabled={!saved}
              onClick={() => onExport({ step: null, of: null })}
            >
              {texts.export}
            </Menu.Item>
            <Menu.Divider />
            {info.data?.capabilities.reveal && (
              <Menu.Item
                leftSection={<IconFolder size={16} />}
                onClick={() => call('shell.reveal', { path: run.folder }).catch(tellFailure)}
              >
                {texts.reveal}
              </Menu.Item>
            )}
            <Menu.Item
              color="red"
              leftSection={<IconTrash size={16} />}
              disabled={isLive(run.status)}
              onClick={() => setDialog('delete')}
            >
              {texts.delete}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Group>
      <StopDialog run={run} opened={dialog === 'stop'} onClose={close} />
      {dialog === 'policy' && <PolicyDialog run={run} onClose={close} />}
      <RemoveRun run={run} opened={dialog === 'delete'} onClose={close} onRemoved={() => navigate(routes.runs)} />
    </Group>
  );
}

/** What went wrong and how to go on. */
export function FailurePanel({ run }: { run: RunDetail }) {
  if (isLive(run.status)) return null;
  const texts = t.run.failed;
  const error =
    run.job?.error ??
    (run.problem !== null
      ? { code: 'run', message: run.problem, next: texts.interruptedNext }
      : run.status === 'interrupted'
        ? { code: 'interrupted', message: texts.interrupted, next: texts.interruptedNext }
        : null);
  if (!error || run.status === 'finished') return null;
  return <Problem error={error} actions={<MainButton run={run} size="xs" />} />;
}
