/** Settings: where data lies, what trains, how the window looks and behaves, which keys do what. */
import { Badge, Button, Group, SegmentedControl, SimpleGrid, Stack, Text, useMantineColorScheme } from '@mantine/core';
import { IconRoute } from '@tabler/icons-react';
import type { Settings } from '../../../shared/api.ts';
import { Page } from '../../components/page.tsx';
import { Problem, Waiting } from '../../components/states.tsx';
import { Figure } from '../../components/text.tsx';
import { useAction } from '../../store/action.ts';
import { refresh, useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { SampleButton } from '../runs/sample-button.tsx';
import { startTour } from '../tour/store.ts';
import { BehaviourPart } from './behaviour-part.tsx';
import { EnginePart } from './engine-part.tsx';
import { HomePart } from './home-part.tsx';
import { Part, save } from './part.tsx';
import classes from './settings.module.css';
import { ShortcutsPart } from './shortcuts-part.tsx';

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
          <HomePart settings={settings.data} info={info.data} />
          <Appearance settings={settings.data} />
          <EnginePart settings={settings.data} info={info.data} />
          <BehaviourPart settings={settings.data} info={info.data} />
          <ShortcutsPart settings={settings.data} />
          <Part title={texts.help} note={texts.sampleNote}>
            <Group gap="xs">
              <SampleButton variant="light" />
              <Button variant="default" leftSection={<IconRoute size={16} />} onClick={startTour}>
                {texts.tour}
              </Button>
            </Group>
          </Part>
          <Part title={texts.about}>
            <Stack gap="sm">
              <SimpleGrid cols={{ base: 2, sm: 3 }}>
                <Figure label={texts.version}>{info.data.version}</Figure>
                <Figure label={texts.node}>{info.data.node}</Figure>
                <Figure label={texts.platform}>{info.data.platform}</Figure>
              </SimpleGrid>
              <div className={classes.off}>
                <Text size="sm" fw={600}>
                  {texts.updates}
                </Text>
                <Badge variant="default" tt="none">
                  {texts.updatesOff}
                </Badge>
                <Text size="xs" c="dimmed">
                  {texts.updatesNote}
                </Text>
              </div>
              <Text size="sm" c="dimmed">
                {texts.privacy}
              </Text>
            </Stack>
          </Part>
        </>
      ) : (
        !error && <Waiting rows={4} />
      )}
    </Page>
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
