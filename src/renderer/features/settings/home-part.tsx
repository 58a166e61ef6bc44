/** Where the data lies: another folder as it is, or the same data in another place. */
import { Button, Group, Progress, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconFolder } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { Output, Settings } from '../../../shared/api.ts';
import type { HomeMove } from '../../../shared/home.ts';
import { call } from '../../door/index.ts';
import { formatBytes } from '../../lib/format.ts';
import { tellFailure, useAction } from '../../store/action.ts';
import { refresh, useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { HomeField, useHomeCheck } from './home-field.tsx';
import { Part, save } from './part.tsx';

const texts = t.settings;

export function HomePart({ settings, info }: { settings: Settings; info: Output<'app.info'> }) {
  const [home, setHome] = useState(settings.home);
  useEffect(() => setHome(settings.home), [settings.home]);
  const { busy, run } = useAction();
  const moving = useQuery('home.moving', undefined);
  const check = useHomeCheck(home);
  const same = home.trim() === settings.home;
  const usable = check !== null && check.problem === null && !same;
  const fixed = check?.fixed ?? false;
  const use = () =>
    run(async () => {
      await save({ home });
      refresh('');
      notifications.show({ color: 'teal', message: texts.homeSaved });
    });
  const move = () =>
    run(async () => {
      const { outcome, left } = await call('home.move', { path: home });
      refresh('');
      const message = outcome === 'moved' ? texts.homeMoved : texts.homeCancelled;
      if (left.length > 0)
        notifications.show({
          color: 'orange',
          title: message,
          message: texts.homeLeft(left.join(', ')),
          autoClose: false,
        });
      else notifications.show({ color: outcome === 'moved' ? 'teal' : 'gray', message });
    });
  return (
    <Part title={texts.home} note={texts.homeNote}>
      <Stack gap="sm">
        <HomeField value={home} onChange={setHome} check={check} disabled={fixed || (moving.data ?? null) !== null} />
        {fixed ? (
          <Text size="sm" c="dimmed">
            {texts.homeFixed}
          </Text>
        ) : moving.data ? (
          <Moving move={moving.data} />
        ) : (
          <>
            <Group gap="xs">
              <Button disabled={!usable} loading={busy} onClick={move}>
                {texts.homeMove}
              </Button>
              <Button variant="default" disabled={!usable || busy} onClick={use}>
                {texts.homeUse}
              </Button>
              {info.capabilities.reveal && same && (
                <Button
                  variant="subtle"
                  leftSection={<IconFolder size={16} />}
                  onClick={() => call('shell.reveal', { path: settings.home }).catch(tellFailure)}
                >
                  {texts.reveal}
                </Button>
              )}
            </Group>
            <Text size="xs" c="dimmed">
              {texts.homeUseNote}
            </Text>
          </>
        )}
      </Stack>
    </Part>
  );
}

function Moving({ move }: { move: HomeMove }) {
  const { busy, run } = useAction();
  const texts = t.settings.moving;
  const { phase, done, total } = move;
  const late = phase === 'switching' || phase === 'removing';
  return (
    <Stack gap={6}>
      <Text size="sm" fw={550} style={{ overflowWrap: 'anywhere' }}>
        {texts.title(move.to)}
      </Text>
      <Progress
        value={total > 0 ? (100 * done) / total : 100}
        animated={total === 0}
        aria-label={texts.title(move.to)}
      />
      <Group justify="space-between">
        <Text size="xs" c="dimmed" className="numbers" role="status">
          {texts.phases[phase]}
          {total > 0 && ` · ${texts.done(formatBytes(done), formatBytes(total))}`}
        </Text>
        <Button
          size="xs"
          variant="default"
          disabled={late}
          loading={busy}
          onClick={() => run(() => call('home.cancelMove', undefined))}
        >
          {texts.cancel}
        </Button>
      </Group>
      <Text size="xs" c="dimmed">
        {texts.note}
      </Text>
    </Stack>
  );
}
