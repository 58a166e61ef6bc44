/** Settings: where data lies, how the window looks, what the machine offers. */
import {
  Badge,
  Button,
  Group,
  Paper,
  SegmentedControl,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
  Title,
  useMantineColorScheme,
} from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { type ReactNode, useEffect, useState } from 'react';
import type { Output, Settings } from '../../../shared/api.ts';
import { Notice } from '../../components/notice.tsx';
import { NumberField } from '../../components/number-field.tsx';
import { Page } from '../../components/page.tsx';
import { Problem, Waiting } from '../../components/states.tsx';
import { Figure } from '../../components/text.tsx';
import { call } from '../../door/index.ts';
import { useAction } from '../../store/action.ts';
import { refresh, useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';

const texts = t.settings;

export function SettingsPage() {
  const info = useQuery('app.info', undefined);
  const settings = useQuery('settings.get', undefined);
  const error = settings.error ?? info.error;
  return (
    <Page title={texts.title} width={760}>
      {error && <Problem error={error} onRetry={() => refresh('settings.', 'app.')} />}
      {settings.data && info.data ? (
        <>
          <Home settings={settings.data} info={info.data} />
          <Appearance settings={settings.data} />
          <Engine settings={settings.data} info={info.data} />
          <Part title={texts.about}>
            <SimpleGrid cols={{ base: 2, sm: 3 }} mb="sm">
              <Figure label={texts.version}>{info.data.version}</Figure>
              <Figure label={texts.node}>{info.data.node}</Figure>
              <Figure label={texts.platform}>{info.data.platform}</Figure>
            </SimpleGrid>
            <Text size="sm" c="dimmed">
              {texts.privacy}
            </Text>
          </Part>
        </>
      ) : (
        !error && <Waiting rows={4} />
      )}
    </Page>
  );
}

const save = async (values: Partial<Settings>): Promise<void> => {
  await call('settings.set', values);
  refresh('settings.');
};

function Home({ settings, info }: { settings: Settings; info: Output<'app.info'> }) {
  const [home, setHome] = useState(settings.home);
  useEffect(() => setHome(settings.home), [settings.home]);
  const { busy, run } = useAction();
  return (
    <Part title={texts.home} note={texts.homeNote}>
      <Group align="flex-end" gap="xs">
        <TextInput
          aria-label={texts.home}
          value={home}
          onChange={(event) => setHome(event.currentTarget.value)}
          style={{ flex: 1, minWidth: 240 }}
          spellCheck={false}
        />
        {info.capabilities.dialogs && (
          <Button
            variant="default"
            onClick={() =>
              run(async () => {
                const [chosen] = await call('dialog.open', { kind: 'folder' });
                if (chosen) setHome(chosen);
              })
            }
          >
            {texts.homeChoose}
          </Button>
        )}
        <Button
          loading={busy}
          disabled={home === settings.home || home.trim() === ''}
          onClick={() =>
            run(async () => {
              await save({ home: home.trim() });
              refresh('');
              notifications.show({ color: 'teal', message: texts.homeSaved });
            })
          }
        >
          {texts.homeSave}
        </Button>
      </Group>
    </Part>
  );
}

function Appearance({ settings }: { settings: Settings }) {
  const { setColorScheme } = useMantineColorScheme();
  const { run } = useAction();
  return (
    <Part title={texts.theme}>
      <SegmentedControl
        aria-label={texts.theme}
        value={settings.theme}
        onChange={(value) => {
          const theme = value as Settings['theme'];
          setColorScheme(theme);
          void run(() => save({ theme }));
        }}
        data={(['auto', 'light', 'dark'] as const).map((value) => ({ value, label: texts.themes[value] }))}
      />
    </Part>
  );
}

function Engine({ settings, info }: { settings: Settings; info: Output<'app.info'> }) {
  const [threads, setThreads] = useState<number | null>(settings.threads);
  const { busy, run } = useAction();
  const wrong = threads !== null && !(Number.isInteger(threads) && threads > 0);
  return (
    <Part title={texts.engine}>
      <Stack gap="sm">
        {info.native === null ? (
          <Notice kind="warning" title={texts.nativeMissing}>
            <Text size="sm" c="dimmed">
              {texts.nativeMissingNote}
            </Text>
          </Notice>
        ) : (
          <Badge color="teal" size="lg" tt="none" style={{ alignSelf: 'flex-start' }}>
            {texts.native(info.native)}
          </Badge>
        )}
        <Group align="flex-end" gap="xs">
          <NumberField
            label={texts.threads}
            description={texts.threadsNote}
            value={threads ?? Number.NaN}
            onChange={(value, text) => setThreads(text.trim() === '' ? null : value)}
            error={wrong ? t.newRun.issues.whole : null}
            w={320}
          />
          <Button
            variant="default"
            loading={busy}
            disabled={wrong || threads === settings.threads}
            onClick={() => run(() => save({ threads }))}
          >
            {texts.threadsSave}
          </Button>
        </Group>
      </Stack>
    </Part>
  );
}

function Part({ title, note, children }: { title: string; note?: string; children: ReactNode }) {
  return (
    <Paper component="section" aria-label={title}>
      <Title order={2} mb={note ? 2 : 'sm'}>
        {title}
      </Title>
      {note && (
        <Text size="sm" c="dimmed" mb="sm">
          {note}
        </Text>
      )}
      {children}
    </Paper>
  );
}
