/** Prompt, options and columns; what each column writes. */
import { ActionIcon, Button, Group, Paper, Select, Stack, Text, Textarea, Tooltip } from '@mantine/core';
import { IconColumnInsertRight, IconPlayerStop, IconSparkles, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { sampleOptions } from '../../../shared/jobs.ts';
import { Notice } from '../../components/notice.tsx';
import { NumberField } from '../../components/number-field.tsx';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { Problem } from '../../components/states.tsx';
import { CopyIcon } from '../../components/text.tsx';
import { t } from '../../strings.ts';
import { type Column, type choices, columnKey, columnName, columnOf, nextColumn } from './lib/columns.ts';
import classes from './sample.module.css';
import { SavedPrompts } from './saved-prompts.tsx';
import { type Said, useSamples } from './use-samples.ts';

const texts = t.sample;
const raw = t.run.chart.raw;

export function SampleDesk({
  run,
  groups,
  first,
  training,
}: {
  run: string | null;
  groups: ReturnType<typeof choices>;
  /** Columns to begin with. */
  first: readonly Column[];
  training: boolean;
}) {
  const [columns, setColumns] = useState<readonly Column[]>(first);
  const [prompt, setPrompt] = useState('');
  const [options, setOptions] = useState({ tokens: 200, temperature: 0.8, topK: 0, topP: 1, seed: 1 });
  const samples = useSamples(run);
  const parsed = sampleOptions.safeParse({ ...options, prompt });
  const all = groups.flatMap((group) => group.columns);
  const next = nextColumn(columns, all);
  const data = groups.map(({ group, columns: items }) => ({
    group: texts.groups[group],
    items: items.map((column) => ({ value: columnKey(column), label: columnName(column, raw) })),
  }));
  const number = (key: keyof typeof options, by?: number, title?: string) => (
    <NumberField
      size="xs"
      label={texts[key]}
      title={title}
      by={by}
      value={options[key]}
      onChange={(value) => setOptions({ ...options, [key]: value })}
      error={parsed.success ? null : parsed.error.issues.some((issue) => issue.path[0] === key)}
    />
  );
  const live = training && columns.some((column) => column.kind === 'run');
  return (
    <Stack gap="md">
      {live && run !== null && (
        <Notice kind="info">
          <Text size="sm">{texts.training(run)}</Text>
        </Notice>
      )}
      <Paper>
        <div className={classes.desk}>
          <Stack gap="sm">
            <Textarea
              label={texts.prompt}
              description={texts.promptNote}
              value={prompt}
              onChange={(event) => setPrompt(event.currentTarget.value)}
              autosize
              minRows={4}
              maxRows={12}
            />
            <div className={classes.fields}>
              {number('tokens', 10, texts.tokensNote)}
              {number('temperature', 0.1, texts.temperatureNote)}
              {number('topK', 1, texts.topKNote)}
              {number('topP')}
              {number('seed', 1)}
            </div>
            <Group gap="sm">
              <Button
                leftSection={<IconSparkles size={16} />}
                loading={samples.busy}
                disabled={!parsed.success}
                onClick={() => parsed.success && samples.start(columns, prompt, parsed.data)}
              >
                {texts.go}
              </Button>
              {samples.busy && (
                <Button variant="default" leftSection={<IconPlayerStop size={16} />} onClick={samples.stop}>
                  {texts.stop}
                </Button>
              )}
              <Text size="xs" c="dimmed">
                {texts.same}
              </Text>
            </Group>
          </Stack>
          <SavedPrompts prompt={prompt} onUse={setPrompt} />
        </div>
      </Paper>
      <section className={classes.columns} aria-label={texts.columns}>
        {columns.map((column, i) => (
          <Paper key={columnKey(column)} p="sm">
            <Group gap={4} wrap="nowrap" mb={8}>
              <Select
                size="xs"
                aria-label={texts.column(i + 1)}
                value={columnKey(column)}
                data={data.map(({ group, items }) => ({
                  group,
                  items: items.filter(
                    ({ value }) => value === columnKey(column) || !columns.some((other) => columnKey(other) === value),
                  ),
                }))}
                disabled={samples.busy}
                allowDeselect={false}
                onChange={(key) => key && setColumns(columns.map((other, j) => (j === i ? columnOf(key) : other)))}
                style={{ flex: 1, minWidth: 0 }}
              />
              <CopyIcon
                text={textOf(samples.said.get(columnKey(column)), samples.prompt)}
                label={texts.copy(columnName(column, raw))}
              />
              {columns.length > 1 && (
                <Tooltip label={texts.removeColumn(i + 1)}>
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    disabled={samples.busy}
                    aria-label={texts.removeColumn(i + 1)}
                    onClick={() => setColumns(columns.filter((_, j) => j !== i))}
                  >
                    <IconX size={16} />
                  </ActionIcon>
                </Tooltip>
              )}
            </Group>
            <Answer name={columnName(column, raw)} prompt={samples.prompt} said={samples.said.get(columnKey(column))} />
          </Paper>
        ))}
      </section>
      {next && (
        <Group>
          <Button
            size="xs"
            variant="default"
            disabled={samples.busy}
            leftSection={<IconColumnInsertRight size={15} />}
            onClick={() => setColumns([...columns, next])}
          >
            {texts.addColumn}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

const textOf = (said: Said | undefined, prompt: string): string =>
  said && 'text' in said && said.text !== '' ? prompt + said.text : '';

function Answer({ name, prompt, said }: { name: string; prompt: string; said: Said | undefined }) {
  if (said?.state === 'failed') return <Problem error={said.error} />;
  const written = said && 'text' in said && said.text !== '' ? said.text : null;
  const note =
    said?.state === 'waiting'
      ? texts.waiting
      : said?.state === 'writing' && written === null
        ? texts.starting
        : said?.state === 'stopped'
          ? texts.stopped
          : null;
  return (
    <ScrollBox className={`pre ${classes.text}`} label={texts.of(name)}>
      {written !== null && (
        <span>
          <Text component="span" inherit c="dimmed">
            {prompt}
          </Text>
          {written}
        </span>
      )}
      {note !== null && (
        <Text size="xs" c="dimmed" role="status">
          {note}
        </Text>
      )}
    </ScrollBox>
  );
}
