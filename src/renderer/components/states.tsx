/** What a page shows when it has nothing, waits, or failed. */
import { Button, Center, Group, Loader, Paper, Skeleton, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import type { IconProps } from '@tabler/icons-react';
import type { ComponentType, ReactNode } from 'react';
import type { ApiError } from '../../shared/api.ts';
import { t } from '../strings.ts';
import { Notice } from './notice.tsx';

export function Empty({
  icon: Icon,
  title,
  children,
  actions,
}: {
  icon: ComponentType<IconProps>;
  title: string;
  children: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <Paper py={56}>
      <Stack align="center" gap="sm" maw={520} mx="auto" ta="center">
        <ThemeIcon size={56} radius="xl" variant="light">
          <Icon size={28} stroke={1.5} />
        </ThemeIcon>
        <Title order={2}>{title}</Title>
        <Text c="dimmed" size="sm">
          {children}
        </Text>
        {actions && (
          <Group mt="xs" justify="center">
            {actions}
          </Group>
        )}
      </Stack>
    </Paper>
  );
}

/** What went wrong, why, and the next step. */
export function Problem({ error, onRetry, actions }: { error: ApiError; onRetry?: () => void; actions?: ReactNode }) {
  return (
    <Notice kind="error" title={error.message}>
      <Text size="sm" c="dimmed">
        {error.next}
      </Text>
      {(onRetry || actions) && (
        <Group gap="xs" mt={4}>
          {actions}
          {onRetry && (
            <Button size="xs" variant="default" onClick={onRetry}>
              {t.common.tryAgain}
            </Button>
          )}
        </Group>
      )}
    </Notice>
  );
}

export function Waiting({ rows = 3 }: { rows?: number }) {
  return (
    <Stack gap="sm" aria-busy="true" aria-label={t.common.loading}>
      {Array.from({ length: rows }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: bones have no identity.
        <Skeleton key={i} height={72} radius="lg" />
      ))}
    </Stack>
  );
}

export function Working({ text }: { text: string }) {
  return (
    <Center py="xl">
      <Group gap="sm" role="status">
        <Loader size="sm" />
        <Text size="sm" c="dimmed">
          {text}
        </Text>
      </Group>
    </Center>
  );
}
