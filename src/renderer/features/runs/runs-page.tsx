/** Runs: the queue, then all of them, newest first; several can be ticked and compared. */
import { Button, SegmentedControl, Select, TextInput } from '@mantine/core';
import { IconPlus, IconRipple, IconSearch, IconTag } from '@tabler/icons-react';
import { useCallback, useMemo, useState } from 'react';
import { Link } from 'wouter';
import { Page } from '../../components/page.tsx';
import { Empty, Problem, Waiting } from '../../components/states.tsx';
import { routes } from '../../lib/routes.ts';
import { useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { allTags, everyRun, filterRuns, type StatusFilter, statusFilters } from './lib/filter.ts';
import { waitsFor } from './lib/queue.ts';
import { childrenByParent } from './lib/uses.ts';
import { QueuePanel } from './queue-panel.tsx';
import { RunCard } from './run-card.tsx';
import classes from './runs.module.css';
import { SampleButton } from './sample-button.tsx';
import { SelectionBar } from './selection-bar.tsx';
import { useGrowing } from './use-growing.ts';

/** Stays while other pages are open, so that the way back from a comparison finds it. */
let kept: ReadonlySet<string> = new Set();

const none: readonly string[] = [];

export function RunsPage() {
  const { data, error, refetch } = useQuery('runs.list', undefined);
  const datasets = useQuery('datasets.list', undefined);
  const [filter, setFilter] = useState(everyRun);
  const [ticked, setTicked] = useState(kept);
  const select = useCallback((next: ReadonlySet<string>) => {
    kept = next;
    setTicked(next);
  }, []);
  const toggle = useCallback(
    (name: string) => {
      const next = new Set(kept);
      if (!next.delete(name)) next.add(name);
      select(next);
    },
    [select],
  );
  const onTag = useCallback((tag: string) => setFilter((before) => ({ ...before, tag })), []);
  const several = (data?.length ?? 0) > 1;
  const matching = useMemo(() => (several ? filterRuns(data ?? [], filter) : (data ?? [])), [several, data, filter]);
  const { shown, sentinel, more } = useGrowing(matching, JSON.stringify(filter));
  const children = useMemo(() => childrenByParent(data ?? []), [data]);
  const names = useMemo(() => new Set(data?.map((run) => run.name)), [data]);
  const tags = useMemo(() => allTags(data ?? []), [data]);
  const waiting = (data ?? []).filter((run) => run.place !== null).length;
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
            <>
              <SampleButton />
              {hasData ? (
                <Button variant="default" component={Link} href={routes.newRun}>
                  {t.runs.empty.sample}
                </Button>
              ) : (
                <Button variant="default" component={Link} href={routes.datasets}>
                  {t.runs.empty.datasets}
                </Button>
              )}
            </>
          }
        >
          {t.runs.empty.text}
        </Empty>
      )}
      {data && data.length > 0 && <QueuePanel runs={data} />}
      {several && (
        <div className={classes.tools}>
          <TextInput
            className={classes.search}
            type="search"
            aria-label={t.runs.search}
            placeholder={t.runs.searchHint}
            leftSection={<IconSearch size={16} />}
            value={filter.search}
            onChange={(event) => setFilter({ ...filter, search: event.currentTarget.value })}
          />
          {tags.length > 0 && (
            <Select
              className={classes.tagFilter}
              aria-label={t.runs.tag.label}
              placeholder={t.runs.tag.all}
              leftSection={<IconTag size={16} />}
              data={tags}
              value={filter.tag}
              onChange={(tag) => setFilter({ ...filter, tag })}
              searchable
              clearable
            />
          )}
          <SegmentedControl
            size="sm"
            aria-label={t.runs.filter.label}
            value={filter.status}
            onChange={(value) => setFilter({ ...filter, status: value as StatusFilter })}
            data={statusFilters.map((value) => ({ value, label: t.runs.filter[value] }))}
          />
        </div>
      )}
      {data && data.length > 0 && matching.length === 0 && (
        <Empty
          icon={IconSearch}
          title={t.runs.noMatch.title}
          actions={
            <Button variant="default" onClick={() => setFilter(everyRun)}>
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
          childNames={children.get(run.name) ?? none}
          hasParent={run.parent !== null && names.has(run.parent.name)}
          waiting={waiting}
          behind={waitsFor(run, data ?? [])}
          selected={ticked.has(run.name)}
          onToggle={several && run.status !== 'broken' ? toggle : undefined}
          onTag={onTag}
        />
      ))}
      {more !== null && (
        <Button ref={sentinel} variant="default" onClick={more}>
          {t.runs.showMore(matching.length - shown.length)}
        </Button>
      )}
      <SelectionBar names={selected} onClear={() => select(new Set())} />
    </Page>
  );
}
