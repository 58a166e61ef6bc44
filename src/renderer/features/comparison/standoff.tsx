/** A run against one of its cooldowns: their curves, how far the comparison is, its table, and the words. */
import { Anchor, Button, Group, Progress, Stack, Text } from '@mantine/core';
import { useMemo } from 'react';
import { Link } from 'wouter';
import type { RunDetail, RunSummary } from '../../../shared/api.ts';
import type { EvaluationLine } from '../../../shared/metrics.ts';
import { Chart } from '../../components/chart.tsx';
import { Problem } from '../../components/states.tsx';
import { barColor } from '../../components/status.tsx';
import { formatCount, formatDuration } from '../../lib/format.ts';
import { routes } from '../../lib/routes.ts';
import { useRunMetrics } from '../../store/run-metrics.ts';
import { t } from '../../strings.ts';
import { formatY } from '../run/chart-controls.tsx';
import { isLive } from '../runs/lib/run-state.ts';
import { MainButton } from '../runs/main-button.tsx';
import { ComparisonTable } from './comparison-table.tsx';
import { comparisonLines } from './lib/chart-lines.ts';
import { waitsFor } from './lib/cooldowns.ts';
import { comparedWeights, costInWords, fullAverages, inWords, measuredOf, measureSeconds } from './lib/verdict.ts';
import { useMeasured } from './use-measured.ts';

const texts = t.comparison;
const chartHeight = 240;
/** Seconds that a measurement may take without being asked for. */
const unaskedSeconds = 20;

export function Standoff({
  run,
  child,
  evaluations,
  ids,
}: {
  run: RunDetail;
  child: RunSummary;
  /** The run's own. */
  evaluations: readonly EvaluationLine[];
  ids: readonly string[];
}) {
  const { series, version } = useRunMetrics(child.name);
  const from = child.parent?.step ?? 0;
  const end = child.config.steps;
  const annealed = series?.evaluations ?? [];
  const count = evaluations.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: evaluations grow in place; count and version say when.
  const lines = useMemo(
    () => comparisonLines(evaluations, annealed, ids, { from, end }),
    [evaluations, count, series, version, ids.join(), from, end],
  );
  const waits = waitsFor(child, run);
  const picture = {
    label: texts.chart(run.name, child.name),
    title: texts.chartTitle,
    xName: texts.step,
    group: `comparison ${run.name}`,
    lines,
    markers: [{ x: from, kind: 'fork' as const, text: t.chart.marks.fork }],
    version: version + count,
    height: chartHeight,
    formatX: (x: number) => formatCount(Math.round(x)),
    formatY,
  };
  return (
    <Stack gap="sm" mt="xs">
      {lines.some(({ length }) => length > 1) && <Chart {...picture} />}
      {waits === 'ready' ? (
        <Result run={run} child={child} evaluations={evaluations} annealed={annealed} ids={ids} />
      ) : (
        <Wait run={run} child={child} waits={waits} />
      )}
      <Text size="sm">
        <Anchor component={Link} href={routes.run(child.name)} size="sm">
          {texts.open}
        </Anchor>
      </Text>
    </Stack>
  );
}

/** Why nothing is compared yet, and how to go on. */
function Wait({ run, child, waits }: { run: RunDetail; child: RunSummary; waits: 'child' | 'trunk' }) {
  const end = formatCount(child.config.steps);
  if (waits === 'trunk')
    return (
      <Group gap="sm" role="status">
        <Text size="sm" style={{ flex: '1 1 320px' }}>
          {texts.states.trunk(formatCount(run.step), end)}
          {!isLive(run.status) && ` ${texts.states.trunkIdle}`}
        </Text>
        {!isLive(run.status) && <MainButton run={run} size="xs" />}
      </Group>
    );
  const from = child.parent?.step ?? 0;
  const live = isLive(child.status);
  const at = formatCount(child.step);
  const said =
    child.status === 'queued'
      ? texts.states.queued
      : child.status === 'failed'
        ? texts.states.failed(child.problem ?? '')
        : live
          ? texts.states.running(at, end)
          : texts.states.idle(at, end);
  return (
    <Stack gap={6}>
      <Group gap="sm">
        <Text size="sm" role="status" style={{ flex: '1 1 320px', overflowWrap: 'anywhere' }} className="numbers">
          {said}
        </Text>
        {!live && <MainButton run={child} size="xs" />}
      </Group>
      <Progress
        value={(100 * Math.max(0, child.step - from)) / Math.max(1, child.config.steps - from)}
        color={barColor(child.status)}
        aria-label={texts.progress}
      />
    </Stack>
  );
}

/** Both have weights of the cooldown's last step. */
function Result({
  run,
  child,
  evaluations,
  annealed,
  ids,
}: {
  run: RunDetail;
  child: RunSummary;
  evaluations: readonly EvaluationLine[];
  annealed: readonly EvaluationLine[];
  ids: readonly string[];
}) {
  const step = child.config.steps;
  const then = evaluations.find((line) => line.step === step) ?? null;
  const paired = run.checkpoints.some((checkpoint) => checkpoint.step === step);
  const averages = fullAverages(evaluations, step).sort((a, b) => ids.indexOf(a) - ids.indexOf(b));
  const weights = comparedWeights(child.name, run.name, step, averages);
  const seconds = measureSeconds(evaluations, weights.length);
  const known = evaluations.length > 0;
  const automatic = known && paired && !isLive(run.status) && seconds !== null && seconds <= unaskedSeconds;
  const key = JSON.stringify([run.name, run.createdAt, child.name, child.createdAt, weights]);
  const measuring = useMeasured(key, run.name, weights, automatic);
  const measured = measuring.results ? measuredOf(measuring.results) : null;
  const trained = (annealed.at(-1)?.seconds ?? 0) - (annealed[0]?.seconds ?? 0);
  const occasion = {
    step,
    from: child.parent?.step ?? 0,
    config: run.config,
    evaluations,
    seconds: annealed.length > 1 ? trained : null,
  };
  const cooled = annealed.find((line) => line.step === step)?.raw;
  const words = measured
    ? inWords(measured, occasion)
    : paired
      ? []
      : [(then ? texts.unpaired : texts.notMeasured)(formatCount(step)), costInWords(occasion)];
  return (
    <Stack gap="sm" aria-busy={measuring.busy}>
      <ComparisonTable
        step={step}
        ids={ids}
        averages={averages}
        measured={measured}
        known={(of) => (of === 'annealed' ? cooled : of === 'raw' ? then?.raw : then?.averages[of]?.loss)}
      />
      {measuring.error && <Problem error={measuring.error} onRetry={measuring.measure} />}
      {paired && !measured && !measuring.error && (
        <Group gap="sm">
          {measuring.busy ? (
            <Text size="sm" c="dimmed" role="status" className="numbers">
              {measuring.progress
                ? texts.measuring(formatCount(measuring.progress.done + 1), formatCount(measuring.progress.total))
                : texts.starting}
            </Text>
          ) : (
            !automatic && (
              <>
                <Button size="xs" onClick={measuring.measure}>
                  {texts.measure}
                </Button>
                {seconds !== null && (
                  <Text size="xs" c="dimmed">
                    {texts.measureNote(formatCount(weights.length), formatDuration(seconds))}
                  </Text>
                )}
              </>
            )
          )}
        </Group>
      )}
      <Stack gap={4} role="region" aria-label={texts.said} aria-live="polite">
        {words.map((sentence, i) => (
          <Text key={sentence} size="sm" fw={i === 0 && measured ? 600 : undefined} className="numbers">
            {sentence}
          </Text>
        ))}
      </Stack>
    </Stack>
  );
}
