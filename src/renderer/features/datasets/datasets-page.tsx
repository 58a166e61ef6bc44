/** Datasets: drop text, see what was found, prepare it, look at it. */
import { Button, Group, Paper, Progress, Stack, Text } from '@mantine/core';
import { IconDatabasePlus, IconFileText, IconFolderPlus } from '@tabler/icons-react';
import { type ChangeEvent, useRef, useState } from 'react';
import type { Capabilities } from '../../../shared/api.ts';
import type { PrepareConfig } from '../../../shared/dataset.ts';
import { Page } from '../../components/page.tsx';
import { Empty, Problem, Waiting, Working } from '../../components/states.tsx';
import { filesOfInput } from '../../lib/drop.ts';
import { formatBytes, formatCount } from '../../lib/format.ts';
import { useQuery } from '../../store/cache.ts';
import { useOpenedSources } from '../../store/opened.ts';
import { t } from '../../strings.ts';
import { DatasetCard } from './dataset-card.tsx';
import classes from './datasets.module.css';
import { DropArea } from './drop-area.tsx';
import { OpenWebTextCard } from './openwebtext-card.tsx';
import { PathField } from './path-field.tsx';
import { PrepareForm } from './prepare-form.tsx';
import { tookTokenizer } from './tokenizer-file.ts';
import { type IntakeActions, useIntake } from './use-intake.ts';

export function DatasetsPage() {
  const info = useQuery('app.info', undefined);
  const { data, error, refetch } = useQuery('datasets.list', undefined);
  const capabilities = info.data?.capabilities;
  const actions = useIntake(capabilities);
  const { intake } = actions;
  useOpenedSources(actions.sources);
  const runs = useQuery('runs.list', undefined);
  const running = runs.data?.filter(({ status }) => atWork.has(status)).map(({ name }) => name) ?? [];
  // An earlier try that is being changed; its name is its own again.
  const [changing, setChanging] = useState<PrepareConfig | null>(null);
  const change = (config: PrepareConfig): void => {
    setChanging(config);
    actions.sources(config.sources, config.textField);
    window.scrollTo({ top: 0 });
  };
  const initial = intake.state === 'found' && changing && same(changing.sources, intake.sources) ? changing : null;
  return (
    <DropArea onDrop={(data) => !tookTokenizer(data) && actions.drop(data)} paths={capabilities?.paths ?? false}>
      <Page title={t.datasets.title} aside={<Choose capabilities={capabilities} actions={actions} />} width={1040}>
        {capabilities && !capabilities.dialogs && (
          <PathField busy={intake.state === 'scanning'} onPath={(path) => actions.sources([path])} />
        )}
        <IntakePanel
          actions={actions}
          taken={data?.filter((d) => d.status !== 'incomplete' && d.status !== 'failed').map((d) => d.name) ?? []}
          initial={initial}
        />
        {error && <Problem error={error} onRetry={refetch} />}
        {!data && !error && <Waiting />}
        {data?.length === 0 && intake.state === 'idle' && (
          <Empty icon={IconDatabasePlus} title={t.datasets.empty.title}>
            {t.datasets.empty.text}
          </Empty>
        )}
        {data?.map((dataset) => (
          <DatasetCard
            key={dataset.name}
            dataset={dataset}
            capabilities={capabilities}
            running={running}
            onChange={change}
          />
        ))}
        {data && <OpenWebTextCard />}
      </Page>
    </DropArea>
  );
}

const atWork = new Set(['queued', 'running', 'pausing', 'paused', 'stopping']);
const same = (a: readonly string[], b: readonly string[]): boolean => a.join('\n') === b.join('\n');

/** Native dialogs where there are some; else the browser's, one for folders and one for files. */
function Choose({ capabilities, actions }: { capabilities: Capabilities | undefined; actions: IntakeActions }) {
  const folder = useRef<HTMLInputElement>(null);
  const files = useRef<HTMLInputElement>(null);
  const dialogs = capabilities?.dialogs ?? false;
  const picked = (event: ChangeEvent<HTMLInputElement>) => {
    const { files: list } = event.currentTarget;
    if (list && list.length > 0) actions.files(filesOfInput(list));
    event.currentTarget.value = '';
  };
  return (
    <Group gap="xs" data-tour="choose-data">
      {!dialogs && (
        <>
          <input
            ref={folder}
            type="file"
            className={classes.hidden}
            aria-label={t.datasets.chooseFolderLabel}
            onChange={picked}
            {...{ webkitdirectory: '' }}
          />
          <input
            ref={files}
            type="file"
            multiple
            className={classes.hidden}
            aria-label={t.datasets.chooseFilesLabel}
            onChange={picked}
          />
        </>
      )}
      <Button
        variant="default"
        leftSection={<IconFileText size={16} />}
        onClick={() => (dialogs ? actions.dialog('files') : files.current?.click())}
      >
        {t.datasets.chooseFiles}
      </Button>
      <Button
        leftSection={<IconFolderPlus size={16} />}
        onClick={() => (dialogs ? actions.dialog('folder') : folder.current?.click())}
      >
        {t.datasets.chooseFolder}
      </Button>
    </Group>
  );
}

function IntakePanel({
  actions,
  taken,
  initial,
}: {
  actions: IntakeActions;
  taken: readonly string[];
  initial: PrepareConfig | null;
}) {
  const { intake, reset } = actions;
  switch (intake.state) {
    case 'idle':
      return null;
    case 'collecting':
      return (
        <Paper>
          <Working text={t.datasets.collecting} />
        </Paper>
      );
    case 'scanning':
      return (
        <Paper>
          <Working text={t.datasets.scanning} />
        </Paper>
      );
    case 'uploading': {
      const text = t.datasets.uploading(formatBytes(intake.done), formatBytes(intake.total), formatCount(intake.files));
      return (
        <Paper>
          <Stack gap="xs">
            <Text size="sm" className="numbers" role="status">
              {text}
            </Text>
            <Progress value={intake.total > 0 ? (100 * intake.done) / intake.total : 0} aria-label={text} animated />
          </Stack>
        </Paper>
      );
    }
    case 'failed':
      return (
        <Problem
          error={intake.error}
          actions={
            <Button size="xs" variant="default" onClick={reset}>
              {t.common.close}
            </Button>
          }
        />
      );
    case 'found':
      return (
        <PrepareForm
          key={intake.sources.join('\n')}
          sources={intake.sources}
          report={intake.report}
          taken={taken}
          initial={initial}
          onRescan={actions.rescan}
          onDone={reset}
          onDiscard={reset}
        />
      );
  }
}
