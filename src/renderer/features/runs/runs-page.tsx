/** Runs: all of them, newest first. */
import { Button } from '@mantine/core';
import { IconPlus, IconRipple } from '@tabler/icons-react';
import { Link } from 'wouter';
import { Page } from '../../components/page.tsx';
import { Empty, Problem, Waiting } from '../../components/states.tsx';
import { routes } from '../../lib/routes.ts';
import { useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { RunCard } from './run-card.tsx';

export function RunsPage() {
  const { data, error, refetch } = useQuery('runs.list', undefined);
  const datasets = useQuery('datasets.list', undefined);
  const hasData = datasets.data?.some((dataset) => dataset.status === 'ready') ?? false;
  return (
    <Page
      title={t.runs.title}
      aside={
        <Button component={Link} href={routes.newRun} leftSection={<IconPlus size={16} />}>
          {t.runs.newRun}
        </Button>
      }
    >
      {error && <Problem error={error} onRetry={refetch} />}
      {!data && !error && <Waiting />}
      {data?.length === 0 && (
        <Empty
          icon={IconRipple}
          title={t.runs.empty.title}
          actions={
            hasData ? (
              <Button component={Link} href={routes.newRun}>
                {t.runs.empty.sample}
              </Button>
            ) : (
              <Button component={Link} href={routes.datasets}>
                {t.runs.empty.datasets}
              </Button>
            )
          }
        >
          {t.runs.empty.text}
        </Empty>
      )}
      {data?.map((run) => (
        <RunCard
          key={run.name}
          run={run}
          childNames={data.filter((child) => child.parent?.name === run.name).map((child) => child.name)}
        />
      ))}
    </Page>
  );
}
