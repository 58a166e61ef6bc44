/** A waiting run in the queue. */
import { ActionIcon, Anchor, Text } from '@mantine/core';
import { IconArrowBarToUp, IconArrowDown, IconArrowUp, IconGripVertical, IconX } from '@tabler/icons-react';
import type { KeyboardEvent, ReactNode } from 'react';
import { Link } from 'wouter';
import type { RunSummary } from '../../../shared/api.ts';
import { Truncated } from '../../components/text.tsx';
import { formatCount, formatDuration } from '../../lib/format.ts';
import { routes } from '../../lib/routes.ts';
import { t } from '../../strings.ts';
import classes from './queue.module.css';

const texts = t.runs.queue;

export function QueueRow({
  run,
  place,
  of,
  seconds,
  held,
  onGrab,
  onMove,
  onLeave,
}: {
  run: RunSummary;
  place: number;
  of: number;
  /** That it will take; null where that is not known. */
  seconds: number | null;
  held: boolean;
  onGrab: () => void;
  onMove: (place: number) => void;
  onLeave: () => void;
}) {
  const onKeyDown = (event: KeyboardEvent) => {
    const to = { ArrowUp: place - 1, ArrowDown: place + 1, Home: 1, End: of }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    onMove(to);
  };
  const steps = run.config.steps - run.step;
  return (
    <li className={classes.row} data-run={run.name} data-held={held || undefined}>
      <ActionIcon
        variant="subtle"
        color="gray"
        className={classes.grip}
        data-verb="grip"
        aria-label={texts.grip(run.name, place, of)}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.preventDefault();
          event.currentTarget.focus();
          onGrab();
        }}
      >
        <IconGripVertical size={16} />
      </ActionIcon>
      <Text size="sm" c="dimmed" className="numbers" ta="right">
        {place}
      </Text>
      <Anchor component={Link} href={routes.run(run.name)} className={classes.name} c="var(--mantine-color-text)">
        <Truncated size="sm">{run.name}</Truncated>
      </Anchor>
      <Text size="xs" c="dimmed" className={`numbers ${classes.facts}`}>
        {texts.steps(formatCount(steps))}
        {seconds !== null && ` · ${texts.about(formatDuration(seconds))}`}
      </Text>
      <div className={classes.verbs}>
        <Verb verb="first" label={texts.first(run.name)} off={place === 1} onClick={() => onMove(1)}>
          <IconArrowBarToUp size={16} />
        </Verb>
        <Verb verb="up" label={texts.up(run.name)} off={place === 1} onClick={() => onMove(place - 1)}>
          <IconArrowUp size={16} />
        </Verb>
        <Verb verb="down" label={texts.down(run.name)} off={place === of} onClick={() => onMove(place + 1)}>
          <IconArrowDown size={16} />
        </Verb>
        <Verb verb="leave" label={texts.leave(run.name)} onClick={onLeave}>
          <IconX size={16} />
        </Verb>
      </div>
    </li>
  );
}

function Verb({
  verb,
  label,
  off = false,
  onClick,
  children,
}: {
  verb: string;
  label: string;
  off?: boolean;
  onClick: () => void;
  children: ReactNode;
}) {
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      data-verb={verb}
      aria-label={label}
      title={label}
      disabled={off}
      onClick={onClick}
    >
      {children}
    </ActionIcon>
  );
}
