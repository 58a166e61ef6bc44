/** What Meander does by itself: notifications anywhere; keeping awake and the tray where a desktop application can. */
import { Button, Stack, Switch, Text } from '@mantine/core';
import { useState } from 'react';
import type { Output, Settings } from '../../../shared/api.ts';
import { useAction } from '../../store/action.ts';
import { browserPermission, requestPermission } from '../../store/notify.ts';
import { t } from '../../strings.ts';
import { Part, save } from './part.tsx';

const texts = t.settings;

export function BehaviourPart({ settings, info }: { settings: Settings; info: Output<'app.info'> }) {
  const { run } = useAction();
  const desktop = info.capabilities.desktop ?? false;
  const toggle = (key: 'notifyFinished' | 'notifyFailed' | 'keepAwake' | 'closeToTray', description?: string) => (
    <Switch
      label={texts.switches[key]}
      description={description}
      checked={settings[key]}
      onChange={(event) => {
        const { checked } = event.currentTarget;
        void run(() => save({ [key]: checked }));
      }}
    />
  );
  return (
    <Part title={texts.behaviour}>
      <Stack gap="sm">
        {toggle('notifyFinished')}
        {toggle('notifyFailed', texts.notifyNote)}
        {!desktop && (settings.notifyFinished || settings.notifyFailed) && <Permission />}
        {desktop && (
          <>
            {toggle('keepAwake', texts.keepAwakeNote)}
            {toggle('closeToTray', texts.closeToTrayNote)}
          </>
        )}
      </Stack>
    </Part>
  );
}

/** A browser asks its user before a page may notify. */
function Permission() {
  const [permission, setPermission] = useState(browserPermission);
  if (permission === 'default')
    return (
      <Button
        size="xs"
        variant="default"
        style={{ alignSelf: 'flex-start' }}
        onClick={async () => setPermission(await requestPermission())}
      >
        {texts.notifyAllow}
      </Button>
    );
  if (permission !== 'denied') return null;
  return (
    <Text size="xs" c="dimmed">
      {texts.notifyDenied}
    </Text>
  );
}
