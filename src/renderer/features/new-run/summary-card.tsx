/** What the run will be, beside the form: sizes, evaluation's share, the equal command, what differs from the preset. */
import { Anchor, Group, Modal, Paper, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { differences } from '../../../shared/differences.ts';
import { findPreset, parameterCount } from '../../../shared/presets.ts';
import { Notice } from '../../components/notice.tsx';
import { Copyable, Figure } from '../../components/text.tsx';
import { formatCount, formatShare, formatShort } from '../../lib/format.ts';
import { t } from '../../strings.ts';
import { trainCommand } from './lib/command.ts';
import { evaluationCount, evaluationShare, tokensPerStep } from './lib/summary.ts';
import { Resources } from './resources.tsx';
import type { DraftState } from './use-draft.ts';

export function SummaryCard({ state }: { state: DraftState }) {
  const texts = t.newRun.summary;
  const [showing, setShowing] = useState(false);
  const { draft, base, dataset, checked } = state;
  const { config } = checked;
  const tokens = tokensPerStep(draft) * draft.steps;
  const trained = dataset?.meta?.train.tokens ?? null;
  const validation = dataset?.meta?.val.tokens ?? null;
  const changed = differences(base, draft);
  const number = (value: number, format: (n: number) => string) => (Number.isFinite(value) ? format(value) : '–');
  return (
    <Paper component="aside" aria-label={texts.title}>
      <Stack gap="md">
        <Title order={2}>{texts.title}</Title>
        <SimpleGrid cols={2} spacing="sm" verticalSpacing="sm">
          <Figure label={texts.parameters}>{number(parameterCount(draft.model), formatShort)}</Figure>
          <Figure label={texts.steps}>{number(draft.steps, formatCount)}</Figure>
          <Figure label={texts.tokens}>{number(tokens, formatShort)}</Figure>
          <Figure label={texts.epochs}>
            {trained ? number(tokens / trained, (n) => (n < 10 ? n.toFixed(2) : formatCount(n))) : '–'}
          </Figure>
          <Figure label={texts.evaluations}>{number(evaluationCount(draft), formatCount)}</Figure>
          <Figure label={texts.share} title={texts.shareNote}>
            {number(evaluationShare(draft), formatShare)}
          </Figure>
          {state.fitted !== null && <Figure label={texts.time}>{texts.timeFitted(String(state.fitted))}</Figure>}
        </SimpleGrid>
        <Resources state={state} />
        {validation !== null && validation <= draft.model.blockSize && (
          <Notice kind="warning">
            <Text size="xs">{texts.tooShort(formatCount(validation), formatCount(draft.model.blockSize))}</Text>
          </Notice>
        )}
        <Group justify="space-between" gap="xs">
          <Text size="xs" c="dimmed">
            {texts.differs(changed.length, findPreset(state.preset).title)}
          </Text>
          {changed.length > 0 && (
            <Anchor component="button" type="button" size="xs" onClick={() => setShowing(true)}>
              {texts.showDifferences}
            </Anchor>
          )}
        </Group>
        {config && dataset && (
          <div>
            <Text size="xs" c="dimmed" mb={4}>
              {texts.command}
            </Text>
            <Copyable text={trainCommand(config, base, dataset.name)} label={texts.copyCommand} />
          </div>
        )}
      </Stack>
      <Modal
        opened={showing}
        onClose={() => setShowing(false)}
        title={texts.differs(changed.length, findPreset(state.preset).title)}
        size="lg"
      >
        <Table fz="sm" className="numbers">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{texts.field}</Table.Th>
              <Table.Th>{texts.preset}</Table.Th>
              <Table.Th>{texts.here}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {changed.map(({ field, from, to }) => (
              <Table.Tr key={field}>
                <Table.Td>{field}</Table.Td>
                <Table.Td>{from}</Table.Td>
                <Table.Td fw={600}>{to}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <Group justify="flex-end" mt="md">
          <Anchor
            component="button"
            type="button"
            size="sm"
            onClick={() => {
              state.reset();
              setShowing(false);
            }}
          >
            {texts.reset}
          </Anchor>
        </Group>
      </Modal>
    </Paper>
  );
}
