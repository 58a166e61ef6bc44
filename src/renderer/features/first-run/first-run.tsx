/** The first question: where data lies, before anything of size is written. */
import { Button, Checkbox, Group, Modal, Stack, Text, Title } from '@mantine/core';
import { IconSparkles } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useLocation } from 'wouter';
import logo from '../../assets/meander.svg';
import { useAction } from '../../store/action.ts';
import { refresh, useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { startSampleRun } from '../runs/sample-run.ts';
import { HomeField, useHomeCheck } from '../settings/home-field.tsx';
import { save } from '../settings/part.tsx';
import { startTour } from '../tour/store.ts';

const texts = t.firstRun;

export function FirstRun() {
  const { data } = useQuery('settings.get', undefined);
  return data?.firstRunDone === false ? <Question home={data.home} toured={data.tourDone} /> : null;
}

function Question({ home: proposed, toured }: { home: string; toured: boolean }) {
  const [home, setHome] = useState(proposed);
  useEffect(() => setHome(proposed), [proposed]);
  const [tour, setTour] = useState(!toured);
  const [, navigate] = useLocation();
  const { busy, run } = useAction();
  const check = useHomeCheck(home);
  const ready = check !== null && check.problem === null;
  const begin = (sample: boolean) =>
    run(async () => {
      await save({ home, firstRunDone: true });
      refresh('');
      if (sample) await startSampleRun(navigate);
      if (tour) startTour();
    });
  return (
    <Modal
      opened
      onClose={() => undefined}
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      size={600}
      padding="xl"
      title={
        <Group gap="sm" wrap="nowrap" component="span">
          <img src={logo} width={40} height={40} alt="" />
          {texts.title}
        </Group>
      }
      styles={{ title: { fontSize: '1.5rem', fontWeight: 620 } }}
      overlayProps={{ backgroundOpacity: 0.6, blur: 3 }}
    >
      <Stack>
        <Text size="sm">{texts.text}</Text>
        <div>
          <Title order={3} mb={4}>
            {texts.where}
          </Title>
          <Text size="sm" c="dimmed" mb="sm">
            {texts.whereNote}
          </Text>
          <HomeField value={home} onChange={setHome} check={check} disabled={busy} />
        </div>
        <Checkbox
          label={texts.tour}
          checked={tour}
          onChange={(event) => setTour(event.currentTarget.checked)}
          disabled={busy}
        />
        <Group gap="xs" mt="xs">
          <Button data-autofocus disabled={!ready} loading={busy} onClick={() => begin(false)}>
            {texts.begin}
          </Button>
          <Button
            variant="default"
            disabled={!ready || busy}
            leftSection={<IconSparkles size={16} />}
            onClick={() => begin(true)}
          >
            {texts.sample}
          </Button>
        </Group>
        <Text size="xs" c="dimmed">
          {texts.sampleNote}
        </Text>
      </Stack>
    </Modal>
  );
}
