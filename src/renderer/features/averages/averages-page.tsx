/** Averages: what each holds and gained, means of chosen checkpoints, what was written, and merges of models of others. */
import { Button, Group, Paper, Select, Text, Title } from '@mantine/core';
import { IconSum } from '@tabler/icons-react';
import { Link, useLocation } from 'wouter';
import type { RunSummary } from '../../../shared/api.ts';
import { Page } from '../../components/page.tsx';
import { Empty, Problem, Waiting } from '../../components/states.tsx';
import { routes } from '../../lib/routes.ts';
import { useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { DropArea } from '../datasets/drop-area.tsx';
import classes from './averages.module.css';
import { MergePanel } from './merge-panel.tsx';
import { ModelsTable } from './models-table.tsx';
import { RunAverages } from './run-averages.tsx';
import { useMergeInputs } from './use-merge-inputs.ts';

const texts = t.averages;

export function AveragesPage({ name }: { name: string | null }) {
  const info = useQuery('app.info', undefined);
  const runs = useQuery('runs.list', undefined);
  const merged = useQuery('averages.merged', undefined);
  const capabilities = info.data?.capabilities;
  const list = useMergeInputs(capabilities);
  return (
    <DropArea onDrop={list.drop} paths={capabilities?.paths ?? false} texts={texts.merge.drop}>
      <Page title={texts.title} aside={runs.data && <ChooseRun runs={runs.data} name={name} />}>
        {runs.error && <Problem error={runs.error} onRetry={runs.refetch} />}
        {!runs.data && !runs.error && <Waiting />}
        {runs.data && name === null && <Nothing any={runs.data.length > 0} />}
        {name !== null && <RunAverages key={name} name={name} />}
        <Paper component="section" aria-label={texts.merge.title}>
          <Title order={2} mb="sm">
            {texts.merge.title}
          </Title>
          <MergePanel list={list} capabilities={capabilities} />
        </Paper>
        {(merged.data?.models.length ?? 0) > 0 && (
          <Paper component="section" aria-label={texts.models.merged}>
            <Title order={2} mb="sm">
              {texts.models.merged}
            </Title>
            <ModelsTable run={null} models={merged.data?.models ?? []} label={texts.models.merged} />
          </Paper>
        )}
        {merged.error && <Problem error={merged.error} onRetry={merged.refetch} />}
      </Page>
    </DropArea>
  );
}

function ChooseRun({ runs, name }: { runs: readonly RunSummary[]; name: string | null }) {
  const [, navigate] = useLocation();
  if (runs.length === 0) return null;
  return (
    <Group gap="xs" wrap="nowrap" className={classes.choose}>
      <Select
        aria-label={texts.choose}
        placeholder={texts.chooseRun}
        searchable
        value={name}
        data={runs.map((run) => run.name)}
        onChange={(chosen) => chosen && navigate(routes.averagesOf(chosen))}
        allowDeselect={false}
        style={{ flex: 1, minWidth: 0 }}
      />
      {name !== null && runs.some((run) => run.name === name) && (
        <Button component={Link} href={routes.run(name)} variant="default" style={{ flexShrink: 0 }}>
          {texts.toRun}
        </Button>
      )}
    </Group>
  );
}

function Nothing({ any }: { any: boolean }) {
  if (any)
    return (
      <Paper>
        <Title order={2} mb={4}>
          {texts.pick.title}
        </Title>
        <Text size="sm" c="dimmed">
          {texts.pick.text}
        </Text>
      </Paper>
    );
  return (
    <Empty
      icon={IconSum}
      title={texts.none.title}
      actions={
        <Button component={Link} href={routes.newRun}>
          {texts.none.action}
        </Button>
      }
    >
      {texts.none.text}
    </Empty>
  );
}
