/** The worker's log with a search, what a report of a problem needs, and the configuration as its file has it. */
import { ActionIcon, Button, Group, Stack, Text, TextInput, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconChevronDown, IconChevronUp, IconSearch } from '@tabler/icons-react';
import { type KeyboardEvent, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import type { RunConfig } from '../../../shared/config.ts';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { Problem, Working } from '../../components/states.tsx';
import { CopyIcon } from '../../components/text.tsx';
import { call } from '../../door/index.ts';
import { useAction } from '../../store/action.ts';
import { useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { findMatches, piecesOf } from './lib/log-search.ts';
import classes from './run.module.css';

const texts = t.run.log;
const refreshSeconds = 3;

export function LogTab({ name, live }: { name: string; live: boolean }) {
  const { data, error, refetch } = useQuery('runs.log', { name });
  const [wanted, setWanted] = useState('');
  const [at, setAt] = useState(0);
  const searched = useDeferredValue(wanted);
  const matches = useMemo(() => findMatches(data ?? '', searched), [data, searched]);
  const pieces = useMemo(() => piecesOf(data ?? '', matches, searched.length), [data, matches, searched]);
  const marked = matches.starts.length;
  const current = marked === 0 ? -1 : at % marked;
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    refetch();
    if (!live) return;
    const timer = setInterval(refetch, refreshSeconds * 1000);
    return () => clearInterval(timer);
  }, [live, refetch]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new text moves the end.
  useEffect(() => {
    const element = box.current;
    if (element && searched === '') element.scrollTop = element.scrollHeight;
  }, [data, searched]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another match, or another word, is to be seen.
  useEffect(() => {
    const mark = box.current?.querySelector<HTMLElement>('mark[aria-current]');
    if (box.current && mark)
      box.current.scrollTop = mark.offsetTop - box.current.offsetTop - box.current.clientHeight / 2;
  }, [current, searched]);
  if (error && data === undefined) return <Problem error={error} onRetry={refetch} />;
  if (data === undefined) return <Working text={t.common.loading} />;
  const move = (by: number) => marked > 0 && setAt((current + by + marked) % marked);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    move(event.shiftKey ? -1 : 1);
  };
  const step = (label: string, by: number, Icon: typeof IconChevronUp) => (
    <ActionIcon variant="default" size={30} aria-label={label} disabled={marked === 0} onClick={() => move(by)}>
      <Icon size={16} />
    </ActionIcon>
  );
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="xs">
        <Group gap={6}>
          <TextInput
            size="xs"
            w={220}
            aria-label={texts.search}
            placeholder={texts.search}
            leftSection={<IconSearch size={14} />}
            value={wanted}
            onChange={(event) => {
              setWanted(event.currentTarget.value);
              setAt(0);
            }}
            onKeyDown={onKeyDown}
          />
          {step(texts.previous, -1, IconChevronUp)}
          {step(texts.next, 1, IconChevronDown)}
          <Text size="xs" c="dimmed" className="numbers" role="status">
            {searched === '' ? '' : marked === 0 ? texts.matches(0) : texts.place(current + 1, matches.count)}
          </Text>
        </Group>
        <Group gap="xs">
          <CopyDiagnostics name={name} />
          <Button size="compact-sm" variant="default" onClick={refetch}>
            {texts.refresh}
          </Button>
          <CopyIcon text={data} label={texts.copy} />
        </Group>
      </Group>
      {data.trim() === '' ? (
        <Text size="sm" c="dimmed">
          {texts.empty}
        </Text>
      ) : (
        <ScrollBox boxRef={box} className={`pre ${classes.log}`} label={texts.label}>
          {pieces.map((piece, i) =>
            i % 2 === 0 ? (
              piece
            ) : (
              // biome-ignore lint/suspicious/noArrayIndexKey: a match is its place.
              <mark key={i} className={classes.match} aria-current={(i - 1) / 2 === current || undefined}>
                {piece}
              </mark>
            ),
          )}
        </ScrollBox>
      )}
    </Stack>
  );
}

function CopyDiagnostics({ name }: { name: string }) {
  const { busy, run: act } = useAction();
  const copy = () =>
    act(async () => {
      const text = await call('runs.diagnostics', { name });
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        throw { code: 'clipboard', message: texts.diagnosticsFailed, next: texts.diagnosticsNext };
      }
      notifications.show({ message: texts.diagnosticsCopied });
    });
  return (
    <Tooltip label={texts.diagnosticsNote} multiline w={300}>
      <Button size="compact-sm" variant="default" loading={busy} onClick={copy}>
        {texts.diagnostics}
      </Button>
    </Tooltip>
  );
}

export function ConfigTab({ config }: { config: RunConfig }) {
  const text = JSON.stringify(config, null, 2);
  return (
    <Stack gap="xs">
      <Group justify="flex-end">
        <CopyIcon text={text} label={t.run.config.copy} />
      </Group>
      <ScrollBox className={`pre ${classes.log}`} label={t.run.config.label}>
        {text}
      </ScrollBox>
    </Stack>
  );
}
