/** The data of the LAWA paper: where to get it, and what it costs on this machine. */
import { Badge, Button, Group, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import type { Output } from '../../../shared/api.ts';
import { fitOf } from '../../../shared/estimate.ts';
import { Copyable, Figure } from '../../components/text.tsx';
import { call } from '../../door/index.ts';
import { formatBytes, formatDuration, formatShort } from '../../lib/format.ts';
import { useAction } from '../../store/action.ts';
import { useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { openWebText, preparingSeconds, tokenFileBytes } from './lib/openwebtext.ts';

const texts = t.datasets.openWebText;

/** Measured once for as long as the window lives. */
let measured: Output<'datasets.speed'> | null = null;

export function OpenWebTextCard() {
  const info = useQuery('app.info', undefined);
  const [speed, setSpeed] = useState(measured);
  const { busy, run } = useAction();
  const free = info.data?.freeDisk ?? null;
  const room = free === null ? null : fitOf(tokenFileBytes, free);
  const measure = () =>
    run(async () => {
      measured = await call('datasets.speed', undefined);
      setSpeed(measured);
    });
  return (
    <Paper component="section" aria-label={texts.title}>
      <Stack gap="sm">
        <Group justify="space-between" gap="xs">
          <Title order={2}>{texts.title}</Title>
          {room !== null && (
            <Badge color={room === 'fits' ? 'teal' : room === 'tight' ? 'orange' : 'red'} tt="none">
              {room === 'too-large' ? texts.noRoom(formatBytes(free ?? 0)) : texts.room(formatBytes(free ?? 0))}
            </Badge>
          )}
        </Group>
        <Text size="sm" c="dimmed">
          {texts.text}
        </Text>
        <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="md">
          <Figure label={texts.tokens}>{formatShort(openWebText.trainTokens)}</Figure>
          <Figure label={texts.documents}>{formatShort(openWebText.documents)}</Figure>
          <Figure label={texts.disk} title={texts.diskNote}>
            {formatBytes(tokenFileBytes)}
          </Figure>
          <Figure label={texts.time} title={texts.timeNote}>
            {speed ? (
              texts.about(formatDuration(preparingSeconds(speed.bytesPerSecond)))
            ) : (
              <Button size="compact-xs" variant="light" onClick={measure} loading={busy}>
                {texts.measure}
              </Button>
            )}
          </Figure>
        </SimpleGrid>
        {speed && (
          <Text size="xs" c="dimmed">
            {texts.measured(formatBytes(speed.bytesPerSecond), formatBytes(openWebText.textBytes))}
          </Text>
        )}
        <div>
          <Text size="xs" c="dimmed" mb={4}>
            {texts.where}
          </Text>
          <Stack gap={6}>
            <Copyable text={texts.address} label={texts.copyAddress} />
            <Copyable text={texts.command} label={texts.copyCommand} />
          </Stack>
          <Text size="xs" c="dimmed" mt={6}>
            {texts.next}
          </Text>
        </div>
      </Stack>
    </Paper>
  );
}
