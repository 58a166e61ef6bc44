/** The legend as a matrix: a row per run in its colour, a column per policy in its dash, the newest loss where they meet. */
import { ActionIcon, Anchor, Badge, Checkbox, Group, Table, Text, Tooltip } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { Link } from 'wouter';
import type { EvaluationLine } from '../../../shared/metrics.ts';
import { Swatch } from '../../components/swatch.tsx';
import { Truncated } from '../../components/text.tsx';
import { formatCount, formatLoss, formatSigned } from '../../lib/format.ts';
import { routes } from '../../lib/routes.ts';
import { policyDash, runColor } from '../../lib/run-style.ts';
import { t } from '../../strings.ts';
import classes from './compare.module.css';
import { type Compared, type CompareOptions, lowestNow, ownEvaluations } from './lib/compare-lines.ts';

const texts = t.compare.legend;

export function CompareLegend({
  compared,
  ids,
  options,
  comparable,
  onToggleRun,
  onToggleWeights,
  onRemove,
}: {
  compared: readonly Compared[];
  ids: readonly string[];
  options: CompareOptions;
  /** Losses of different runs may be held against each other. */
  comparable: boolean;
  onToggleRun: (name: string) => void;
  onToggleWeights: (id: string) => void;
  onRemove: (name: string) => void;
}) {
  const lowest = comparable ? lowestNow(compared, options) : null;
  return (
    <Table.ScrollContainer minWidth={280 + 92 * (1 + ids.length)} aria-label={texts.label}>
      <Table fz="sm" verticalSpacing={6} horizontalSpacing={8} className={`numbers ${classes.legend}`}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{texts.run}</Table.Th>
            <Table.Th ta="right" w={76}>
              {texts.step}
            </Table.Th>
            {['raw', ...ids].map((id, i) => (
              <Table.Th key={id}>
                <Group gap={6} wrap="nowrap" justify="flex-end">
                  <Checkbox
                    size="xs"
                    color="gray"
                    checked={!options.hiddenWeights.has(id)}
                    onChange={() => onToggleWeights(id)}
                    aria-label={texts.showWeights(id)}
                  />
                  <span>{id === 'raw' ? t.compare.raw : id}</span>
                </Group>
                <div className={classes.dash}>
                  <Swatch color="--meander-ink" dash={i === 0 ? undefined : policyDash(i - 1)} />
                </div>
              </Table.Th>
            ))}
            <Table.Th w={36} />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {compared.map((one, i) => {
            const { name, parent } = one.run;
            const last = ownEvaluations(one).at(-1);
            return (
              <Table.Tr key={name} opacity={options.hiddenRuns.has(name) ? 0.5 : 1}>
                <Table.Td maw={220}>
                  <Group gap={8} wrap="nowrap">
                    <Checkbox
                      size="xs"
                      color="gray"
                      checked={!options.hiddenRuns.has(name)}
                      onChange={() => onToggleRun(name)}
                      aria-label={texts.showRun(name)}
                    />
                    <Swatch color={runColor(i)} />
                    <Anchor component={Link} href={routes.run(name)} c="var(--mantine-color-text)" miw={0}>
                      <Truncated size="sm" fw={550}>
                        {name}
                      </Truncated>
                    </Anchor>
                  </Group>
                  {parent && (
                    <Text size="xs" c="dimmed" pl={62}>
                      {t.runs.parent[parent.purpose]} {t.runs.parentOf(parent.name, formatCount(parent.step))}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td className={classes.value}>{last ? formatCount(last.step) : '–'}</Table.Td>
                {['raw', ...ids].map((id) => (
                  <Table.Td key={id} className={classes.value}>
                    <Value last={last} id={id} lowest={lowest?.run === name && lowest.of === id} />
                  </Table.Td>
                ))}
                <Table.Td>
                  <Tooltip label={texts.remove(name)}>
                    <ActionIcon
                      variant="subtle"
                      color="gray"
                      size={20}
                      aria-label={texts.remove(name)}
                      onClick={() => onRemove(name)}
                    >
                      <IconX size={14} />
                    </ActionIcon>
                  </Tooltip>
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Value({ last, id, lowest }: { last: EvaluationLine | undefined; id: string; lowest: boolean }) {
  const average = id === 'raw' ? null : last?.averages[id];
  if (!last || average === undefined)
    return (
      <Text size="sm" c="dimmed" component="span">
        –
      </Text>
    );
  return (
    <>
      <Text size="sm" fw={lowest ? 650 : 450}>
        {formatLoss(average ? average.loss : last.raw)}
      </Text>
      {(average || lowest) && (
        <Group gap={6} wrap="nowrap" justify="flex-end">
          {lowest && (
            <Badge size="xs" tt="none" variant="filled" style={{ flexShrink: 0 }}>
              {texts.lowest}
            </Badge>
          )}
          {average && (
            <Text size="xs" c="dimmed">
              {!average.full ? texts.filling : average.difference === null ? '' : formatSigned(average.difference, 3)}
            </Text>
          )}
        </Group>
      )}
    </>
  );
}
