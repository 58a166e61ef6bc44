/** The queue: what trains, what waits for it, in which order; moved by buttons, by arrow keys and by dragging. */
import { Anchor, Button, Group, Paper, Text, Title, VisuallyHidden } from '@mantine/core';
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { Link } from 'wouter';
import type { RunSummary } from '../../../shared/api.ts';
import { formatDuration, formatPercent } from '../../lib/format.ts';
import { routes } from '../../lib/routes.ts';
import { t } from '../../strings.ts';
import { expectedSeconds, holderOf, movedTo, waitingRuns } from './lib/queue.ts';
import { progressShare } from './lib/run-state.ts';
import classes from './queue.module.css';
import { QueueRow } from './queue-row.tsx';
import { useQueue } from './use-queue.ts';

const texts = t.runs.queue;

/** Rows of a long queue that are shown before all are asked for. */
const firstRows = 12;

export function QueuePanel({ runs }: { runs: readonly RunSummary[] }) {
  const holder = holderOf(runs);
  const waiting = waitingRuns(runs);
  const seconds = waiting.map((run) => expectedSeconds(run, runs));
  const total = seconds.reduce<number | null>((sum, s) => (sum === null || s === null ? null : sum + s), 0);
  if (waiting.length === 0)
    return (
      <Paper component="section" aria-label={texts.title} px="lg" py="sm">
        <Group gap="md" align="baseline" wrap="nowrap">
          <Title order={2}>{texts.title}</Title>
          <Text size="sm" c="dimmed" className={classes.wrap}>
            {holder ? texts.empty(holder.name) : texts.idle}
          </Text>
        </Group>
      </Paper>
    );
  return (
    <Paper component="section" aria-label={texts.title}>
      <Group justify="space-between" align="baseline" gap="xs">
        <Title order={2}>{texts.title}</Title>
        <Text size="sm" c="dimmed" className="numbers">
          {texts.waiting(waiting.length)}
          {total !== null && total > 0 && ` · ${texts.inAll(formatDuration(total))}`}
        </Text>
      </Group>
      <Holder run={holder} />
      <Rows waiting={waiting} seconds={seconds} />
    </Paper>
  );
}

function Holder({ run }: { run: RunSummary | null }) {
  if (!run)
    return (
      <Text size="sm" c="dimmed" mb="sm">
        {texts.soon}
      </Text>
    );
  const left = run.job?.progress?.secondsLeft ?? null;
  const parts = [formatPercent(progressShare(run)), left === null ? null : t.timeLeft(formatDuration(left))];
  return (
    <Text size="sm" c="dimmed" mb="sm" className={classes.wrap}>
      <Anchor component={Link} href={routes.run(run.name)} size="sm">
        {run.status === 'paused' ? texts.paused(run.name) : texts.now(run.name)}
      </Anchor>
      <span className="numbers"> · {parts.filter(Boolean).join(' · ')}</span>
    </Text>
  );
}

function Rows({ waiting, seconds }: { waiting: readonly RunSummary[]; seconds: readonly (number | null)[] }) {
  const queue = useQueue();
  const [all, setAll] = useState(false);
  const [said, setSaid] = useState('');
  /** The run, and the button of its row, that keeps the focus when the row has moved. */
  const focusOn = useRef<{ name: string; verb: string } | null>(null);
  const list = useRef<HTMLOListElement>(null);
  const names = waiting.map((run) => run.name);
  const drag = useDrag(list, names, (name, place) => void move(name, place));
  const order = drag.held ? movedTo(names, drag.held.name, drag.held.place) : names;
  const byName = new Map(waiting.map((run, i) => [run.name, { run, seconds: seconds[i] ?? null }]));
  const shown = all ? order : order.slice(0, firstRows);

  const move = async (name: string, place: number) => {
    const to = Math.min(Math.max(1, place), names.length);
    if (names[to - 1] === name) return;
    focusOn.current = { name, verb: (document.activeElement as HTMLElement | null)?.dataset.verb ?? 'grip' };
    if (to > firstRows) setAll(true);
    if (await queue.move(name, to)) setSaid(texts.moved(name, to, names.length));
  };
  const leave = async (name: string) => {
    if (await queue.leave(name)) setSaid(texts.left(name));
  };
  const moved = order.join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: a row that moved has lost the focus.
  useLayoutEffect(() => {
    if (focusOn.current === null) return;
    const { name, verb } = focusOn.current;
    focusOn.current = null;
    const row = [...(list.current?.children ?? [])].find((child) => (child as HTMLElement).dataset.run === name);
    // At an end of the queue the button that was pressed has nothing more to do.
    const same = row?.querySelector<HTMLElement>(`[data-verb="${verb}"]:not(:disabled)`);
    (same ?? row?.querySelector<HTMLElement>('[data-verb="grip"]'))?.focus();
  }, [moved]);

  return (
    <>
      <ol ref={list} className={classes.list} aria-label={texts.list}>
        {shown.map((name, i) => {
          const { run, seconds: expected } = byName.get(name)!;
          return (
            <QueueRow
              key={name}
              run={run}
              place={i + 1}
              of={names.length}
              seconds={expected}
              held={drag.held?.name === name}
              onGrab={() => drag.grab(name)}
              onMove={(place) => void move(name, place)}
              onLeave={() => void leave(name)}
            />
          );
        })}
      </ol>
      {shown.length < order.length && (
        <Button variant="subtle" size="xs" mt="xs" onClick={() => setAll(true)}>
          {texts.showAll(order.length)}
        </Button>
      )}
      <VisuallyHidden role="status">{said}</VisuallyHidden>
    </>
  );
}

/** Pixels at the list's ends where it scrolls while something is dragged there. */
const edge = 28;

/** Follows the pointer from the grip on: the row in hand takes the place that the pointer is over. Escape lets go. */
function useDrag(
  list: RefObject<HTMLOListElement | null>,
  names: readonly string[],
  onDrop: (name: string, place: number) => void,
) {
  const [held, setHeld] = useState<{ name: string; place: number } | null>(null);
  const latest = useRef({ held, names, onDrop });
  latest.current = { held, names, onDrop };
  const dragging = held !== null;
  useEffect(() => {
    const box = list.current;
    if (!dragging || !box) return;
    const onMove = (event: PointerEvent) => {
      const { top, bottom } = box.getBoundingClientRect();
      if (event.clientY < top + edge) box.scrollTop -= edge / 2;
      else if (event.clientY > bottom - edge) box.scrollTop += edge / 2;
      const height = box.scrollHeight / Math.max(1, box.children.length);
      const over = Math.floor((event.clientY - top + box.scrollTop) / height) + 1;
      const place = Math.min(Math.max(1, over), box.children.length);
      setHeld((before) => (before && before.place !== place ? { ...before, place } : before));
    };
    const onUp = () => {
      const { held, names, onDrop } = latest.current;
      setHeld(null);
      if (held && names.includes(held.name)) onDrop(held.name, held.place);
    };
    const onKey = (event: KeyboardEvent) => event.key === 'Escape' && setHeld(null);
    window.addEventListener('pointermove', onMove);
    window.addEventListener('pointerup', onUp);
    window.addEventListener('pointercancel', onUp);
    window.addEventListener('keydown', onKey);
    return () => {
      window.removeEventListener('pointermove', onMove);
      window.removeEventListener('pointerup', onUp);
      window.removeEventListener('pointercancel', onUp);
      window.removeEventListener('keydown', onKey);
    };
  }, [dragging, list]);
  // A run that began meanwhile is no longer there to be held.
  const there = held !== null && names.includes(held.name);
  return {
    held: there ? held : null,
    grab: (name: string) => setHeld({ name, place: names.indexOf(name) + 1 }),
  };
}
