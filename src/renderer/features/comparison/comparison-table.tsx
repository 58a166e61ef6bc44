/** Legend and losses at the cooldown's last step: the annealed run, raw, and every average. */

import { Group, Table, Text } from '@mantine/core';
import { Swatch } from '../../components/swatch.tsx';
import { VerdictBadge } from '../../components/verdict-badge.tsx';
import { averageColor, averageDash, rawColor } from '../../lib/average-style.ts';
import { formatCount, formatLoss, formatSigned } from '../../lib/format.ts';
import { t } from '../../strings.ts';
import { annealedColor, annealedDash } from './lib/chart-lines.ts';
import type { Measured } from './lib/verdict.ts';

const texts = t.comparison;

export function ComparisonTable({
  step,
  ids,
  averages,
  measured,
  known,
}: {
  step: number;
  /** All averages of the page, for their colours. */
  ids: readonly string[];
  averages: readonly string[];
  measured: Measured | null;
  /** A loss that the runs themselves measured at that step; undefined where they did not. */
  known: (of: string) => number | null | undefined;
}) {
  const rows = [
    { of: 'annealed', label: texts.annealed, color: annealedColor, dash: annealedDash, result: measured?.annealed },
    { of: 'raw', label: texts.raw, color: rawColor, dash: undefined, result: measured?.raw },
    ...averages.map((id) => ({
      of: id,
      label: id,
      color: averageColor(Math.max(0, ids.indexOf(id))),
      dash: averageDash(Math.max(0, ids.indexOf(id))),
      result: measured?.averages.find(({ of }) => of === id),
    })),
  ];
  return (
    <div style={{ overflowX: 'auto' }}>
      <Table verticalSpacing={5} fz="sm" className="numbers" aria-label={texts.table(formatCount(step))}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{texts.weights}</Table.Th>
            <Table.Th ta="right">{texts.loss}</Table.Th>
            <Table.Th ta="right">{texts.againstAnnealed}</Table.Th>
            <Table.Th>{texts.verdict}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ of, label, color, dash, result }) => (
            <Table.Tr key={of}>
              <Table.Td>
                <Group gap={8} wrap="nowrap">
                  <Swatch color={color} dash={dash} />
                  <Text size="sm">{label}</Text>
                </Group>
              </Table.Td>
              <Table.Td ta="right">{formatLoss(result ? result.loss : known(of))}</Table.Td>
              <Table.Td ta="right">
                {result && of !== 'annealed'
                  ? `${formatSigned(result.difference)} ± ${result.standardError.toFixed(4)}`
                  : ''}
              </Table.Td>
              <Table.Td>
                {result && of !== 'annealed' && (
                  <VerdictBadge verdict={result.verdict}>{texts.words[result.verdict]}</VerdictBadge>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
