import { Paper, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconInfoCircle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import classes from './notice.module.css';

const kinds = {
  error: { color: 'var(--mantine-color-red-6)', icon: IconAlertTriangle },
  warning: { color: 'var(--mantine-color-orange-5)', icon: IconAlertTriangle },
  info: { color: 'var(--mantine-primary-color-filled)', icon: IconInfoCircle },
} as const;

/** Something to know before going on: calm in colour, clear in rank. An error is announced. */
export function Notice({
  kind,
  title,
  children,
}: {
  kind: keyof typeof kinds;
  title?: ReactNode;
  children?: ReactNode;
}) {
  const { color, icon: Icon } = kinds[kind];
  return (
    <Paper
      role={kind === 'error' ? 'alert' : 'note'}
      className={classes.notice}
      p="md"
      style={{ borderLeftColor: color }}
    >
      <Icon size={19} stroke={1.8} color={color} className={classes.icon} aria-hidden="true" />
      <Stack gap={6} align="flex-start" style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
        {title && (
          <Text size="sm" fw={600} component="div">
            {title}
          </Text>
        )}
        {children}
      </Stack>
    </Paper>
  );
}
