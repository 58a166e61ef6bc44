import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useAction } from '../store/action.ts';
import { t } from '../strings.ts';

/** Asks before something that cannot be undone; stays open while it is done and when it fails. */
export function Confirm({
  opened,
  onClose,
  title,
  children,
  action,
  color = 'red',
  onConfirm,
}: {
  opened: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  action: string;
  color?: string;
  onConfirm: () => Promise<unknown>;
}) {
  const { busy, run } = useAction();
  return (
    <Modal opened={opened} onClose={onClose} title={title}>
      <Stack>
        <Text size="sm" component="div" style={{ overflowWrap: 'anywhere' }}>
          {children}
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t.common.cancel}
          </Button>
          <Button
            color={color}
            loading={busy}
            onClick={async () => {
              if (await run(onConfirm)) onClose();
            }}
          >
            {action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
