/** One study: how far it is, what it says, its figures, and its runs. */
import { Anchor, Button, Group, Paper, Progress, Stack, Table, Text, Title } from '@mantine/core';
import { IconArrowLeft, IconDownload, IconTrash } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { StudyDetail } from '../../../shared/studies.ts';
import { annealed, cooldownLength, StudyTable, studyCsv } from '../../../shared/study.ts';
import { studyFigures } from '../../../shared/study-figures.ts';
import { studyRows, studyWords } from '../../../shared/study-words.ts';
import { sweepValueText } from '../../../shared/sweep-fields.ts';
import { Confirm } from '../../components/confirm.tsx';
import { Page } from '../../components/page.tsx';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { Problem, Waiting } from '../../components/states.tsx';
import { call } from '../../door/index.ts';
import { download } from '../../lib/download.ts';
import { formatCount, formatSigned } from '../../lib/format.ts';
import { routes } from '../../lib/routes.ts';
import { refresh, useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import classes from './study.module.css';

const texts = t.study;
type Status = keyof typeof t.status;

export function StudyPage({ name }: { name: string }) {
  const { data, error, refetch } = useQuery('studies.get', { name });
  const [doomed, setDoomed] = useState(false);
  const [, navigate] = useLocation();
  const aside = (
    <Group gap="xs">
      <Button
        size="xs"
        variant="default"
        component={Link}
        href={routes.studies}
        leftSection={<IconArrowLeft size={15} />}
      >
        {texts.back}
      </Button>
      {data && (
        <Button size="xs" variant="default" leftSection={<IconTrash size={15} />} onClick={() => setDoomed(true)}>
          {texts.remove}
        </Button>
      )}
    </Group>
  );
  return (
    <Page title={name} aside={aside}>
      {error ? <Problem error={error} onRetry={refetch} /> : data ? <Content study={data} /> : <Waiting />}
      <Confirm
        opened={doomed}
        onClose={() => setDoomed(false)}
        title={texts.removeTitle(name)}
        action={texts.remove}
        onConfirm={async () => {
          await call('studies.delete', { name });
          refresh('studies.');
          navigate(routes.studies);
        }}
      >
        {texts.removeText}
      </Confirm>
    </Page>
  );
}

function Content({ study }: { study: StudyDetail }) {
  const { config, list, points, done, members } = study;
  const cooldown = cooldownLength(config.steps);
  const found = useMemo(() => {
    const table = new StudyTable(points, config);
    if (table.bestRate('raw') === null) return null;
    const seeds = new Set(points.map(({ seed }) => seed)).size;
    const { batch, model } = config;
    const tokens = batch.microBatch * batch.accumulation * model.blockSize;
    const atEnd = points.filter(({ step }) => step === table.end);
    return {
      words: studyWords(table, cooldown),
      rows: studyRows(table).filter(({ seeds: n }) => n > 0),
      figures: studyFigures(table, config, seeds),
      csv: { 'results.csv': studyCsv(atEnd, tokens), 'progress.csv': studyCsv(points, tokens) },
    };
  }, [points, config, cooldown]);
  const steps = list.reduce((sum, member) => sum + member.steps, 0);
  const all = members * (config.steps + cooldown);
  return (
    <>
      <div>
        <Text size="sm" c="dimmed" mb={6} className="numbers">
          {texts.measured(formatCount(done), formatCount(members))} ·{' '}
          {texts.progress(formatCount(steps), formatCount(all))}
        </Text>
        <Progress value={(100 * steps) / all} aria-label={texts.progress(formatCount(steps), formatCount(all))} />
      </div>
      {found ? (
        <>
          <Paper p="md" component="section" aria-labelledby="findings">
            <Title order={2} id="findings" mb="xs">
              {done < members ? texts.findings : texts.foundAll}
            </Title>
            <Stack gap={6}>
              {done < members && (
                <Text size="sm" c="dimmed">
                  {texts.partial}
                </Text>
              )}
              {found.words.map((sentence) => (
                <Text key={sentence} size="sm" className="numbers">
                  {sentence}
                </Text>
              ))}
            </Stack>
          </Paper>
          <Paper p="md" component="section" aria-labelledby="figures">
            <Group justify="space-between" mb="xs">
              <Title order={2} id="figures">
                {texts.figures.title}
              </Title>
              <Group gap="xs">
                {Object.entries({ ...found.figures, ...found.csv }).map(([file, text]) => (
                  <Button
                    key={file}
                    size="compact-xs"
                    variant="default"
                    leftSection={<IconDownload size={13} />}
                    aria-label={texts.save(file)}
                    onClick={() => download(file, text, file.endsWith('.svg') ? 'image/svg+xml' : 'text/csv')}
                  >
                    {file}
                  </Button>
                ))}
              </Group>
            </Group>
            <ScrollBox className={classes.wide as string} label={texts.figures.title}>
              <Stack gap="lg">
                {Object.entries(found.figures).map(([file, svg]) => (
                  <img
                    key={file}
                    className={classes.figure}
                    src={`data:image/svg+xml;utf8,${encodeURIComponent(svg)}`}
                    alt={texts.figures[file as keyof typeof texts.figures]}
                  />
                ))}
              </Stack>
            </ScrollBox>
          </Paper>
          <Paper p="md" component="section" aria-labelledby="results">
            <Title order={2} id="results" mb="xs">
              {texts.results}
            </Title>
            <Results rows={found.rows} />
          </Paper>
        </>
      ) : (
        <Text size="sm" c="dimmed">
          {texts.waiting}
        </Text>
      )}
      <Paper p="md" component="section" aria-labelledby="runs">
        <Title order={2} id="runs" mb="xs">
          {texts.runs}
        </Title>
        <Members list={list} />
      </Paper>
    </>
  );
}

function Results({ rows }: { rows: ReturnType<typeof studyRows> }) {
  const { columns } = texts;
  return (
    <ScrollBox className={classes.wide as string} label={texts.results}>
      <Table className="numbers" verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            {[columns.rate, columns.weights, columns.loss, columns.gain, columns.seeds].map((head) => (
              <Table.Th key={head}>{head}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ rate, of, loss, gain, seeds }) => (
            <Table.Tr key={`${rate} ${of}`}>
              <Table.Td>{of === 'raw' ? sweepValueText(rate) : ''}</Table.Td>
              <Table.Td>{of === annealed ? texts.annealed : of}</Table.Td>
              <Table.Td>{loss}</Table.Td>
              <Table.Td>{gain}</Table.Td>
              <Table.Td>{seeds}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollBox>
  );
}

const word = (status: string | null, none: string): string =>
  status === null ? none : (t.status[status as Status] ?? status);

function Members({ list }: { list: StudyDetail['list'] }) {
  const { runColumns } = texts;
  return (
    <ScrollBox className={classes.wide as string} label={texts.runs}>
      <Table className="numbers" verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            {[runColumns.run, runColumns.cooldown, runColumns.difference].map((head) => (
              <Table.Th key={head}>{head}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {list.map(({ run, cooldown, status, cooldownStatus, paired, problem }) => (
            <Table.Tr key={run}>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>
                <Anchor size="sm" component={Link} href={routes.run(run)}>
                  {run}
                </Anchor>{' '}
                <Text span size="xs" c="dimmed">
                  {word(status, texts.gone)}
                </Text>
                {problem !== null && (
                  <Text size="xs" c="red">
                    {problem}
                  </Text>
                )}
              </Table.Td>
              <Table.Td>
                {cooldownStatus === null ? (
                  <Text span size="xs" c="dimmed">
                    {texts.notMade}
                  </Text>
                ) : (
                  <Anchor size="sm" component={Link} href={routes.run(cooldown)}>
                    {word(cooldownStatus, texts.gone)}
                  </Anchor>
                )}
              </Table.Td>
              <Table.Td>{paired && formatSigned(paired.difference)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollBox>
  );
}
