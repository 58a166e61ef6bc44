/** Losses over k and spacing of the windows that a run's kept weights allow, and over widths of its power EMAs. */

import { Button, Group, Paper, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconGridDots, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import type { RunDetail } from '../../../shared/api.ts';
import type { AveragesState } from '../../../shared/averages.ts';
import { toApiError } from '../../../shared/errors.ts';
import { mapJob } from '../../../shared/map-job.ts';
import type { EvaluationLine } from '../../../shared/metrics.ts';
import { defaultCounts, mapEvaluations, type WindowMap } from '../../../shared/window-map.ts';
import { call } from '../../door/index.ts';
import { formatCount, formatDuration } from '../../lib/format.ts';
import { tellFailure, useAction } from '../../store/action.ts';
import { useJobProgress } from '../../store/job-progress.ts';
import { t } from '../../strings.ts';
import { isTraining } from '../runs/lib/run-state.ts';
import { mapSeconds, readNumbers } from './lib/map-values.ts';
import classes from './map.module.css';
import { MapResult } from './map-result.tsx';

const texts = t.map;
const usual = { counts: null, spacings: null };

/** What a run keeps allows, or why it allows nothing. */
function planned(
  state: AveragesState,
  asked: { counts: readonly number[] | null; spacings: readonly number[] | null },
) {
  try {
    return { job: mapJob('', state, asked, 1), problem: null };
  } catch (error) {
    return { job: null, problem: toApiError(error) };
  }
}

export function MapPanel({
  run,
  state,
  evaluations,
}: {
  run: RunDetail;
  state: AveragesState;
  evaluations: readonly EvaluationLine[];
}) {
  const [counts, setCounts] = useState(defaultCounts.join(', '));
  /** null: what the run keeps proposes. */
  const [spacings, setSpacings] = useState<string | null>(null);
  const [result, setResult] = useState<WindowMap | null>(null);
  const [cancelled, setCancelled] = useState(false);
  const { busy, run: act } = useAction();
  const { name } = run;
  const progress = useJobProgress('evaluate', name);
  const proposed = planned(state, usual).job?.plan.spacings.join(', ') ?? '';
  const shown = spacings ?? proposed;
  const asked = { counts: readNumbers(counts, 2), spacings: readNumbers(shown, 1) };
  const badCounts = asked.counts === null ? texts.bad('2') : null;
  const badSpacings = asked.spacings === null && shown !== '' ? texts.bad('1') : null;
  const { job, problem } = planned(state, asked);
  const wrong = badCounts !== null || badSpacings !== null;
  const total = job ? mapEvaluations(job.plan, 1 + job.spec.beside.length) : 0;
  const missing = job ? job.plan.cells.filter(({ steps }) => steps === null).length : 0;
  const seconds = mapSeconds(evaluations, total);
  const measure = () =>
    act(async () => {
      setCancelled(false);
      const map = await call('averages.map', { name, ...asked });
      if (map.evaluations.length === 0) setCancelled(true);
      else setResult(map);
    });
  return (
    <Paper component="section" aria-label={texts.title}>
      <Title order={2} mb={4}>
        {texts.title}
      </Title>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          {texts.about}
        </Text>
        <div className={classes.fields}>
          <TextInput
            label={texts.counts}
            value={counts}
            error={badCounts}
            onChange={(event) => setCounts(event.currentTarget.value)}
          />
          <TextInput
            label={texts.spacings}
            value={shown}
            error={badSpacings}
            onChange={(event) => setSpacings(event.currentTarget.value)}
          />
        </div>
        <Group gap="sm">
          <Button
            leftSection={<IconGridDots size={16} />}
            variant={result ? 'default' : 'filled'}
            onClick={measure}
            loading={busy}
            disabled={wrong || !job}
          >
            {result ? texts.again : texts.go}
          </Button>
          {busy && (
            <>
              <Button
                variant="default"
                leftSection={<IconX size={16} />}
                onClick={() => call('averages.cancel', { subject: name }).catch(tellFailure)}
              >
                {texts.cancel}
              </Button>
              {progress && (
                <Text size="sm" c="dimmed" role="status" className="numbers">
                  {texts.measuring(formatCount(progress.done + 1), formatCount(progress.total))}
                  {progress.secondsLeft !== null && texts.left(formatDuration(progress.secondsLeft))}
                </Text>
              )}
            </>
          )}
          {!busy && job && !wrong && (
            <Text size="xs" c="dimmed" className="numbers">
              {texts.plan(formatCount(total), formatCount(run.config.evaluation.blocks))}
              {seconds !== null && texts.seconds(formatDuration(seconds))}.{' '}
              {missing > 0 && texts.missing(formatCount(missing))} {isTraining(run.status) && texts.training}
            </Text>
          )}
        </Group>
        {!job && !wrong && problem && (
          <Text size="sm" c="dimmed">
            {problem.message} {problem.next}
          </Text>
        )}
        {cancelled && (
          <Text size="sm" c="dimmed" role="status">
            {texts.cancelled}
          </Text>
        )}
        {result && <MapResult map={result} />}
        {result && state.step !== null && state.step !== result.plan.end && (
          <Text size="xs" c="dimmed">
            {texts.stale}
          </Text>
        )}
      </Stack>
    </Paper>
  );
}
