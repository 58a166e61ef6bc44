/** Studies, newest first. */
import { Anchor, Button, Paper, Progress, Table, Text } from '@mantine/core';
import { IconChartDots, IconPlus } from '@tabler/icons-react';
import { Link } from 'wouter';
import { Page } from '../../components/page.tsx';
import { Empty, Problem, Waiting } from '../../components/states.tsx';
import { formatCount, formatWhen } from '../../lib/format.ts';
import { routes } from '../../lib/routes.ts';
import { useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';

const texts = t.study;

export function StudiesPage() {
  const { data, error, refetch } = useQuery('studies.list', undefined);
  return (
    <Page title={texts.title}>
      {error ? (
        <Problem error={error} onRetry={refetch} />
      ) : !data ? (
        <Waiting />
      ) : data.length === 0 ? (
        <Empty
          icon={IconChartDots}
          title={texts.none.title}
          actions={
            <Button component={Link} href={routes.newRun} leftSection={<IconPlus size={16} />}>
              {texts.none.action}
            </Button>
          }
        >
          {texts.none.text}
        </Empty>
      ) : (
        <>
          <Text size="sm" c="dimmed">
            {texts.text}
          </Text>
          <Paper p="xs">
            <Table className="numbers">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{texts.list.name}</Table.Th>
                  <Table.Th>{texts.list.created}</Table.Th>
                  <Table.Th w="30%">{texts.list.progress}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {data.map((study) => (
                  <Table.Tr key={study.name}>
                    <Table.Td style={{ overflowWrap: 'anywhere' }}>
                      <Anchor size="sm" component={Link} href={routes.study(study.name)}>
                        {study.name}
                      </Anchor>
                    </Table.Td>
                    <Table.Td>{formatWhen(study.createdAt, new Date())}</Table.Td>
                    <Table.Td>
                      <Text size="xs" c="dimmed">
                        {texts.measured(formatCount(study.done), formatCount(study.members))}
                        {study.failed > 0 && ` · ${texts.list.failed(formatCount(study.failed))}`}
                      </Text>
                      <Progress size={4} value={(100 * study.done) / study.members} aria-label={study.name} />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Paper>
        </>
      )}
    </Page>
  );
}
