/** The legend as a table: last value, difference to raw with its error, and the word for it. */

import { ActionIcon, Badge, Checkbox, Group, Table, Text, Tooltip } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useState } from 'react';
import type { RunDetail } from '../../../shared/api.ts';
import type { PolicyConfig } from '../../../shared/config.ts';
import { isWindow, resolvePolicy } from '../../../shared/policies.ts';
import type { RunSeries } from '../../../shared/series.ts';
import { Confirm } from '../../components/confirm.tsx';
import { Swatch } from '../../components/swatch.tsx';
import { VerdictBadge } from '../../components/verdict-badge.tsx';
import { call } from '../../door/index.ts';
import { averageColor, averageDash, rawColor } from '../../lib/average-style.ts';
import { formatCount, formatLoss, formatSigned } from '../../lib/format.ts';
import { t } from '../../strings.ts';
import { isTraining } from '../runs/lib/run-state.ts';
import { watching } from './lib/loss-lines.ts';
import { bestStanding, type Standing, standings } from './lib/standing.ts';

const texts = t.run.legend;

export function Legend({
  run,
  series,
  ids,
  hidden,
  onHidden,
}: {
  run: RunDetail;
  series: RunSeries;
  ids: readonly string[];
  hidden: ReadonlySet<string>;
  onHidden: (hidden: ReadonlySet<string>) => void;
}) {
  const [removing, setRemoving] = useState<string | null>(null);
  const last = series.evaluations.at(-1);
  const all = standings(series.evaluations, ids);
  const best = bestStanding(all.values());
  const watched = watching(
    series,
    run.config.policies.map((p) => p.id),
  );
  const toggle = (id: string) => {
    const next = new Set(hidden);
    if (!next.delete(id)) next.add(id);
    onHidden(next);
  };
  return (
    <>
      <Table verticalSpacing={5} fz="sm" className="numbers" layout="fixed">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{texts.series}</Table.Th>
            <Table.Th w={88} ta="right">
              {texts.last}
            </Table.Th>
            <Table.Th w={164} ta="right">
              {texts.difference}
            </Table.Th>
            <Table.Th w={118} />
            <Table.Th w={150} visibleFrom="md">
              {texts.holds}
            </Table.Th>
            <Table.Th w={40} />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          <Table.Tr>
            <Table.Td>
              <LineName
                id="raw"
                label={t.run.chart.raw}
                color={rawColor}
                shown={!hidden.has('raw')}
                onToggle={toggle}
              />
            </Table.Td>
            <Table.Td ta="right">{last ? formatLoss(last.raw) : '–'}</Table.Td>
            <Table.Td ta="right" c="dimmed">
              {last?.rawStandardError != null ? `± ${last.rawStandardError.toFixed(4)}` : ''}
            </Table.Td>
            <Table.Td />
            <Table.Td visibleFrom="md" />
            <Table.Td />
          </Table.Tr>
          {ids.map((id, i) => {
            const standing = all.get(id);
            const policy = run.config.policies.find((p) => p.id === id);
            return (
              <Table.Tr key={id}>
                <Table.Td>
                  <LineName
                    id={id}
                    label={id}
                    color={averageColor(i)}
                    dash={averageDash(i)}
                    shown={!hidden.has(id)}
                    onToggle={toggle}
                    best={best?.id === id && best.verdict === 'better'}
                  />
                </Table.Td>
                <Table.Td ta="right">{standing ? formatLoss(standing.average.loss) : '–'}</Table.Td>
                <Table.Td ta="right">{standing ? difference(standing) : ''}</Table.Td>
                <Table.Td>{standing && <Word standing={standing} />}</Table.Td>
                <Table.Td visibleFrom="md">
                  <Text size="xs" c="dimmed" truncate="end">
                    {watched.has(id) ? holds(standing, policy, run) : texts.removed}
                  </Text>
                </Table.Td>
                <Table.Td>
                  {watched.has(id) && isTraining(run.status) && (
                    <Tooltip label={texts.remove(id)}>
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        size={18}
                        aria-label={texts.remove(id)}
                        onClick={() => setRemoving(id)}
                      >
                        <IconX size={14} />
                      </ActionIcon>
                    </Tooltip>
                  )}
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
      <Confirm
        opened={removing !== null}
        onClose={() => setRemoving(null)}
        title={texts.removeTitle(removing ?? '')}
        action={texts.removeAction}
        onConfirm={() => call('runs.removePolicy', { name: run.name, id: removing as string })}
      >
        {texts.removeText}
      </Confirm>
    </>
  );
}

function difference({ average }: Standing): string {
  if (average.difference === null) return '–';
  const error = average.standardError === null ? '' : ` ± ${average.standardError.toFixed(4)}`;
  return `${formatSigned(average.difference)}${error}`;
}

function holds(standing: Standing | undefined, policy: PolicyConfig | undefined, run: RunDetail): string {
  if (standing && standing.average.count > 0) {
    const { count } = standing.average;
    if (policy && isWindow(policy)) return texts.window(formatCount(count), formatCount(policy.k));
    return texts.observations(formatCount(count));
  }
  return policy ? texts.notYet(formatCount(resolvePolicy(policy, run.config).start)) : texts.notBegun;
}

function Word({ standing }: { standing: Standing }) {
  if (standing.verdict) return <VerdictBadge verdict={standing.verdict}>{texts.words[standing.verdict]}</VerdictBadge>;
  if (standing.average.full) return null;
  return (
    <Badge variant="default" tt="none" size="sm">
      {texts.filling}
    </Badge>
  );
}

function LineName({
  id,
  label,
  color,
  dash,
  shown,
  onToggle,
  best = false,
}: {
  id: string;
  label: string;
  color: string;
  dash?: number[];
  shown: boolean;
  onToggle: (id: string) => void;
  best?: boolean;
}) {
  return (
    <Group gap={8} wrap="nowrap">
      <Checkbox size="xs" checked={shown} onChange={() => onToggle(id)} aria-label={texts.show(label)} color="gray" />
      <Swatch color={color} dash={dash} />
      <Text size="sm" fw={best ? 650 : 450} truncate="end">
        {label}
      </Text>
      {best && (
        <Badge size="xs" tt="none" variant="filled" style={{ flexShrink: 0 }}>
          {texts.best}
        </Badge>
      )}
    </Group>
  );
}
