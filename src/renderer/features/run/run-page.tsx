/** A run: raw weights and every average race on one chart; everything that can be done with it is here. */
import { Anchor, Paper, Stack, Tabs, Title } from '@mantine/core';
import { IconChevronLeft } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import { Link } from 'wouter';
import { Page } from '../../components/page.tsx';
import { Problem, Waiting } from '../../components/states.tsx';
import { routes } from '../../lib/routes.ts';
import { useQuery } from '../../store/cache.ts';
import { useRunMetrics } from '../../store/run-metrics.ts';
import { t } from '../../strings.ts';
import { ComparisonPanel } from '../comparison/comparison-panel.tsx';
import { ExportDialog, type ExportWish } from '../export/export-dialog.tsx';
import { RunNotesLine } from '../runs/run-notes.tsx';
import { CheckpointsTab } from './checkpoints-tab.tsx';
import { ForkDialog, type ForkWish } from './fork-dialog.tsx';
import { averageIds } from './lib/loss-lines.ts';
import { ConfigTab, LogTab } from './log-tab.tsx';
import { LossPanel } from './loss-panel.tsx';
import { MixPanel } from './mix-panel.tsx';
import { FailurePanel, RunHeader } from './run-header.tsx';
import { SampleTab } from './sample-tab.tsx';
import { SmallCharts } from './small-charts.tsx';
import { SpikeNotice } from './spike-notice.tsx';
import { StatusPanel } from './status-panel.tsx';

export function RunPage({ name }: { name: string }) {
  const { data: run, error, refetch } = useQuery('runs.get', { name });
  const metrics = useRunMetrics(name);
  const [exporting, setExporting] = useState<ExportWish | null>(null);
  const [forking, setForking] = useState<ForkWish | null>(null);
  const [tab, setTab] = useState<string | null>('sample');
  const tabs = useRef<HTMLDivElement>(null);
  const { series, version } = metrics;
  /** Opens the tab and takes the keyboard there. */
  const sampleNow = () => {
    setTab('sample');
    requestAnimationFrame(() => {
      tabs.current?.scrollIntoView({ block: 'start' });
      tabs.current?.querySelector('textarea')?.focus();
    });
  };
  const back = (
    <Anchor
      component={Link}
      href={routes.runs}
      size="sm"
      c="dimmed"
      style={{ display: 'inline-flex', alignItems: 'center' }}
    >
      <IconChevronLeft size={16} /> {t.run.back}
    </Anchor>
  );
  if (!run)
    return (
      <Page title={back}>
        <Title order={1}>{name}</Title>
        {error ? <Problem error={error} onRetry={refetch} /> : <Waiting rows={4} />}
      </Page>
    );
  const ids = averageIds(
    series,
    run.config.policies.map((policy) => policy.id),
  );
  return (
    <Page title={back}>
      <RunHeader run={run} onExport={setExporting} onFork={setForking} onSample={sampleNow} />
      <RunNotesLine run={run} />
      <FailurePanel run={run} />
      <SpikeNotice run={run} series={series} version={version} />
      <StatusPanel run={run} series={series} version={version} />
      {metrics.error && <Problem error={metrics.error} />}
      <LossPanel run={run} series={series} version={version} ids={ids} />
      <MixPanel run={run} series={series} version={version} ids={ids} />
      <ComparisonPanel run={run} metrics={metrics} ids={ids} />
      <SmallCharts run={run} series={series} version={version} />
      <Paper ref={tabs}>
        <Tabs value={tab} onChange={setTab} keepMounted={false}>
          <Tabs.List mb="md">
            <Tabs.Tab value="sample">{t.run.tabs.sample}</Tabs.Tab>
            <Tabs.Tab value="checkpoints">{t.run.tabs.checkpoints}</Tabs.Tab>
            <Tabs.Tab value="log">{t.run.tabs.log}</Tabs.Tab>
            <Tabs.Tab value="config">{t.run.tabs.config}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="sample">
            <SampleTab run={run} ids={ids} />
          </Tabs.Panel>
          <Tabs.Panel value="checkpoints">
            <CheckpointsTab run={run} onExport={setExporting} onFork={setForking} />
          </Tabs.Panel>
          <Tabs.Panel value="log">
            <LogTab name={name} live={run.status === 'running'} />
          </Tabs.Panel>
          <Tabs.Panel value="config">
            <ConfigTab config={run.config} />
          </Tabs.Panel>
        </Tabs>
      </Paper>
      <Stack gap={0}>
        {exporting && <ExportDialog run={run} ids={ids} wish={exporting} onClose={() => setExporting(null)} />}
        {forking && <ForkDialog run={run} wish={forking} onClose={() => setForking(null)} />}
      </Stack>
    </Page>
  );
}
