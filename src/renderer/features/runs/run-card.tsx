/** One run in the list. */
import { ActionIcon, Anchor, Checkbox, Group, Menu, Paper, Progress, Text, Tooltip } from '@mantine/core';
import {
  IconArrowBarToUp,
  IconChartLine,
  IconCopy,
  IconDots,
  IconPlaylistX,
  IconTag,
  IconTrash,
} from '@tabler/icons-react';
import { memo, useState } from 'react';
import { Link } from 'wouter';
import type { RunSummary } from '../../../shared/api.ts';
import { isChild } from '../../../shared/fork.ts';
import { Sparkline } from '../../components/sparkline.tsx';
import { barColor, StatusBadge } from '../../components/status.tsx';
import { Figure } from '../../components/text.tsx';
import { formatCount, formatDuration, formatLoss, formatSigned, formatWhen } from '../../lib/format.ts';
import { routes } from '../../lib/routes.ts';
import { t } from '../../strings.ts';
import { SweepDialog } from '../sweep/sweep-dialog.tsx';
import { SweepItem } from '../sweep/sweep-entry.tsx';
import { isLive, progressShare } from './lib/run-state.ts';
import { MainButton } from './main-button.tsx';
import { RemoveRun } from './remove-run.tsx';
import { NotesDialog, Tags } from './run-notes.tsx';
import classes from './runs.module.css';
import { useQueue } from './use-queue.ts';

const texts = t.runs;

/** Children that a card names; more are counted. */
const namedChildren = 3;

interface Props {
  readonly run: RunSummary;
  readonly childNames: readonly string[];
  /** Whether the run that it was started from is still there. */
  readonly hasParent: boolean;
  /** Runs that wait in all, and the one that this run waits for. */
  readonly waiting: number;
  readonly behind: string | null;
  readonly selected: boolean;
  /** Absent where there is nothing to compare with. */
  readonly onToggle?: (name: string) => void;
  readonly onTag: (tag: string) => void;
}

/** Drawn again only when something of its own changed: of 300 cards one trains. */
export const RunCard = memo(Card, (before, after) =>
  (Object.keys({ ...before, ...after }) as (keyof Props)[]).every((key) =>
    key === 'childNames'
      ? before.childNames.join('\n') === after.childNames.join('\n')
      : // A run that waits for nothing has no place to count.
        (key === 'waiting' && after.run.place === null) || Object.is(before[key], after[key]),
  ),
);

function Card({ run, childNames, hasParent, waiting, behind, selected, onToggle, onTag }: Props) {
  const [dialog, setDialog] = useState<'remove' | 'notes' | 'sweep' | null>(null);
  const queue = useQueue();
  const left = run.job?.progress?.secondsLeft ?? null;
  const gain = run.bestAverage && run.bestRaw !== null ? run.bestAverage.loss - run.bestRaw : null;
  return (
    <Paper component="article" aria-label={run.name} className={classes.card} p="md">
      <div className={classes.head}>
        <Group gap="sm" wrap="nowrap" style={{ minWidth: 0 }}>
          {onToggle && (
            <Checkbox
              size="sm"
              className={classes.above}
              checked={selected}
              onChange={() => onToggle(run.name)}
              aria-label={texts.select.one(run.name)}
            />
          )}
          <Anchor component={Link} href={routes.run(run.name)} className={classes.link} c="var(--mantine-color-text)">
            <Text fw={600} lh={1.35} lineClamp={3} title={run.name} style={{ overflowWrap: 'anywhere' }}>
              {run.name}
            </Text>
          </Anchor>
          <StatusBadge status={run.status} />
        </Group>
        {run.parent ? (
          <Text size="xs" c="dimmed" truncate="end">
            {texts.parent[run.parent.purpose]}{' '}
            {hasParent ? (
              <Anchor component={Link} href={routes.run(run.parent.name)} size="xs" className={classes.above}>
                {texts.parentOf(run.parent.name, formatCount(run.parent.step))}
              </Anchor>
            ) : (
              texts.parentGone(run.parent.name, formatCount(run.parent.step))
            )}
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
            {run.place !== null && (
              <>
                <Menu.Item
                  leftSection={<IconArrowBarToUp size={16} />}
                  disabled={run.place === 1}
                  onClick={() => void queue.move(run.name, 1)}
                >
                  {texts.queue.trainNext}
                </Menu.Item>
                <Menu.Item leftSection={<IconPlaylistX size={16} />} onClick={() => void queue.leave(run.name)}>
                  {texts.queue.leaveQueue}
                </Menu.Item>
                <Menu.Divider />
              </>
            )}
            <Menu.Item leftSection={<IconTag size={16} />} onClick={() => setDialog('notes')}>
              {texts.notes.edit}
            </Menu.Item>
            <CloneItem run={run} />
            <SweepItem run={run} onOpen={() => setDialog('sweep')} />
            {run.parent && hasParent && (
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
              onClick={() => setDialog('remove')}
            >
              {texts.actions.delete}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Group>
      <More run={run} childNames={childNames} waiting={waiting} behind={behind} onTag={onTag} />
      {(run.problem ?? run.job?.error) && (
        <Text
          size="sm"
          c={isLive(run.status) ? 'dimmed' : 'red'}
          className={classes.problem}
          role={isLive(run.status) ? undefined : 'alert'}
        >
          {run.job?.error ? `${run.job.error.message} ${run.job.error.next}` : run.problem}
        </Text>
      )}
      <RemoveRun run={run} opened={dialog === 'remove'} onClose={() => setDialog(null)} />
      {dialog === 'notes' && <NotesDialog run={run} onClose={() => setDialog(null)} />}
      {dialog === 'sweep' && (
        <SweepDialog base={{ ...run.config, name: run.name }} like={run.name} onClose={() => setDialog(null)} />
      )}
    </Paper>
  );
}

/** What not every run has: its place in the queue, children, tags, a note. */
function More({
  run,
  childNames,
  waiting,
  behind,
  onTag,
}: Pick<Props, 'run' | 'childNames' | 'waiting' | 'behind' | 'onTag'>) {
  if (run.place === null && childNames.length === 0 && run.tags.length === 0 && run.note === '') return null;
  return (
    <div className={classes.more}>
      {run.place !== null && (
        <Text size="xs" c="dimmed" className="numbers">
          {run.place === 1 ? texts.queued.next : texts.queued.place(formatCount(run.place), formatCount(waiting))}
          {behind !== null && (
            <>
              {' · '}
              <Anchor component={Link} href={routes.run(behind)} size="xs" className={classes.above}>
                {texts.queued.behind(behind)}
              </Anchor>
            </>
          )}
        </Text>
      )}
      {childNames.length > 0 && (
        <Text size="xs" c="dimmed" style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
          {texts.children(childNames.length)}{' '}
          {childNames.slice(0, namedChildren).map((name, i) => (
            <span key={name}>
              {i > 0 && ', '}
              <Anchor component={Link} href={routes.run(name)} size="xs" className={classes.above}>
                {name}
              </Anchor>
            </span>
          ))}
          {childNames.length > namedChildren && ` ${texts.moreChildren(childNames.length - namedChildren)}`}
        </Text>
      )}
      {run.tags.length > 0 && (
        <Group gap={4} className={classes.above} role="group" aria-label={texts.notes.list}>
          <Tags tags={run.tags} onTag={onTag} />
        </Group>
      )}
      {run.note !== '' && (
        <Text size="xs" c="dimmed" truncate="end" className={classes.cardNote} title={run.note}>
          {run.note}
        </Text>
      )}
    </div>
  );
}

/** New run, filled in from this one. A child's start is not a recipe, so it has none to give. */
export function CloneItem({ run }: { run: Pick<RunSummary, 'name' | 'status' | 'config'> }) {
  const child = isChild(run.config.init);
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
