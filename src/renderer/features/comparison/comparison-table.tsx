/** Legend and losses at the cooldown's last step: the annealed run, raw, and every average. */
import { Badge, Group, Table, Text } from '@mantine/core';
import { averageColor, averageDash, rawColor } from '../../lib/average-style.ts';
import { formatCount, formatLoss, formatSigned } from '../../lib/format.ts';
import { t } from '../../strings.ts';
import { annealedColor, annealedDash } from './lib/chart-lines.ts';
import type { Measured } from './lib/verdict.ts';

const texts = t.comparison;
const verdictColors = { better: 'teal', 'no difference': 'gray', worse: 'orange' } as const;

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
                  <svg width={30} height={10} aria-hidden="true" style={{ flexShrink: 0 }}>
                    <line
                      x1={0}
                      x2={30}
                      y1={5}
                      y2={5}
                      stroke={`var(${color})`}
                      strokeWidth={2.5}
                      strokeDasharray={dash?.join(' ')}
                    />
                  </svg>
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
                  <Badge
                    color={verdictColors[result.verdict]}
                    variant={result.verdict === 'no difference' ? 'default' : 'light'}
                    tt="none"
                    size="sm"
                  >
                    {texts.words[result.verdict]}
                  </Badge>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
