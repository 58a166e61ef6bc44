/** The kept weights as a list: step, size, loss, and which policy needs them. */
import { Badge, Group, Table, Text } from '@mantine/core';
import type { TrajectoryPoint } from '../../../shared/averages.ts';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { formatBytes, formatCount } from '../../lib/format.ts';
import { t } from '../../strings.ts';
import classes from './averages.module.css';
import type { Window } from './lib/window.ts';
import { lossText } from './trajectory.tsx';

const texts = t.averages.trajectory;

export function PointsTable({
  points,
  losses,
  holders,
  window,
}: {
  points: readonly TrajectoryPoint[];
  losses: ReadonlyMap<number, number>;
  /** Policies that hold a step now. */
  holders: ReadonlyMap<number, readonly string[]>;
  window: Window | null;
}) {
  return (
    <ScrollBox className={classes.points} label={texts.table}>
      <Table fz="sm" className="numbers" stickyHeader verticalSpacing={5}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{texts.step}</Table.Th>
            <Table.Th>{texts.kind}</Table.Th>
            <Table.Th ta="right">{texts.size}</Table.Th>
            <Table.Th ta="right">{texts.loss}</Table.Th>
            <Table.Th>{texts.heldBy}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {points
            .map((point, i) => ({ ...point, taken: window !== null && i >= window.first && i <= window.last }))
            .reverse()
            .map(({ step, kind, bytes, taken }) => (
              <Table.Tr key={step} className={taken ? classes.row : undefined}>
                <Table.Td>
                  {formatCount(step)}
                  {taken && (
                    <Text span size="xs" c="dimmed">
                      {' '}
                      {texts.inWindow}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>{texts.kinds[kind]}</Table.Td>
                <Table.Td ta="right">{formatBytes(bytes)}</Table.Td>
                <Table.Td ta="right" c={losses.has(step) ? undefined : 'dimmed'}>
                  {lossText(losses.get(step))}
                </Table.Td>
                <Table.Td>
                  <Group gap={4}>
                    {(holders.get(step) ?? []).map((id) => (
                      <Badge key={id} tt="none" size="sm" variant="default">
                        {id}
                      </Badge>
                    ))}
                    {!holders.has(step) && (
                      <Text size="xs" c="dimmed">
                        {texts.nobody}
                      </Text>
                    )}
                  </Group>
                </Table.Td>
              </Table.Tr>
            ))}
        </Table.Tbody>
      </Table>
    </ScrollBox>
  );
}
