/** One dataset: what it holds, where it lies, who uses it, and what can be done with it. */
import { ActionIcon, Anchor, Button, Group, Menu, Modal, Paper, Progress, Stack, Text } from '@mantine/core';
import { IconDots, IconEye, IconEyeOff, IconFolder, IconPlayerPlay, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';
import type { Capabilities, DatasetSummary } from '../../../shared/api.ts';
import type { PrepareConfig } from '../../../shared/dataset.ts';
import { Confirm } from '../../components/confirm.tsx';
import { StatusBadge } from '../../components/status.tsx';
import { CopyIcon, Figure, Truncated } from '../../components/text.tsx';
import { call } from '../../door/index.ts';
import { formatBytes, formatCount, formatDuration, formatShort } from '../../lib/format.ts';
import { routes } from '../../lib/routes.ts';
import { tellFailure, useAction } from '../../store/action.ts';
import { refresh } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import classes from './datasets.module.css';
import { Inside } from './preview.tsx';

export function DatasetCard({
  dataset,
  capabilities,
  running,
  onChange,
}: {
  dataset: DatasetSummary;
  capabilities: Capabilities | undefined;
  /** Names of the runs that train or wait. */
  running: readonly string[];
  /** Opens the form with what an earlier try was asked for. */
  onChange: (config: PrepareConfig) => void;
}) {
  const texts = t.datasets.list;
  const [preview, setPreview] = useState(false);
  const [removing, setRemoving] = useState(false);
  const { name, meta, status, job } = dataset;
  const busy = status === 'preparing';
  const users = dataset.usedBy.filter((run) => running.includes(run));
  return (
    <Paper component="article" aria-label={name}>
      <Stack gap="sm">
        <Group justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap" style={{ minWidth: 0 }}>
            <Truncated fw={600}>{name}</Truncated>
            <StatusBadge status={status} />
          </Group>
          <Group gap="xs" wrap="nowrap">
            {status === 'ready' && (
              <>
                <Button
                  variant="default"
                  size="xs"
                  leftSection={preview ? <IconEyeOff size={15} /> : <IconEye size={15} />}
                  onClick={() => setPreview(!preview)}
                  aria-expanded={preview}
                >
                  {preview ? texts.hidePreview : texts.preview}
                </Button>
                <Button
                  component={Link}
                  href={routes.newRunOn(name)}
                  size="xs"
                  leftSection={<IconPlayerPlay size={15} />}
                >
                  {texts.train}
                </Button>
              </>
            )}
            {status !== 'failed' && (
              <Menu position="bottom-end">
                <Menu.Target>
                  <ActionIcon variant="subtle" color="gray" aria-label={texts.menu(name)}>
                    <IconDots size={18} />
                  </ActionIcon>
                </Menu.Target>
                <Menu.Dropdown>
                  {capabilities?.reveal && (
                    <Menu.Item
                      leftSection={<IconFolder size={16} />}
                      onClick={() => call('shell.reveal', { path: dataset.folder }).catch(tellFailure)}
                    >
                      {t.common.reveal}
                    </Menu.Item>
                  )}
                  <Menu.Item
                    color="red"
                    leftSection={<IconTrash size={16} />}
                    disabled={busy}
                    onClick={() => setRemoving(true)}
                  >
                    {texts.delete}
                  </Menu.Item>
                </Menu.Dropdown>
              </Menu>
            )}
          </Group>
        </Group>
        {meta && (
          <div className={classes.facts}>
            <Figure label={texts.tokens} title={formatCount(meta.train.tokens)}>
              {formatShort(meta.train.tokens)}
            </Figure>
            <Figure label={texts.validation} title={formatCount(meta.val.tokens)}>
              {formatShort(meta.val.tokens)}
            </Figure>
            <Figure label={texts.documents}>{formatCount(meta.train.documents + meta.val.documents)}</Figure>
            <Figure label={texts.vocabulary}>
              {formatCount(meta.tokenizer.vocabSize)}
              {meta.tokenizer.kind === 'unknown' ? '' : ` · ${t.datasets.list.tokenizers[meta.tokenizer.kind]}`}
            </Figure>
            <Figure label={texts.size}>{formatBytes(dataset.bytes)}</Figure>
            <UsedBy runs={dataset.usedBy} />
          </div>
        )}
        {busy && <Preparing dataset={dataset} />}
        {status === 'incomplete' && <Incomplete dataset={dataset} onChange={onChange} />}
        {status === 'failed' && <FailedActions dataset={dataset} onChange={onChange} />}
        {(dataset.problem || job?.error) && (
          <Text size="sm" c="red" role="alert">
            {job?.error ? `${job.error.message} ${job.error.next}` : dataset.problem}
          </Text>
        )}
        {status !== 'failed' && (
          <Group gap={4} wrap="nowrap">
            <Truncated size="xs" c="dimmed">
              {dataset.folder}
            </Truncated>
            <CopyIcon text={dataset.folder} label={t.common.copyPath} />
          </Group>
        )}
        {preview && meta && <Inside name={name} meta={meta} />}
      </Stack>
      {users.length > 0 ? (
        <Modal opened={removing} onClose={() => setRemoving(false)} title={t.datasets.remove.title(name)}>
          <Text size="sm">{t.datasets.remove.busy(users.join(', '))}</Text>
        </Modal>
      ) : (
        <Confirm
          opened={removing}
          onClose={() => setRemoving(false)}
          title={t.datasets.remove.title(name)}
          action={t.datasets.remove.action}
          onConfirm={async () => {
            await call('datasets.delete', { name });
            refresh('datasets.list');
          }}
        >
          {t.datasets.remove.text(formatBytes(dataset.bytes))}
          {dataset.usedBy.length > 0 && ` ${t.datasets.remove.used(dataset.usedBy.join(', '))}`}
        </Confirm>
      )}
    </Paper>
  );
}

function UsedBy({ runs }: { runs: readonly string[] }) {
  const texts = t.datasets.list;
  if (runs.length === 0) return <Figure label={texts.usedBy}>{texts.usedByNone}</Figure>;
  if (runs.length === 1)
    return (
      <Figure label={texts.usedBy}>
        <Anchor component={Link} href={routes.run(runs[0])} size="sm">
          {runs[0]}
        </Anchor>
      </Figure>
    );
  return (
    <Figure label={texts.usedBy}>
      <Menu position="bottom-start">
        <Menu.Target>
          <Anchor component="button" type="button" size="sm">
            {texts.usedByRuns(runs.length)}
          </Anchor>
        </Menu.Target>
        <Menu.Dropdown className={classes.users}>
          {runs.map((run) => (
            <Menu.Item key={run} component={Link} href={routes.run(run)}>
              {run}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </Figure>
  );
}

function Preparing({ dataset }: { dataset: DatasetSummary }) {
  const texts = t.datasets.list;
  const { busy, run } = useAction();
  const progress = dataset.job?.progress ?? null;
  const share = progress && progress.total > 0 ? progress.done / progress.total : 0;
  const stopping = dataset.job?.status === 'stopping';
  return (
    <Stack gap={6}>
      <Progress value={100 * share} aria-label={texts.progress(dataset.name)} animated />
      <Group justify="space-between" wrap="nowrap">
        <Text size="xs" c="dimmed" className="numbers">
          {progress
            ? [
                t.phase[progress.phase],
                progress.unit === 'bytes'
                  ? `${formatBytes(progress.done)} / ${formatBytes(progress.total)}`
                  : `${formatCount(progress.done)} / ${formatCount(progress.total)}`,
                progress.rate === null ? null : texts.rate(formatBytes(progress.rate)),
                progress.secondsLeft === null ? null : t.timeLeft(formatDuration(progress.secondsLeft)),
                progress.reason,
              ]
                .filter((part) => part !== null)
                .join(' · ')
            : t.phase.starting}
        </Text>
        <Button
          size="compact-xs"
          variant="default"
          loading={busy || stopping}
          onClick={() => run(() => call('datasets.cancel', { name: dataset.name }))}
        >
          {texts.cancel}
        </Button>
      </Group>
    </Stack>
  );
}

/** Nothing of it was kept: it can be tried otherwise, or put away. */
function FailedActions({ dataset, onChange }: { dataset: DatasetSummary; onChange: (config: PrepareConfig) => void }) {
  const texts = t.datasets.list;
  const { busy, run } = useAction();
  const { prepare } = dataset;
  return (
    <Group gap="xs">
      {prepare && (
        <Button size="xs" variant="light" onClick={() => onChange(prepare)}>
          {texts.change}
        </Button>
      )}
      <Button
        size="xs"
        variant="default"
        loading={busy}
        onClick={() =>
          run(async () => {
            await call('datasets.delete', { name: dataset.name });
            refresh('datasets.list');
          })
        }
      >
        {texts.dismiss}
      </Button>
    </Group>
  );
}

function Incomplete({ dataset, onChange }: { dataset: DatasetSummary; onChange: (config: PrepareConfig) => void }) {
  const texts = t.datasets.list;
  const { busy, run } = useAction();
  const { prepare } = dataset;
  return (
    <Group justify="space-between" gap="xs">
      <Text size="sm" c="dimmed">
        {prepare ? texts.incomplete : texts.resumeAgain}
      </Text>
      {prepare && (
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={() => onChange(prepare)}>
            {texts.change}
          </Button>
          <Button size="xs" variant="light" loading={busy} onClick={() => run(() => call('datasets.prepare', prepare))}>
            {texts.resume}
          </Button>
        </Group>
      )}
    </Group>
  );
}
