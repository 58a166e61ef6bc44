/** Doctor: what this machine can do, which engine trains, what is missing and how to mend it. */
import { Badge, Button, CopyButton, Group, Paper, SimpleGrid, Table, Text, Title } from '@mantine/core';
import { IconCheck, IconCopy, IconRefresh } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { ApiError } from '../../../shared/api.ts';
import { type DoctorReport, doctorText } from '../../../shared/doctor.ts';
import { Notice } from '../../components/notice.tsx';
import { Page } from '../../components/page.tsx';
import { Problem, Working } from '../../components/states.tsx';
import { CopyIcon, Figure } from '../../components/text.tsx';
import { asApiError } from '../../door/errors.ts';
import { call } from '../../door/index.ts';
import { formatBytes } from '../../lib/format.ts';
import { t } from '../../strings.ts';

const texts = t.doctor;
/** Of measuring, per engine. */
const seconds = 0.5;

type Examination =
  | { state: 'working' }
  | { state: 'done'; report: DoctorReport }
  | { state: 'failed'; error: ApiError };

function useExamination(): [Examination, () => void] {
  const [examination, setExamination] = useState<Examination>({ state: 'working' });
  const [turn, setTurn] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for every turn.
  useEffect(() => {
    let left = false;
    setExamination({ state: 'working' });
    call('app.doctor', { seconds }).then(
      (report) => left || setExamination({ state: 'done', report }),
      (error: unknown) => left || setExamination({ state: 'failed', error: asApiError(error) }),
    );
    return () => {
      left = true;
    };
  }, [turn]);
  return [examination, () => setTurn(turn + 1)];
}

export function DoctorPage() {
  const [examination, again] = useExamination();
  const report = examination.state === 'done' ? examination.report : null;
  return (
    <Page
      title={texts.title}
      width={880}
      aside={
        <Group gap="xs">
          {report && (
            <CopyButton value={doctorText(report, formatBytes)}>
              {({ copied, copy }) => (
                <Button
                  variant="default"
                  leftSection={copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
                  onClick={copy}
                >
                  {copied ? t.common.copied : texts.copy}
                </Button>
              )}
            </CopyButton>
          )}
          <Button leftSection={<IconRefresh size={16} />} loading={examination.state === 'working'} onClick={again}>
            {texts.again}
          </Button>
        </Group>
      }
    >
      {examination.state === 'working' && (
        <Paper>
          <Working text={texts.examining} />
        </Paper>
      )}
      {examination.state === 'failed' && <Problem error={examination.error} onRetry={again} />}
      {report && <Findings report={report} />}
    </Page>
  );
}

function Findings({ report }: { report: DoctorReport }) {
  const { problems } = report;
  return (
    <>
      {problems.length === 0 ? (
        <Notice kind="info" title={texts.well} />
      ) : (
        problems.map(({ what, next }) => (
          <Notice key={what} kind="warning" title={what}>
            <Text size="sm" c="dimmed">
              {next}
            </Text>
          </Notice>
        ))
      )}
      <Engines report={report} />
      <Adapters adapters={report.adapters} />
      <Paper component="section" aria-label={texts.machine}>
        <Title order={2} mb="sm">
          {texts.machine}
        </Title>
        <SimpleGrid cols={{ base: 2, sm: 3 }}>
          <Figure label={texts.system} title={report.release}>
            {`${report.platform} ${report.arch}`}
          </Figure>
          <Figure label={texts.processor} title={report.processor}>
            {report.processor}
          </Figure>
          <Figure label={texts.processors}>{report.processors}</Figure>
          <Figure label={texts.memory}>{formatBytes(report.memory)}</Figure>
          <Figure label={texts.freeMemory}>{formatBytes(report.freeMemory)}</Figure>
          <Figure label={texts.freeDisk}>
            {report.freeDisk === null ? texts.unknown : formatBytes(report.freeDisk)}
          </Figure>
        </SimpleGrid>
        <Place label={texts.home} path={report.home} />
      </Paper>
      <Paper component="section" aria-label={texts.installation}>
        <Title order={2} mb="sm">
          {texts.installation}
        </Title>
        <SimpleGrid cols={{ base: 2, sm: 3 }}>
          <Figure label={texts.version}>{`${report.version}, ${texts.kinds[report.kind]}`}</Figure>
          <Figure label={texts.node}>{report.node}</Figure>
        </SimpleGrid>
        {report.addon === null ? (
          <div style={{ marginTop: 16 }}>
            <Figure label={texts.addon}>{texts.notBuilt}</Figure>
          </div>
        ) : (
          <Place label={texts.addon} path={report.addon} />
        )}
      </Paper>
    </>
  );
}

function Place({ label, path }: { label: string; path: string }) {
  return (
    <Group gap={6} wrap="nowrap" align="flex-end" mt="md">
      <Figure label={label} title={path}>
        {path}
      </Figure>
      <CopyIcon text={path} label={t.common.copyPath} />
    </Group>
  );
}

/** An optional engine that is not installed is no fault. */
function State({
  backend: { name, works, problem },
  used,
}: {
  backend: DoctorReport['backends'][number];
  used: boolean;
}) {
  const absent = !works && problem === undefined;
  const text = used
    ? texts.used
    : works
      ? texts.works
      : absent
        ? name === 'webgpu'
          ? texts.noCard
          : texts.optional
        : texts.missing;
  return (
    <Badge color={works ? 'teal' : absent ? 'gray' : 'orange'} tt="none" miw="max-content">
      {text}
    </Badge>
  );
}

function Engines({ report: { backends, auto, why } }: { report: DoctorReport }) {
  const { columns } = texts;
  // The first of its rows is float32, which runs compute in unless they say otherwise.
  const taken = backends.find(({ name }) => name === auto);
  return (
    <Paper component="section" aria-label={texts.engines}>
      <Title order={2} mb={2}>
        {texts.engines}
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {`${texts.choice} – ${why}`}
      </Text>
      <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              {Object.entries(columns).map(([key, title]) => (
                <Table.Th key={key}>{title}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {backends.map((backend) => (
              <Table.Tr key={`${backend.name} ${backend.family}`}>
                <Table.Td fw={600}>{backend.name}</Table.Td>
                <Table.Td>
                  <State backend={backend} used={backend === taken} />
                </Table.Td>
                <Table.Td className="numbers">
                  {backend.gflops === null ? '–' : texts.gflops(backend.gflops.toFixed(1))}
                </Table.Td>
                <Table.Td className="numbers">{backend.threads ?? '–'}</Table.Td>
                <Table.Td>{backend.device ?? backend.text}</Table.Td>
                <Table.Td>{backend.family ?? '–'}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}

/** What the system's graphics drivers offer. */
function Adapters({ adapters }: { adapters: DoctorReport['adapters'] }) {
  const words = texts.adapter;
  return (
    <Paper component="section" aria-label={texts.adapters}>
      <Title order={2} mb="sm">
        {texts.adapters}
      </Title>
      {adapters.length === 0 && (
        <Text size="sm" c="dimmed">
          {texts.noAdapters}
        </Text>
      )}
      {adapters.map((adapter) => (
        <div key={adapter.name}>
          <Group gap="xs" mb="xs">
            <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
              {adapter.name}
            </Text>
            <Badge color={adapter.software ? 'gray' : 'teal'} tt="none">
              {words.kind(adapter.software)}
            </Badge>
          </Group>
          <SimpleGrid cols={{ base: 1, sm: 2 }} mb="md">
            <Figure label={words.driver}>{adapter.driver || texts.unknown}</Figure>
            <Figure label={words.buffer}>
              {words.room(formatBytes(adapter.bufferBytes), formatBytes(adapter.bindingBytes))}
            </Figure>
            <Listed label={words.features} items={adapter.features} />
            <Listed label={words.lacks} items={adapter.lacks} />
          </SimpleGrid>
        </div>
      ))}
    </Paper>
  );
}

/** Too long for one line, so it wraps. */
function Listed({ label, items }: { label: string; items: readonly string[] }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {items.length > 0 ? items.join(', ') : texts.adapter.nothing}
      </Text>
    </div>
  );
}
