/** What a step and the whole run take here, from a short measurement of this very configuration. */
import { Anchor, Badge, Button, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { IconStopwatch } from '@tabler/icons-react';
import { estimateMemory, fitOf } from '../../../shared/estimate.ts';
import { runTime } from '../../../shared/fit.ts';
import { Problem } from '../../components/states.tsx';
import { Figure } from '../../components/text.tsx';
import { formatDuration, formatShare, formatShort } from '../../lib/format.ts';
import { useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import type { DraftState } from './use-draft.ts';
import type { SpeedState } from './use-speed.ts';

const texts = t.newRun.speed;

/** 0.0123 → 12 ms */
const stepTime = (seconds: number): string =>
  seconds < 1
    ? texts.milliseconds((1000 * seconds).toPrecision(seconds < 0.01 ? 2 : 3))
    : seconds < 100
      ? texts.seconds(seconds.toFixed(1))
      : formatDuration(seconds);

export function SpeedPanel({ state, speed }: { state: DraftState; speed: SpeedState }) {
  const info = useQuery('app.info', undefined);
  const { recipe } = state.checked;
  const { probe, stale, busy, error } = speed;
  const memory = info.data?.memory ?? null;
  const tooLarge =
    recipe !== null && memory !== null && fitOf(estimateMemory(recipe, memory).total, memory) === 'too-large';
  const time = probe && recipe ? runTime(recipe, probe) : null;
  return (
    <section aria-label={texts.title}>
      <Group justify="space-between" gap="xs" wrap="nowrap" mb={6}>
        <Text size="sm" fw={550}>
          {texts.title}
        </Text>
        {!probe && !error && (
          <Button
            size="compact-xs"
            variant="light"
            leftSection={<IconStopwatch size={14} />}
            loading={busy}
            disabled={recipe === null || tooLarge}
            onClick={() => recipe && void speed.measure(recipe)}
          >
            {texts.measure}
          </Button>
        )}
        {probe && (
          <Badge variant="default" tt="none" style={{ flexShrink: 0 }}>
            {texts.measured}
          </Badge>
        )}
      </Group>
      {error ? (
        <Problem error={error} onRetry={recipe ? () => void speed.measure(recipe) : undefined} />
      ) : probe && time ? (
        <Stack gap={6}>
          <SimpleGrid cols={2} spacing="sm" verticalSpacing={6}>
            <Figure label={texts.step}>{stepTime(probe.secondsPerStep)}</Figure>
            <Figure label={texts.run}>{formatDuration(time.total)}</Figure>
            <Figure label={texts.rate}>{texts.tokensPerSecond(formatShort(Math.round(probe.tokensPerSecond)))}</Figure>
            <Figure label={texts.share} title={texts.shareNote}>
              {formatShare(time.evaluating / time.total)}
            </Figure>
          </SimpleGrid>
          <Text size="xs" c="dimmed">
            {texts.on(probe.device.backend, probe.device.family, probe.device.threads)}
            {probe.beside.length > 0 && ` ${texts.beside(probe.beside.join(', '))}`}{' '}
            <Anchor component="button" type="button" size="xs" onClick={() => recipe && void speed.measure(recipe)}>
              {busy ? texts.measuring : texts.again}
            </Anchor>
          </Text>
          <Text size="xs" c="dimmed" lineClamp={2} title={probe.device.why}>
            {texts.why(probe.device.why)}
          </Text>
        </Stack>
      ) : (
        <Text size="xs" c="dimmed" role="status">
          {busy ? texts.measuring : tooLarge ? texts.tooLarge : stale ? texts.stale : texts.none}
        </Text>
      )}
    </section>
  );
}
