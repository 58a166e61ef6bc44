/** Stopping, with its outcomes spelt out. */
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import type { RunDetail } from '../../../shared/api.ts';
import { call } from '../../door/index.ts';
import { useAction } from '../../store/action.ts';
import { refresh } from '../../store/cache.ts';
import { t } from '../../strings.ts';

export function StopDialog({ run, opened, onClose }: { run: RunDetail; opened: boolean; onClose: () => void }) {
  const texts = t.run.stop;
  const { busy, run: act } = useAction();
  const choose = async (method: 'runs.stop' | 'runs.pause') => {
    const worked = await act(async () => {
      await call(method, { name: run.name });
      refresh('runs.list', 'runs.get');
    });
    if (worked) onClose();
  };
  return (
    <Modal opened={opened} onClose={onClose} title={texts.title} size="lg">
      <Stack gap="sm">
        <Text size="sm">
          {texts.text} {texts.stopNote}
        </Text>
        {run.status === 'running' && (
          <Text size="sm" c="dimmed">
            {texts.pauseText}
          </Text>
        )}
        <Group justify="flex-end" mt="xs">
          <Button variant="subtle" color="gray" onClick={onClose}>
            {t.common.cancel}
          </Button>
          {run.status === 'running' && (
            <Button variant="default" disabled={busy} onClick={() => choose('runs.pause')}>
              {texts.pauseAction}
            </Button>
          )}
          <Button loading={busy} onClick={() => choose('runs.stop')} data-autofocus>
            {texts.stopAction}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
