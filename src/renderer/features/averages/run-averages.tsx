/** Averages of one run: cards, the window over its kept weights, what was written from it. */
import { Paper, Stack, Text, Title } from '@mantine/core';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { RunDetail } from '../../../shared/api.ts';
import type { AveragesState, HeldPolicy } from '../../../shared/averages.ts';
import type { EvaluationLine } from '../../../shared/metrics.ts';
import { isWindow } from '../../../shared/policies.ts';
import { sharesAt } from '../../../shared/shares.ts';
import { Notice } from '../../components/notice.tsx';
import { Problem, Waiting } from '../../components/states.tsx';
import { averageColor } from '../../lib/average-style.ts';
import { formatCount } from '../../lib/format.ts';
import { refresh, useQuery } from '../../store/cache.ts';
import { useRunMetrics } from '../../store/run-metrics.ts';
import { t } from '../../strings.ts';
import { ExportDialog, type ExportWish } from '../export/export-dialog.tsx';
import { MapPanel } from '../map/map-panel.tsx';
import { averageIds } from '../run/lib/loss-lines.ts';
import { isTraining } from '../runs/lib/run-state.ts';
import classes from './averages.module.css';
import { thinned } from './lib/gain.ts';
import { heldPolicy } from './lib/holds.ts';
import { axisOver, keptWindow, proposedWindow, type Window } from './lib/window.ts';
import { ModelsTable } from './models-table.tsx';
import { PointsTable } from './points-table.tsx';
import { PolicyCard } from './policy-card.tsx';
import { type Lane, Trajectory } from './trajectory.tsx';
import { WindowPanel } from './window-panel.tsx';

const texts = t.averages;
const nothing: readonly EvaluationLine[] = [];
/** Points of the line of raw losses: more than columns on the screen say nothing more. */
const rawPoints = 400;

export function RunAverages({ name }: { name: string }) {
  const { data: run, error, refetch } = useQuery('runs.get', { name });
  const state = useQuery('averages.state', run && run.status !== 'broken' ? { name } : null);
  const { series, version, error: metricsError } = useRunMetrics(name);
  const [exporting, setExporting] = useState<ExportWish | null>(null);
  const saved = series?.checkpoints.at(-1)?.step ?? null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new checkpoint changes what lies where.
  useEffect(() => refresh('averages.state'), [saved]);
  if (!run) return error ? <Problem error={error} onRetry={refetch} /> : <Waiting />;
  if (run.status === 'broken')
    return (
      <Notice kind="error" title={texts.broken}>
        <Text size="sm">{run.problem}</Text>
      </Notice>
    );
  if (!state.data) return state.error ? <Problem error={state.error} onRetry={state.refetch} /> : <Waiting />;
  const evaluations = series?.evaluations ?? nothing;
  const configured = run.config.policies.map(({ id }) => id);
  const ids = averageIds(series, [...new Set([...configured, ...state.data.policies.map(({ config }) => config.id)])]);
  const policies = ids.map((id, i) => ({
    id,
    held: heldPolicy(state.data as AveragesState, run.config, id),
    color: averageColor(i),
  }));
  const training = isTraining(run.status);
  const now = training ? run.step : state.data.step;
  return (
    <>
      {metricsError && <Problem error={metricsError} />}
      <section aria-label={texts.policies.title}>
        <Title order={2}>{texts.policies.title}</Title>
        <Text size="xs" c="dimmed" mb="sm">
          {now !== null && (training ? texts.policies.live : texts.policies.saved)(formatCount(now))}
        </Text>
        {policies.length === 0 ? (
          <Paper>
            <Text size="sm" c="dimmed">
              {texts.policies.none}
            </Text>
          </Paper>
        ) : (
          <div className={classes.cards}>
            {policies.map(({ id, held, color }) => (
              <PolicyCard
                key={id}
                run={run}
                state={state.data as AveragesState}
                id={id}
                held={held}
                evaluations={evaluations}
                version={version}
                color={color}
                onExport={() => setExporting({ step: null, of: id })}
              />
            ))}
          </div>
        )}
      </section>
      <Kept run={run} state={state.data} policies={policies} evaluations={evaluations} version={version} />
      <MapPanel run={run} state={state.data} evaluations={evaluations} />
      <Paper component="section" aria-label={texts.models.title}>
        <Title order={2} mb="sm">
          {texts.models.title}
        </Title>
        <ModelsTable
          run={name}
          models={state.data.models}
          evaluations={evaluations}
          version={version}
          label={texts.models.title}
        />
      </Paper>
      {exporting && <ExportDialog run={run} ids={ids} wish={exporting} onClose={() => setExporting(null)} />}
    </>
  );
}

/** The timeline with its window, the same as a list, and the mean of what the window takes. */
function Kept({
  run,
  state,
  policies,
  evaluations,
  version,
}: {
  run: RunDetail;
  state: AveragesState;
  policies: readonly { readonly id: string; readonly held: HeldPolicy | null; readonly color: string }[];
  evaluations: readonly EvaluationLine[];
  version: number;
}) {
  const { points } = state;
  const steps = points.map(({ step }) => step);
  const [window, setWindow] = useState<Window | null>(() => proposedWindow(points.length));
  /** Until one is drawn the window follows the newest weights. */
  const [drawn, setDrawn] = useState(false);
  const before = useRef(steps);
  // While the run trains, weights are kept and let go of under a window that was drawn: it stays over the same steps.
  if (steps.join() !== before.current.join()) {
    const old = before.current;
    before.current = steps;
    const kept = window && drawn ? keptWindow(window, old, steps) : null;
    setWindow(kept ?? proposedWindow(steps.length));
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: evaluations grow in place; the version says when.
  const { losses, rawLine } = useMemo(() => {
    const measured = new Map(evaluations.flatMap(({ step, raw }) => (raw === null ? [] : [[step, raw] as const])));
    const found = new Map<number, number>();
    for (const { step, loss } of points) {
      const known = measured.get(step) ?? loss;
      if (known !== null && known !== undefined) found.set(step, known);
    }
    const line = thinned(
      [...measured].map(([step, loss]) => ({ step, loss })),
      rawPoints,
    );
    return { losses: found, rawLine: line };
  }, [evaluations, version, points]);
  const training = isTraining(run.status);
  const now = training ? Math.max(run.step, state.step ?? 0) : (state.step ?? 0);
  const axis = axisOver(steps, now);
  const lanes = policies.flatMap(({ id, held, color }): Lane[] => {
    if (!held || !isWindow(held.config) || (!training && held.count === 0)) return [];
    return [{ id, color, steps: sharesAt(held, now).map(({ step }) => step) }];
  });
  const holders = new Map<number, string[]>();
  for (const { id, steps: held } of lanes)
    for (const step of held) holders.set(step, [...(holders.get(step) ?? []), id]);
  const taken = window ? steps.slice(window.first, window.last + 1) : [];
  return (
    <Paper component="section" aria-label={texts.trajectory.title}>
      <Title order={2} mb="sm">
        {texts.trajectory.title}
      </Title>
      {points.length === 0 ? (
        <Text size="sm" c="dimmed">
          {texts.trajectory.none}
        </Text>
      ) : (
        <Stack gap="md">
          <Trajectory
            points={points}
            losses={losses}
            rawLine={rawLine.filter(({ step }) => step >= axis.from)}
            lanes={lanes}
            axis={axis}
            window={window}
            onWindow={(next) => {
              setDrawn(true);
              setWindow(next);
            }}
          />
          <PointsTable points={points} losses={losses} holders={holders} window={window} />
          <section aria-label={texts.window.title}>
            <Title order={3} mb="xs">
              {texts.window.title}
            </Title>
            {points.length < 2 ? (
              <Text size="sm" c="dimmed">
                {texts.trajectory.one}
              </Text>
            ) : (
              <WindowPanel run={run} steps={taken} newest={state.step} />
            )}
          </section>
        </Stack>
      )}
    </Paper>
  );
}
