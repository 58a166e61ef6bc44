/** New run: data, recipe, schedule, averages; one button that says what is missing. */
import { Button, Group, Paper, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconDatabasePlus, IconPlayerPlay } from '@tabler/icons-react';
import { type ReactNode, useEffect, useMemo, useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { RunConfig } from '../../../shared/config.ts';
import { shapeFrom } from '../../../shared/models.ts';
import { Page } from '../../components/page.tsx';
import { Empty, Problem, Waiting } from '../../components/states.tsx';
import { call } from '../../door/index.ts';
import { routes } from '../../lib/routes.ts';
import { useAction } from '../../store/action.ts';
import { refresh, useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { StudyButton } from '../study/study-entry.tsx';
import { SweepButton } from '../sweep/sweep-entry.tsx';
import { DeviceNote } from './device-note.tsx';
import { Architecture, DataFields, GroupFields, LengthFields, Vocabulary } from './fields.tsx';
import { FileActions, FileNotice, type FileOutcome } from './file-actions.tsx';
import { FirstBatch } from './first-batch.tsx';
import { FormContext } from './form-context.tsx';
import { InitFields } from './init-fields.tsx';
import { type Depth, depthOf, depths, isShown } from './lib/field-table.ts';
import { startLabel } from './lib/summary.ts';
import classes from './new-run.module.css';
import { PolicyCards } from './policy-cards.tsx';
import { ScheduleCurve } from './schedule-curve.tsx';
import { SummaryCard } from './summary-card.tsx';
import { useDraft } from './use-draft.ts';
import { useSpeed } from './use-speed.ts';

const vocabularyOf = ({ vocabSize, paddedVocabSize }: RunConfig['model']) => ({ vocabSize, paddedVocabSize });

export function NewRunPage({
  dataset: wanted = null,
  like = null,
  from = null,
}: {
  /** Name of the dataset to begin with. */
  dataset?: string | null;
  /** Name of the run to fill in from. */
  like?: string | null;
  /** Model folder or file whose weights it starts from. */
  from?: string | null;
}) {
  const datasets = useQuery('datasets.list', undefined);
  const runs = useQuery('runs.list', undefined);
  const presets = useQuery('presets.list', undefined);
  const state = useDraft(datasets.data, runs.data);
  const [, navigate] = useLocation();
  const [outcome, setOutcome] = useState<FileOutcome | null>(null);
  const { busy, run } = useAction();
  const wide = useMediaQuery('(min-width: 1100px)') ?? true;
  const { draft, checked, set, dataset, depth } = state;
  const speed = useSpeed(checked.recipe);
  const isCommon = depth !== 'preset';
  const isEverything = depth === 'everything';

  // biome-ignore lint/correctness/useExhaustiveDependencies: only the address and the list decide.
  useEffect(() => {
    const chosen = datasets.data?.find((d) => d.name === wanted && d.status === 'ready');
    if (chosen && chosen.name !== dataset?.name) state.chooseDataset(chosen);
  }, [wanted, datasets.data === undefined]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when both lists are there; edits must stay.
  useEffect(() => {
    if (like === null || !runs.data || !datasets.data) return;
    const found = runs.data.find((run) => run.name === like);
    if (found) state.takeFrom(found.config);
    navigate(routes.newRun, { replace: true });
  }, [like, runs.data === undefined, datasets.data === undefined]);

  const models = useQuery('models.list', undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the list is there; edits must stay.
  useEffect(() => {
    if (from === null || (!models.data && !models.error)) return;
    const model = models.data?.find(
      ({ path, revisions }) => path === from || revisions.some((revision) => revision.path === from),
    )?.model;
    if (model) {
      // Without a dataset the vocabulary is a guess, which must not make rows that the model does not have.
      const recipe =
        draft.dataset === '' && model.architecture ? { ...draft.model, ...vocabularyOf(model) } : draft.model;
      // A GPT-2 after another architecture: what is absent must go.
      const shape = { architecture: undefined, ...shapeFrom(recipe, model) };
      for (const [key, value] of Object.entries(shape)) set(`model.${key}`, value);
    }
    set('init', { from: 'model', path: from });
    if (!isShown('init', depth)) state.setDepth(depthOf('init'));
    navigate(routes.newRun, { replace: true });
  }, [from, models.data === undefined]);

  const form = useMemo(() => ({ draft, errors: checked.errors, set }), [draft, checked.errors, set]);
  const error = datasets.error ?? runs.error ?? presets.error;
  const loading = !datasets.data || !runs.data || !presets.data;

  const start = () => {
    const first = dataset ? [...checked.errors.keys()][0] : 'dataset';
    if (first !== undefined) {
      if (!isShown(first, depth)) state.setDepth(depthOf(first));
      requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-path="${first}"]`)?.focus());
      return;
    }
    const { config } = checked;
    if (!config) return;
    void run(async () => {
      await call('runs.create', config);
      await call('runs.start', { name: config.name });
      state.forget();
      refresh('runs.');
      navigate(routes.run(config.name));
    });
  };

  if (error)
    return (
      <Page title={t.newRun.title}>
        <Problem error={error} onRetry={() => refresh('')} />
      </Page>
    );
  if (datasets.data && !datasets.data.some((d) => d.status === 'ready'))
    return (
      <Page title={t.newRun.title}>
        <Empty
          icon={IconDatabasePlus}
          title={t.newRun.noDataset.title}
          actions={
            <Button component={Link} href={routes.datasets}>
              {t.newRun.noDataset.action}
            </Button>
          }
        >
          {t.newRun.noDataset.text}
        </Empty>
      </Page>
    );

  const ready = !loading && dataset !== null && checked.errors.size === 0;
  const button = (
    <Button
      size="md"
      fullWidth
      variant={ready ? 'filled' : 'default'}
      leftSection={ready ? <IconPlayerPlay size={18} /> : undefined}
      loading={busy}
      disabled={loading}
      data-tour="start"
      onClick={start}
    >
      {startLabel({ loading, dataset: dataset !== null, errors: checked.errors.size, starting: busy })}
    </Button>
  );
  return (
    <FormContext value={form}>
      <Page
        title={t.newRun.title}
        width={1240}
        aside={
          <Group gap="xs">
            {!loading && <SweepButton base={dataset ? checked.config : null} />}
            {!loading && <StudyButton base={dataset ? checked.config : null} />}
            <FileActions state={state} onOutcome={setOutcome} />
            <SegmentedControl
              size="xs"
              aria-label={t.newRun.depth.label}
              value={depth}
              onChange={(value) => state.setDepth(value as Depth)}
              data={depths.map((value) => ({ value, label: t.newRun.depth.names[value] }))}
            />
          </Group>
        }
      >
        {outcome && !loading && <FileNotice outcome={outcome} onClose={() => setOutcome(null)} />}
        {loading ? (
          <Waiting rows={5} />
        ) : (
          <div className={classes.layout}>
            <Stack gap="md">
              <Section title={t.newRun.sections.data}>
                <DataFields state={state} datasets={datasets.data ?? []} presets={presets.data ?? []} />
              </Section>
              <Section title={t.newRun.sections.length} note={t.newRun.notes.length}>
                <LengthFields state={state} speed={speed} />
              </Section>
              <Section title={t.newRun.sections.schedule}>
                {isCommon && <GroupFields state={state} group="schedule" />}
                <ScheduleCurve config={checked.recipe} />
              </Section>
              {isCommon && (
                <>
                  <Section title={t.newRun.sections.policies} note={t.newRun.notes.policies}>
                    <PolicyCards config={checked.recipe} />
                  </Section>
                  <Section title={t.newRun.sections.evaluation} note={t.newRun.notes.evaluation}>
                    <GroupFields state={state} group="evaluation" />
                  </Section>
                  <Section title={t.newRun.sections.model}>
                    <GroupFields state={state} group="model">
                      <Vocabulary config={draft} />
                      <Architecture config={draft} />
                    </GroupFields>
                    {isEverything && <InitFields runs={runs.data ?? []} />}
                  </Section>
                  {isEverything && (
                    <Section title={t.newRun.sections.optimizer} note={t.newRun.notes.optimizer}>
                      <GroupFields state={state} group="optimizer" />
                    </Section>
                  )}
                  <Section title={t.newRun.sections.device} note={t.newRun.notes.device}>
                    <GroupFields state={state} group="device" />
                    <DeviceNote config={draft} />
                  </Section>
                </>
              )}
              <Section title={t.newRun.sections.batch} note={t.newRun.notes.batch}>
                <FirstBatch
                  state={state}
                  nameOf={(folder) => datasets.data?.find((d) => d.folder === folder)?.name ?? folder}
                />
              </Section>
            </Stack>
            {wide ? (
              <Stack gap="md" className={classes.side}>
                <div className={classes.card}>
                  <SummaryCard state={state} speed={speed} />
                </div>
                {button}
              </Stack>
            ) : (
              <>
                <SummaryCard state={state} speed={speed} />
                <Paper p="xs" shadow="md" className={classes.bar}>
                  {button}
                </Paper>
              </>
            )}
          </div>
        )}
      </Page>
    </FormContext>
  );
}

function Section({ title, note, children }: { title: string; note?: string; children: ReactNode }) {
  return (
    <Paper component="section" aria-label={title}>
      <Title order={2} mb={note ? 2 : 'sm'}>
        {title}
      </Title>
      {note && (
        <Text size="xs" c="dimmed" mb="sm">
          {note}
        </Text>
      )}
      {children}
    </Paper>
  );
}
