/** Runs: all of them, newest first; several can be ticked and compared. */
import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { IconPlus, IconRipple, IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { Page } from '../../components/page.tsx';
import { Empty, Problem, Waiting } from '../../components/states.tsx';
import { routes } from '../../lib/routes.ts';
import { useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { filterRuns, type StatusFilter, statusFilters } from './lib/filter.ts';
import { RunCard } from './run-card.tsx';
import classes from './runs.module.css';
import { SelectionBar } from './selection-bar.tsx';

/** Stays while other pages are open, so that the way back from a comparison finds it. */
let kept: ReadonlySet<string> = new Set();

export function RunsPage() {
  const { data, error, refetch } = useQuery('runs.list', undefined);
  const datasets = useQuery('datasets.list', undefined);
  const [search, setSearch] = useState('');
  const [status, setStatus] = useState<StatusFilter>('all');
  const [ticked, setTicked] = useState(kept);
  const select = (next: ReadonlySet<string>) => {
    kept = next;
    setTicked(next);
  };
  const toggle = (name: string) => {
    const next = new Set(ticked);
    if (!next.delete(name)) next.add(name);
    select(next);
  };
  const several = (data?.length ?? 0) > 1;
  const shown = several ? filterRuns(data ?? [], search, status) : (data ?? []);
  // Oldest first: a parent comes before its child.
  const selected = (data ?? [])
    .filter((run) => ticked.has(run.name))
    .map((run) => run.name)
    .reverse();
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
      {several && (
        <div className={classes.tools}>
          <TextInput
            className={classes.search}
            type="search"
            aria-label={t.runs.search}
            placeholder={t.runs.search}
            leftSection={<IconSearch size={16} />}
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
          />
          <SegmentedControl
            size="sm"
            aria-label={t.runs.filter.label}
            value={status}
            onChange={(value) => setStatus(value as StatusFilter)}
            data={statusFilters.map((value) => ({ value, label: t.runs.filter[value] }))}
          />
        </div>
      )}
      {data && data.length > 0 && shown.length === 0 && (
        <Empty
          icon={IconSearch}
          title={t.runs.noMatch.title}
          actions={
            <Button
              variant="default"
              onClick={() => {
                setSearch('');
                setStatus('all');
              }}
            >
              {t.runs.noMatch.action}
            </Button>
          }
        >
          {t.runs.noMatch.text}
        </Empty>
      )}
      {shown.map((run) => (
        <RunCard
          key={run.name}
          run={run}
          childNames={data?.filter((child) => child.parent?.name === run.name).map((child) => child.name) ?? []}
          selected={ticked.has(run.name)}
          onSelect={several && run.status !== 'broken' ? () => toggle(run.name) : undefined}
        />
      ))}
      <SelectionBar names={selected} onClear={() => select(new Set())} />
    </Page>
  );
}
