/** What trains: device, threads, and what a new run may take of the disk. */
import { Badge, Button, Group, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { IconStethoscope } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import type { Output, Settings } from '../../../shared/api.ts';
import { Notice } from '../../components/notice.tsx';
import { NumberField } from '../../components/number-field.tsx';
import { routes } from '../../lib/routes.ts';
import { useAction } from '../../store/action.ts';
import { refresh } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { parseSize, sizeText } from './lib/size.ts';
import { Part, save } from './part.tsx';

const texts = t.settings;

export function EnginePart({ settings, info }: { settings: Settings; info: Output<'app.info'> }) {
  const { run } = useAction();
  return (
    <Part title={texts.engine}>
      <Stack gap="md">
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
        <div>
          <Text size="sm" fw={600} id="backend">
            {texts.backend}
          </Text>
          <Text size="xs" c="dimmed" mb={6}>
            {texts.backendNote}
          </Text>
          <SegmentedControl
            aria-labelledby="backend"
            value={settings.backend}
            onChange={(value) => run(() => save({ backend: value as Settings['backend'] }))}
            data={(['auto', 'native', 'webgpu', 'tensorflow', 'reference'] as const).map((value) => ({
              value,
              label: texts.backends[value],
              disabled:
                (value === 'native' && info.native === null) ||
                (value === 'webgpu' && !info.webgpu.works) ||
                (value === 'tensorflow' && !info.tensorflow.works),
            }))}
          />
          <Text size="xs" c="dimmed" mt={6} style={{ overflowWrap: 'anywhere' }} role="status">
            {info.webgpu.works ? texts.webgpu(info.webgpu.text) : texts.webgpuOff(info.webgpu.text)}
          </Text>
        </div>
        <Threads settings={settings} />
        <TensorflowFolder settings={settings} info={info} />
        <Budget settings={settings} />
        <Button
          component={Link}
          href={routes.doctor}
          variant="light"
          leftSection={<IconStethoscope size={16} />}
          style={{ alignSelf: 'flex-start' }}
        >
          {texts.doctor}
        </Button>
      </Stack>
    </Part>
  );
}

function Threads({ settings }: { settings: Settings }) {
  const [threads, setThreads] = useState<number | null>(settings.threads);
  useEffect(() => setThreads(settings.threads), [settings.threads]);
  const { busy, run } = useAction();
  const wrong = threads !== null && !(Number.isInteger(threads) && threads > 0 && threads <= 1024);
  return (
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
        {texts.save}
      </Button>
    </Group>
  );
}

/** Where TensorFlow lies, and what became of it. */
function TensorflowFolder({ settings, info }: { settings: Settings; info: Output<'app.info'> }) {
  const [text, setText] = useState(settings.tensorflow ?? '');
  useEffect(() => setText(settings.tensorflow ?? ''), [settings.tensorflow]);
  const { busy, run } = useAction();
  const folder = text.trim() || null;
  const { works, text: state } = info.tensorflow;
  const store = () =>
    run(async () => {
      await save({ tensorflow: folder });
      refresh('app.');
    });
  return (
    <Stack gap={4}>
      <Group align="flex-end" gap="xs">
        <TextInput
          label={texts.tensorflow}
          description={texts.tensorflowNote}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
          style={{ flex: 1, maxWidth: 520 }}
        />
        <Button variant="default" loading={busy} disabled={folder === settings.tensorflow} onClick={store}>
          {texts.save}
        </Button>
      </Group>
      <Text
        size="xs"
        c={works || settings.tensorflow === null ? 'dimmed' : 'red'}
        style={{ overflowWrap: 'anywhere' }}
        role="status"
      >
        {works ? state : texts.tensorflowOff(state)}
      </Text>
    </Stack>
  );
}

function Budget({ settings }: { settings: Settings }) {
  const [text, setText] = useState(sizeText(settings.diskBudget));
  useEffect(() => setText(sizeText(settings.diskBudget)), [settings.diskBudget]);
  const { busy, run } = useAction();
  const size = parseSize(text);
  const wrong = size !== null && Number.isNaN(size);
  return (
    <Group align="flex-end" gap="xs">
      <TextInput
        label={texts.budget}
        description={texts.budgetNote}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        error={wrong ? texts.budgetWrong : null}
        className="numbers"
        autoComplete="off"
        style={{ flex: 1, maxWidth: 520 }}
      />
      <Button
        variant="default"
        loading={busy}
        disabled={wrong || size === settings.diskBudget}
        onClick={() => run(() => save({ diskBudget: size }))}
      >
        {texts.save}
      </Button>
    </Group>
  );
}
