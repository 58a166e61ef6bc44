import { Alert, Button, Group, Text } from '@mantine/core';
import { IconPlugConnectedX } from '@tabler/icons-react';
import { useSyncExternalStore } from 'react';
import { connection } from '../door/index.ts';
import { t } from '../strings.ts';

/** Says that the host does not answer, for as long as it does not. */
export function ConnectionBanner() {
  const state = useSyncExternalStore(connection.subscribe, connection.get);
  if (state !== 'lost') return null;
  return (
    <Alert
      color="orange"
      variant="filled"
      radius="md"
      p="xs"
      mb="md"
      icon={<IconPlugConnectedX size={18} />}
      role="alert"
    >
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">
          {t.connection.lost} {t.connection.restarted}
        </Text>
        <Button size="compact-sm" variant="default" onClick={connection.retry}>
          {t.connection.retry}
        </Button>
      </Group>
    </Alert>
  );
}
