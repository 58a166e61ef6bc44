/** One average: what it holds now and where, what it gained over raw so far, and the way out. */

import { Badge, Button, Group, Paper, Stack, Table, Text, Title, Tooltip } from '@mantine/core';
import { IconPackageExport } from '@tabler/icons-react';
import { useMemo } from 'react';
import type { RunDetail } from '../../../shared/api.ts';
import type { AveragesState, HeldPolicy } from '../../../shared/averages.ts';
import type { EvaluationLine } from '../../../shared/metrics.ts';
import { isWindow } from '../../../shared/policies.ts';
import { type Share, sharesAt } from '../../../shared/shares.ts';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { Figure } from '../../components/text.tsx';
import { VerdictBadge } from '../../components/verdict-badge.tsx';
import { formatBytes, formatCount, formatLoss, formatPercent, formatSigned } from '../../lib/format.ts';
import { t } from '../../strings.ts';
import { type Standing, standings } from '../run/lib/standing.ts';
import { isTraining } from '../runs/lib/run-state.ts';
import classes from './averages.module.css';
import { GainChart } from './gain-chart.tsx';
import { gainsOf, tally } from './lib/gain.ts';
import { meanAgeOf, medianAge, places } from './lib/holds.ts';
import { SharesBar } from './shares-bar.tsx';

const texts = t.averages.policies;
/** Observations that are told apart; of more, neighbours count as one. */
const finest = 20_000;

export function PolicyCard({
  run,
  state,
  id,
  held,
  evaluations,
  version,
  color,
  onExport,
}: {
  run: RunDetail;
  state: AveragesState;
  id: string;
  /** null: added while the run trains, and no checkpoint knows it yet. */
  held: HeldPolicy | null;
  evaluations: readonly EvaluationLine[];
  version: number;
  color: string;
  onExport: () => void;
}) {
  const training = isTraining(run.status);
  const now = training ? Math.max(run.step, state.step ?? 0) : (state.step ?? 0);
  // A stopped run holds what its newest checkpoint says; one that trains has gone on from there.
  const shares = useMemo(
    () => (held === null || (!training && held.count === 0) ? [] : sharesAt(held, now)),
    [held, now, training],
  );
  // Ages want every observation: a stretch that is drawn as one bar may hold most of an EMA's weight.
  const each = useMemo(
    () => (held === null || shares.length === 0 ? [] : sharesAt(held, now, finest)),
    [held, now, shares],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: evaluations grow in place; the version says when.
  const gains = useMemo(() => gainsOf(evaluations, id), [evaluations, id, version]);
  const standing = standings(evaluations, [id]).get(id);
  const counts = tally(gains);
  const exportable = run.checkpoints.some(({ averages }) => averages.includes(id));
  return (
    <Paper component="article" aria-label={id}>
      <Stack gap="sm">
        <Group justify="space-between" wrap="nowrap" gap="xs">
          <Group gap={8} wrap="nowrap" style={{ minWidth: 0 }}>
            <svg width={14} height={14} aria-hidden="true" style={{ flexShrink: 0 }}>
              <circle cx={7} cy={7} r={6} fill={`var(${color})`} />
            </svg>
            <Title order={3} style={{ overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }}>
              {id}
            </Title>
            {held && (
              <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
                {texts.kinds[held.config.kind]}
              </Text>
            )}
            {held?.backfilled && (
              <Tooltip label={texts.backfilledNote}>
                <Badge variant="default" tt="none" size="sm">
                  {texts.backfilled}
                </Badge>
              </Tooltip>
            )}
          </Group>
          {standing?.verdict && (
            <VerdictBadge verdict={standing.verdict} size="md">
              {t.run.legend.words[standing.verdict]}
            </VerdictBadge>
          )}
        </Group>
        <div className={classes.figures}>
          <Figure label={texts.loss}>{standing ? formatLoss(standing.average.loss) : '–'}</Figure>
          <Figure label={texts.gain}>{standing ? difference(standing) : '–'}</Figure>
          <Figure label={held && isWindow(held.config) ? texts.snapshots : texts.holds}>
            {held ? holds(held, shares, standing) : '–'}
          </Figure>
          <Figure label={texts.age}>
            {shares.length > 0 ? texts.steps(formatCount(Math.round(meanAgeOf(each, now)))) : '–'}
          </Figure>
        </div>
        {held === null ? (
          <Text size="sm" c="dimmed">
            {texts.unknown}
          </Text>
        ) : shares.length === 0 ? (
          <Text size="sm" c="dimmed">
            {texts.nothing(formatCount(held.config.start ?? 0))}
          </Text>
        ) : (
          <>
            <div>
              <SharesBar
                label={texts.shares(id)}
                shares={shares}
                now={now}
                color={color}
                stretches={!isWindow(held.config)}
              />
              <Text size="xs" c="dimmed">
                {texts.sharesNote}
              </Text>
            </div>
            {isWindow(held.config) ? (
              <Snapshots id={id} shares={shares} state={state} training={training} />
            ) : (
              <Running held={held} shares={each} state={state} now={now} />
            )}
          </>
        )}
        <GainChart id={id} gains={gains} color={color} />
        {standing && (
          <Text size="sm">
            {inWords(standing)}
            {counts.better + counts.level + counts.worse > 1 && (
              <Text span inherit c="dimmed">
                {' '}
                {t.averages.gain.tally(
                  formatCount(counts.better),
                  formatCount(counts.level),
                  formatCount(counts.worse),
                )}
              </Text>
            )}
          </Text>
        )}
        {exportable && (
          <Group justify="flex-end">
            <Button
              size="xs"
              variant="default"
              leftSection={<IconPackageExport size={15} />}
              aria-label={texts.exportOf(id)}
              onClick={onExport}
            >
              {texts.export}
            </Button>
          </Group>
        )}
      </Stack>
    </Paper>
  );
}

function difference({ average }: Standing): string {
  if (average.difference === null) return '–';
  return `${formatSigned(average.difference)} ± ${(average.standardError ?? 0).toFixed(4)}`;
}

function holds(held: HeldPolicy, shares: readonly Share[], standing: Standing | undefined): string {
  const { config } = held;
  if (isWindow(config)) return texts.window(formatCount(shares.length), formatCount(config.k));
  return formatCount(Math.max(held.count, standing?.average.count ?? 0));
}

function inWords({ average, verdict, step }: Standing): string {
  const words = t.averages.gain;
  if (average.difference === null) return words.notFinite;
  if (verdict === null) return words.filling;
  const say = verdict === 'better' ? words.better : verdict === 'worse' ? words.worse : words.same;
  return say(formatCount(step), formatLoss(Math.abs(average.difference)), (average.standardError ?? 0).toFixed(4));
}

/** Which snapshots a window has, what each counts, and where it lies. */
function Snapshots({
  id,
  shares,
  state,
  training,
}: {
  id: string;
  shares: readonly Share[];
  state: AveragesState;
  training: boolean;
}) {
  const held = places(shares, state, training);
  const bytes = (place: 'snapshot' | 'memory') =>
    held.filter((one) => one.place === place).reduce((sum, one) => sum + one.bytes, 0);
  return (
    <div>
      <ScrollBox className={classes.held} label={texts.table(id)}>
        <Table fz="xs" className="numbers" verticalSpacing={3} stickyHeader>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{texts.step}</Table.Th>
              <Table.Th ta="right">{texts.share}</Table.Th>
              <Table.Th>{texts.place}</Table.Th>
              <Table.Th ta="right">{texts.size}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {[...held].reverse().map(({ step, share, place, bytes: size }) => (
              <Table.Tr key={step}>
                <Table.Td>{formatCount(step)}</Table.Td>
                <Table.Td ta="right">{formatPercent(share, 1)}</Table.Td>
                <Table.Td c={place === 'gone' ? 'red' : undefined} title={texts.placeNotes[place]}>
                  {texts.places[place]}
                </Table.Td>
                <Table.Td ta="right">{place === 'gone' ? '–' : formatBytes(size)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollBox>
      <Text size="xs" c="dimmed" mt={4}>
        {texts.total(formatBytes(bytes('snapshot')), formatBytes(bytes('memory')))}
      </Text>
    </div>
  );
}

/** Where a running average lies, and how far back it reaches. */
function Running({
  held,
  shares,
  state,
  now,
}: {
  held: HeldPolicy;
  shares: readonly Share[];
  state: AveragesState;
  now: number;
}) {
  const half = medianAge(shares, now);
  const pair = held.config.kind === 'power' || held.config.kind === 'tail';
  return (
    <Text size="xs" c="dimmed" className="numbers">
      {half !== null && texts.half(formatCount(Math.max(1, half)))}{' '}
      {pair ? texts.runningPair(formatBytes(2 * state.weightBytes)) : texts.running(formatBytes(state.weightBytes))}
      {held.pairs && held.pairs.count > 0
        ? ` ${texts.pairs(formatCount(held.pairs.count), formatBytes(held.pairs.bytes))}`
        : ''}
    </Text>
  );
}
