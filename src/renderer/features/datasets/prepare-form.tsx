/** How found files become tokens. */
import {
  Button,
  Group,
  Input,
  Paper,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useState } from 'react';
import { type PrepareConfig, prepareConfig, type SourceReport } from '../../../shared/dataset.ts';
import { NumberField } from '../../components/number-field.tsx';
import { Problem } from '../../components/states.tsx';
import { call } from '../../door/index.ts';
import { pathInSources, suggestedName, usualSplit } from '../../lib/drop.ts';
import { formatCount } from '../../lib/format.ts';
import { useAction } from '../../store/action.ts';
import { refresh } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { ChoiceFields } from './choices.tsx';
import { choicesAreGood, startingChoices } from './lib/choices.ts';
import { hasRecords } from './lib/text-fields.ts';
import { choosableTokenizers, type TokenizerKind, tokenizerError, tokenizerOf } from './lib/tokenizer-choice.ts';
import { Report } from './report.tsx';
import { Beginnings, TextFieldChoice } from './text-field.tsx';
import { kindOf, startingSettings, TokenizerFields } from './tokenizer-fields.tsx';

type SplitBy = PrepareConfig['split']['by'];

export function PrepareForm({
  sources,
  report,
  taken,
  initial,
  onRescan,
  onDone,
  onDiscard,
}: {
  sources: string[];
  report: SourceReport;
  taken: readonly string[];
  /** An earlier try, to change. */
  initial: PrepareConfig | null;
  /** Looks at the sources again, with another field of their records as text. */
  onRescan: (textField: string | null) => Promise<void>;
  onDone: () => void;
  onDiscard: () => void;
}) {
  const texts = t.datasets.form;
  const [name, setName] = useState(() => initial?.name ?? suggestedName(sources, taken));
  const [tokenizer, setTokenizer] = useState<TokenizerKind>(
    initial?.tokenizer ? kindOf(initial.tokenizer) : report.bytes < 20e6 ? 'characters' : 'gpt2',
  );
  const [tokenizerSettings, setTokenizerSettings] = useState(() => startingSettings(initial?.tokenizer ?? null));
  const [by, setBy] = useState<SplitBy>(() => initial?.split.by ?? usualSplit(report));
  const [percent, setPercent] = useState(
    initial && 'fraction' in initial.split ? Number((100 * initial.split.fraction).toFixed(3)) : 10,
  );
  const [file, setFile] = useState<string | null>(initial?.split.by === 'file' ? initial.split.path : null);
  const [invalidUtf8, setInvalid] = useState<PrepareConfig['invalidUtf8']>(initial?.invalidUtf8 ?? 'replace');
  const [textField, setTextField] = useState<string | null>(initial?.textField ?? null);
  const [choices, setChoices] = useState(() => startingChoices(initial));
  const { busy, run } = useAction();

  const records = hasRecords(report);
  const choice = records && (
    <TextFieldChoice
      report={report}
      value={textField}
      onChange={async (field) => {
        await onRescan(field);
        setTextField(field);
      }}
    />
  );
  if (report.fileCount === 0)
    return (
      <Paper>
        <Stack>
          <Problem
            error={{ code: 'empty', message: t.datasets.report.foundNothing, next: t.datasets.report.foundNothingNext }}
          />
          <Report report={report} />
          {choice}
          <Group justify="flex-end">
            <Button variant="default" onClick={onDiscard}>
              {t.common.close}
            </Button>
          </Group>
        </Stack>
      </Paper>
    );

  const names = report.files.map((f) => f.name);
  const places = names.flatMap((label) => {
    const value = pathInSources(sources, names, label);
    return value === null ? [] : [{ value, label }];
  });
  const ready = report.files.every((f) => f.format === 'tokens');
  const invalidBytes = report.files.reduce((sum, f) => sum + f.invalidUtf8, 0);
  const badName = prepareConfig.shape.name.safeParse(name).success
    ? null
    : name === ''
      ? texts.nameMissing
      : texts.nameBad;
  const nameError = taken.includes(name) ? texts.nameTaken : badName;
  const hasFraction = by === 'document' || by === 'tail';
  const fractionError = percent >= 0.1 && percent <= 50 ? null : texts.fractionBad;
  const onlyFile = report.fileCount === 1;
  const fileError = by !== 'file' ? null : onlyFile ? texts.onlyFile : file === null ? texts.splitFileMissing : null;
  const badTokenizer = tokenizerError(tokenizer, tokenizerSettings) !== null;
  const badText =
    badTokenizer || !choicesAreGood(choices) || fileError !== null || (hasFraction && fractionError !== null);
  const wrong = nameError !== null || (!ready && badText);

  const start = () =>
    run(async () => {
      const split: PrepareConfig['split'] =
        by === 'file'
          ? { by, path: file as string }
          : by === 'given'
            ? { by }
            : { by, fraction: Math.round(percent * 1000) / 100_000 };
      await call('datasets.prepare', {
        name,
        sources,
        tokenizer: ready ? null : tokenizerOf(tokenizer, tokenizerSettings),
        split,
        invalidUtf8,
        textField,
        ...(ready ? {} : choices),
      });
      refresh('datasets.list');
      onDone();
    });

  return (
    <Paper aria-label={texts.title} role="region">
      <Stack>
        <Title order={2}>{t.datasets.report.title}</Title>
        <Report report={report} />
        {!ready && choice}
        {!ready && <Beginnings report={report} />}
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xl" verticalSpacing="md">
          <TextInput
            label={texts.name}
            value={name}
            error={nameError}
            onChange={(e) => setName(e.currentTarget.value)}
          />
          {ready ? (
            <Text size="sm" c="dimmed">
              {texts.tokens}
            </Text>
          ) : (
            <>
              <Choice
                label={texts.tokenizer}
                note={texts.tokenizerNotes[tokenizer]}
                value={tokenizer}
                onChange={setTokenizer}
                data={choosableTokenizers.map((value) => ({ value, label: texts.tokenizers[value] }))}
              />
              <TokenizerFields kind={tokenizer} settings={tokenizerSettings} onChange={setTokenizerSettings} />
              <Choice
                label={texts.split}
                note={texts.splitNotes[by]}
                value={by}
                onChange={setBy}
                data={(report.validation
                  ? (['given', 'document', 'tail', 'file'] as const)
                  : (['document', 'tail', 'file'] as const)
                ).map((value) => ({ value, label: texts.splits[value] }))}
              />
              {by === 'file' && (
                <Select
                  label={texts.splitFile}
                  data={places}
                  value={file}
                  onChange={setFile}
                  error={fileError}
                  searchable
                />
              )}
              {hasFraction && (
                <NumberField
                  label={texts.fraction}
                  value={percent}
                  onChange={setPercent}
                  error={fractionError}
                  suffix="%"
                />
              )}
              <Choice
                label={texts.invalid}
                note={invalidBytes > 0 ? texts.invalidNote(formatCount(invalidBytes)) : texts.invalidNone}
                value={invalidUtf8}
                onChange={setInvalid}
                data={(['replace', 'skip'] as const).map((value) => ({ value, label: texts.invalids[value] }))}
              />
            </>
          )}
        </SimpleGrid>
        {!ready && <ChoiceFields value={choices} onChange={setChoices} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onDiscard}>
            {texts.discard}
          </Button>
          <Button onClick={start} loading={busy} disabled={wrong}>
            {ready ? texts.startTokens : texts.start}
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}

function Choice<V extends string>({
  label,
  note,
  value,
  onChange,
  data,
}: {
  label: string;
  note: string;
  value: V;
  onChange: (value: V) => void;
  data: { value: V; label: string }[];
}) {
  return (
    <div>
      <Input.Label component="div" display="block" mb={4}>
        {label}
      </Input.Label>
      <SegmentedControl aria-label={label} value={value} onChange={(v) => onChange(v as V)} data={data} />
      <Text size="xs" c="dimmed" mt={4}>
        {note}
      </Text>
    </div>
  );
}
