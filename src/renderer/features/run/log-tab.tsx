/** The worker's log, and the configuration as its file has it. */
import { Button, Group, Stack, Text } from '@mantine/core';
import { useEffect, useRef } from 'react';
import type { RunConfig } from '../../../shared/config.ts';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { Problem, Working } from '../../components/states.tsx';
import { CopyIcon } from '../../components/text.tsx';
import { useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import classes from './run.module.css';

const refreshSeconds = 3;

export function LogTab({ name, live }: { name: string; live: boolean }) {
  const { data, error, refetch } = useQuery('runs.log', { name });
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
    if (element) element.scrollTop = element.scrollHeight;
  }, [data]);
  if (error && data === undefined) return <Problem error={error} onRetry={refetch} />;
  if (data === undefined) return <Working text={t.common.loading} />;
  return (
    <Stack gap="xs">
      <Group justify="flex-end" gap="xs">
        <Button size="compact-sm" variant="default" onClick={refetch}>
          {t.run.log.refresh}
        </Button>
        <CopyIcon text={data} label={t.run.log.copy} />
      </Group>
      {data.trim() === '' ? (
        <Text size="sm" c="dimmed">
          {t.run.log.empty}
        </Text>
      ) : (
        <ScrollBox boxRef={box} className={`pre ${classes.log}`} label={t.run.log.label}>
          {data}
        </ScrollBox>
      )}
    </Stack>
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
