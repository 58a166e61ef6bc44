/** The mean of models of others: a list in order, a name, and the bytes that are read. */

import {
  ActionIcon,
  Button,
  Group,
  Paper,
  Progress,
  SegmentedControl,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconFile, IconFolderPlus, IconSum, IconX } from '@tabler/icons-react';
import { type ChangeEvent, useRef, useState } from 'react';
import type { ApiError, Capabilities, Output } from '../../../shared/api.ts';
import { runConfig } from '../../../shared/config.ts';
import { type ExportFormat, exportFormat } from '../../../shared/export-layouts.ts';
import { Problem, Working } from '../../components/states.tsx';
import { Copyable, Truncated } from '../../components/text.tsx';
import { asApiError } from '../../door/errors.ts';
import { call } from '../../door/index.ts';
import { filesOfInput } from '../../lib/drop.ts';
import { formatBytes } from '../../lib/format.ts';
import { tellFailure } from '../../store/action.ts';
import { refresh, useQuery } from '../../store/cache.ts';
import { useJobProgress } from '../../store/job-progress.ts';
import { t } from '../../strings.ts';
import { CheckResult } from '../export/check-result.tsx';
import classes from './averages.module.css';
import { lastPart, suggestedMergeName } from './lib/merge-inputs.ts';
import type { MergeInputs } from './use-merge-inputs.ts';

const texts = t.averages.merge;

export function MergePanel({ list, capabilities }: { list: MergeInputs; capabilities: Capabilities | undefined }) {
  const { inputs, arriving } = list;
  const merged = useQuery('averages.merged', undefined);
  const [typed, setTyped] = useState<string | null>(null);
  const [folder, setFolder] = useState<string | null>(null);
  const [format, setFormat] = useState<ExportFormat>('float32');
  const [result, setResult] = useState<{ format: ExportFormat; output: Output<'averages.merge'> } | null>(null);
  /** Stays until the next try: which models do not fit is worth reading twice. */
  const [failure, setFailure] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const home = merged.data?.folder ?? '';
  const target = folder ?? home;
  const taken = target === home ? (merged.data?.models.map(({ name }) => name) ?? []) : [];
  const name = typed ?? suggestedMergeName(inputs, taken);
  const nameError = !runConfig.shape.name.safeParse(name).success
    ? texts.nameBad
    : taken.includes(name)
      ? texts.nameTaken
      : null;

  const progress = useJobProgress('average', name);

  const start = async () => {
    setBusy(true);
    setResult(null);
    setFailure(null);
    try {
      const where = target === home ? null : target;
      const output = await call('averages.merge', { name, inputs: [...inputs], folder: where, format });
      setResult({ format, output });
      if (output.path !== null) {
        setTyped(null);
        list.clear();
      }
    } catch (error) {
      setFailure(asApiError(error));
    } finally {
      setBusy(false);
      refresh('averages.merged');
    }
  };
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {texts.text}
      </Text>
      <Choose list={list} capabilities={capabilities} disabled={busy} />
      {arriving.state === 'collecting' && <Working text={texts.collecting} />}
      {arriving.state === 'uploading' && <Bytes text={texts.uploading} {...arriving} />}
      {arriving.state === 'failed' && <Problem error={arriving.error} />}
      {inputs.length > 0 && (
        <>
          <Inputs list={list} disabled={busy} />
          <div className={classes.target}>
            <TextInput
              label={texts.name}
              value={name}
              error={busy ? null : nameError}
              disabled={busy}
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
            <TextInput
              label={texts.folder}
              value={target}
              disabled={busy}
              onChange={(event) => setFolder(event.currentTarget.value)}
            />
          </div>
          <Group gap="sm">
            <SegmentedControl
              aria-label={texts.format}
              value={format}
              disabled={busy}
              onChange={(value) => setFormat(value as ExportFormat)}
              data={[...exportFormat.options]}
            />
            <Button
              leftSection={<IconSum size={16} />}
              onClick={start}
              loading={busy}
              disabled={inputs.length < 2 || nameError !== null}
            >
              {texts.action}
            </Button>
            {busy ? (
              <Button
                variant="default"
                leftSection={<IconX size={16} />}
                onClick={() => call('averages.cancel', { subject: name }).catch(tellFailure)}
              >
                {texts.cancel}
              </Button>
            ) : (
              <Button variant="subtle" color="gray" onClick={list.clear}>
                {texts.clear}
              </Button>
            )}
            {inputs.length < 2 && (
              <Text size="sm" c="dimmed">
                {texts.few}
              </Text>
            )}
          </Group>
          {busy && (progress ? <Bytes text={texts.progress} {...progress} /> : <Working text={texts.starting} />)}
        </>
      )}
      {failure && <Problem error={failure} />}
      {result && !busy && (
        <div role="status">
          {result.output.path === null ? (
            <Text size="sm">{texts.cancelled}</Text>
          ) : (
            <Paper p="sm">
              <Title order={3} mb={6}>
                {texts.written}
              </Title>
              <Copyable text={result.output.path} label={t.common.copyPath} />
              {result.output.check && (
                <div style={{ marginTop: 12 }}>
                  <CheckResult check={result.output.check} format={result.format} />
                </div>
              )}
            </Paper>
          )}
        </div>
      )}
    </Stack>
  );
}

function Bytes({ text, done, total }: { text: (done: string, total: string) => string; done: number; total: number }) {
  const said = text(formatBytes(done), formatBytes(total));
  return (
    <Stack gap={4}>
      <Text size="sm" className="numbers" role="status">
        {said}
      </Text>
      <Progress value={total > 0 ? (100 * done) / total : 0} aria-label={said} />
    </Stack>
  );
}

/** By their path; by the system's dialogs where there are some, else by the browser's. */
function Choose({
  list,
  capabilities,
  disabled,
}: {
  list: MergeInputs;
  capabilities: Capabilities | undefined;
  disabled: boolean;
}) {
  const [path, setPath] = useState('');
  const folder = useRef<HTMLInputElement>(null);
  const files = useRef<HTMLInputElement>(null);
  const dialogs = capabilities?.dialogs ?? false;
  const picked = (event: ChangeEvent<HTMLInputElement>) => {
    const { files: chosen } = event.currentTarget;
    if (chosen && chosen.length > 0) list.upload(filesOfInput(chosen));
    event.currentTarget.value = '';
  };
  const add = () => {
    if (path.trim() === '') return;
    list.add([path.trim()]);
    setPath('');
  };
  return (
    <Stack gap="xs">
      <form
        className={classes.path}
        onSubmit={(event) => {
          event.preventDefault();
          add();
        }}
      >
        <TextInput
          label={texts.path}
          placeholder={texts.pathPlaceholder}
          value={path}
          disabled={disabled}
          onChange={(event) => setPath(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" disabled={disabled || path.trim() === ''}>
          {texts.add}
        </Button>
      </form>
      <Group gap="xs">
        {!dialogs && (
          <>
            <input
              ref={folder}
              type="file"
              className={classes.hidden}
              aria-label={texts.chooseFolderLabel}
              onChange={picked}
              {...{ webkitdirectory: '' }}
            />
            <input
              ref={files}
              type="file"
              multiple
              className={classes.hidden}
              aria-label={texts.chooseFilesLabel}
              onChange={picked}
            />
          </>
        )}
        <Button
          size="xs"
          variant="default"
          disabled={disabled}
          leftSection={<IconFolderPlus size={15} />}
          onClick={() => (dialogs ? list.dialog('folder') : folder.current?.click())}
        >
          {texts.chooseFolder}
        </Button>
        <Button
          size="xs"
          variant="default"
          disabled={disabled}
          leftSection={<IconFile size={15} />}
          onClick={() => (dialogs ? list.dialog('files') : files.current?.click())}
        >
          {texts.chooseFiles}
        </Button>
      </Group>
    </Stack>
  );
}

function Inputs({ list, disabled }: { list: MergeInputs; disabled: boolean }) {
  const { inputs } = list;
  const icon = (label: string, Icon: typeof IconX, off: boolean, act: () => void) => (
    <ActionIcon variant="subtle" color="gray" size="sm" aria-label={label} disabled={off || disabled} onClick={act}>
      <Icon size={15} />
    </ActionIcon>
  );
  return (
    <div>
      <Text size="sm" fw={600} mb={4}>
        {texts.order}
      </Text>
      <Stack gap={2} component="ol" m={0} p={0} style={{ listStyle: 'none' }} aria-label={texts.order}>
        {inputs.map((path, i) => (
          <Group component="li" key={path} gap={6} wrap="nowrap">
            <Text size="xs" c="dimmed" className="numbers" w={24} ta="right">
              {i + 1}
            </Text>
            <div style={{ flex: 1, minWidth: 0 }}>
              <Truncated size="sm">{path}</Truncated>
              {i === inputs.length - 1 && inputs.length > 1 && (
                <Text size="xs" c="dimmed">
                  {texts.newest}
                </Text>
              )}
            </div>
            {icon(texts.up(lastPart(path)), IconArrowUp, i === 0, () => list.move(i, -1))}
            {icon(texts.down(lastPart(path)), IconArrowDown, i === inputs.length - 1, () => list.move(i, 1))}
            {icon(texts.remove(lastPart(path)), IconX, false, () => list.remove(path))}
          </Group>
        ))}
      </Stack>
    </div>
  );
}
