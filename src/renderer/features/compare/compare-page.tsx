/** Several runs on one chart, and what their configurations do not share. */
import { Anchor, Button, Center, Group, Paper, Select, Text, Title } from '@mantine/core';
import { IconChevronLeft, IconRipple } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { Chart } from '../../components/chart.tsx';
import { ChartFoot } from '../../components/chart-foot.tsx';
import { Notice } from '../../components/notice.tsx';
import { Page } from '../../components/page.tsx';
import { Empty, Problem, Waiting } from '../../components/states.tsx';
import { routes } from '../../lib/routes.ts';
import { comparable } from '../../lib/run-style.ts';
import { useQuery } from '../../store/cache.ts';
import { useChartSettings } from '../../store/chart-settings.ts';
import { useRunsMetrics } from '../../store/run-metrics.ts';
import { t } from '../../strings.ts';
import { ChartControls, clipFrom, formatX, formatY } from '../run/chart-controls.tsx';
import classes from './compare.module.css';
import { CompareLegend } from './compare-legend.tsx';
import { DifferencePanel } from './difference-table.tsx';
import { type Compared, compareLines, forkMarkers, policyIds, sameMeasure } from './lib/compare-lines.ts';

const texts = t.compare;
const chartHeight = 420;
const nothing: ReadonlySet<string> = new Set();

function toggled(set: ReadonlySet<string>, key: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(key)) next.add(key);
  return next;
}

export function ComparePage({ names }: { names: readonly string[] }) {
  const { data: runs, error, refetch } = useQuery('runs.list', undefined);
  const [, navigate] = useLocation();
  const [settings, changeSettings] = useChartSettings('');
  const { axis, clip } = settings;
  const [hiddenRuns, setHiddenRuns] = useState(nothing);
  const [hiddenWeights, setHiddenWeights] = useState(nothing);
  const shown = names.slice(0, comparable).flatMap((name) => runs?.find((run) => run.name === name) ?? []);
  const known = shown.map((run) => run.name);
  const metrics = useRunsMetrics(known);
  const versions = known.map((name) => metrics.get(name)?.version ?? 0).join();
  const configs = JSON.stringify(shown.map((run) => run.config));
  // biome-ignore lint/correctness/useExhaustiveDependencies: series grow in place, and lists are made anew; these say when.
  const drawn = useMemo(() => {
    const compared: Compared[] = shown.map((run) => ({ run, series: metrics.get(run.name)?.series ?? null }));
    const options = { axis, hiddenRuns, hiddenWeights };
    const lines = compareLines(compared, options);
    return { compared, options, lines, ids: policyIds(compared), markers: forkMarkers(compared, options) };
  }, [known.join('\n'), configs, versions, metrics, axis, hiddenRuns, hiddenWeights]);

  const back = (
    <Anchor
      component={Link}
      href={routes.runs}
      size="sm"
      c="dimmed"
      display="inline-flex"
      style={{ alignItems: 'center' }}
    >
      <IconChevronLeft size={16} /> {t.run.back}
    </Anchor>
  );
  if (!runs)
    return <Page title={back}>{error ? <Problem error={error} onRetry={refetch} /> : <Waiting rows={4} />}</Page>;

  const missing = names.filter((name) => !runs.some((run) => run.name === name));
  const others = runs.filter((run) => run.status !== 'broken' && !known.includes(run.name)).map((run) => run.name);
  const go = (next: readonly string[]) => navigate(routes.compare(next), { replace: true });
  const waiting = known.some((name) => !metrics.has(name));
  const failed = [...metrics.values()].find((one) => one.error)?.error;
  const same = sameMeasure(shown.map((run) => run.config));
  const empty = drawn.lines.every((line) => line.length === 0);
  const allHidden = known.every((name) => hiddenRuns.has(name)) || drawn.lines.length === 0;
  const alone =
    axis === 'time' ? shown.filter((run) => run.parent && !known.includes(run.parent.name)).map((run) => run.name) : [];
  return (
    <Page title={back}>
      <Group justify="space-between" gap="sm">
        <Title order={1}>{texts.title}</Title>
        {known.length < comparable && (
          <Select
            className={classes.add}
            aria-label={texts.add.label}
            placeholder={texts.add.placeholder}
            nothingFoundMessage={texts.add.none}
            searchable
            value={null}
            data={others}
            disabled={others.length === 0}
            onChange={(name) => name && go([...known, name])}
          />
        )}
      </Group>
      {missing.length > 0 && (
        <Notice kind="warning" title={texts.missing.title(missing.map((name) => `“${name}”`).join(', '))}>
          <Text size="sm" c="dimmed">
            {texts.missing.next}
          </Text>
        </Notice>
      )}
      {failed && <Problem error={failed} />}
      {known.length === 0 ? (
        <Empty
          icon={IconRipple}
          title={texts.nothing.title}
          actions={
            <Button component={Link} href={routes.runs}>
              {texts.nothing.action}
            </Button>
          }
        >
          {texts.nothing.text}
        </Empty>
      ) : (
        <>
          {!same && (
            <Notice kind="warning">
              <Text size="sm">{texts.notSame}</Text>
            </Notice>
          )}
          <Paper component="section" aria-label={texts.chart.title}>
            <Group justify="space-between" mb="sm" gap="sm">
              <Title order={2}>{texts.chart.title}</Title>
              <ChartControls settings={settings} onChange={changeSettings} />
            </Group>
            {waiting && empty ? (
              <Center h={chartHeight}>
                <Text size="sm" c="dimmed">
                  {t.common.loading}
                </Text>
              </Center>
            ) : empty ? (
              <Center h={chartHeight}>
                <Text size="sm" c="dimmed">
                  {allHidden ? texts.chart.hidden : texts.chart.empty}
                </Text>
              </Center>
            ) : (
              <Chart
                label={texts.chart.label(known.join(', '))}
                lines={drawn.lines}
                markers={drawn.markers}
                version={drawn.lines.reduce((sum, line) => sum + line.length, 0)}
                height={chartHeight}
                logX={settings.logX}
                logY={settings.logY}
                clipStart={clip && drawn.lines.some((line) => line.length >= clipFrom)}
                formatX={formatX(axis)}
                formatY={formatY}
                group={`compare ${axis}`}
                title={known.join(', ')}
                xName={t.run.chart.axes[axis]}
              />
            )}
            {!empty && <ChartFoot markers={drawn.markers} />}
            <CompareLegend
              compared={drawn.compared}
              ids={drawn.ids}
              options={drawn.options}
              comparable={same}
              onToggleRun={(name) => setHiddenRuns((set) => toggled(set, name))}
              onToggleWeights={(id) => setHiddenWeights((set) => toggled(set, id))}
              onRemove={(name) => go(known.filter((other) => other !== name))}
            />
            <Text size="xs" c="dimmed" mt="xs">
              {texts.legend.note}
            </Text>
            {alone.map((name) => (
              <Text key={name} size="xs" c="dimmed">
                {texts.ownClock(name)}
              </Text>
            ))}
          </Paper>
          <DifferencePanel configs={shown.map((run) => run.config)} />
        </>
      )}
    </Page>
  );
}
