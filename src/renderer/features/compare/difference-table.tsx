/** What the configurations of the compared runs do not share, a column per run. */
import { Group, Paper, Table, Text, Title } from '@mantine/core';
import type { RunConfig } from '../../../shared/config.ts';
import { differenceTable } from '../../../shared/differences.ts';
import { Truncated } from '../../components/text.tsx';
import { runColor } from '../../lib/run-style.ts';
import { t } from '../../strings.ts';
import classes from './compare.module.css';
import { valueText } from './lib/value-text.ts';

const texts = t.compare.difference;

export function DifferencePanel({ configs }: { configs: readonly RunConfig[] }) {
  const rows = differenceTable(configs);
  return (
    <Paper component="section" aria-label={texts.title}>
      <Title order={2} mb={2}>
        {texts.title}
      </Title>
      <Text size="xs" c="dimmed" mb={rows.length > 0 ? 'sm' : 0}>
        {configs.length < 2 ? texts.one : rows.length === 0 ? texts.none : texts.same(rows.length)}
      </Text>
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={220 + 150 * configs.length} aria-label={texts.title}>
          <Table fz="sm" className="numbers" verticalSpacing={6}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{texts.field}</Table.Th>
                {configs.map(({ name }, i) => (
                  <Table.Th key={name} maw={220}>
                    <Group gap={8} wrap="nowrap">
                      <span className={classes.dot} style={{ background: `var(${runColor(i)})` }} />
                      <Truncated size="sm" fw={600}>
                        {name}
                      </Truncated>
                    </Group>
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map(({ field, values }) => (
                <Table.Tr key={field}>
                  <Table.Td className={classes.field}>{field}</Table.Td>
                  {values.map((value, i) => (
                    <Table.Td
                      key={configs[i].name}
                      className={classes.cell}
                      fw={i > 0 && value !== values[0] ? 600 : 400}
                      c={value === null ? 'dimmed' : undefined}
                    >
                      {valueText(field, value)}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Paper>
  );
}
