import { Box, Group, Stack, Title } from '@mantine/core';
import type { ReactNode } from 'react';

/** A page's frame: title, what can be done at once, content of a readable width. */
export function Page({
  title,
  aside,
  children,
  width = 1180,
}: {
  title: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
  width?: number;
}) {
  return (
    <Box maw={width} mx="auto" pb="xl">
      {typeof title === 'string' ? (
        <Group justify="space-between" align="center" mb="lg" gap="sm" mih={36}>
          <Title order={1}>{title}</Title>
          {aside}
        </Group>
      ) : (
        <Box mb="xs">{title}</Box>
      )}
      <Stack gap="md">{children}</Stack>
    </Box>
  );
}
