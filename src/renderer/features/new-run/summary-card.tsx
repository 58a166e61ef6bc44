/** What the run will be, beside the form: sizes, evaluation's share, the equal command, what differs from the preset. */
import { Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { parameterCount } from '../../../shared/architecture.ts';
import { evaluationCount } from '../../../shared/fit.ts';
import { epochsOver, isMix, mixShares } from '../../../shared/mix.ts';
import { Notice } from '../../components/notice.tsx';
import { Copyable, Figure } from '../../components/text.tsx';
import { formatCount, formatEpochs, formatShare, formatShort } from '../../lib/format.ts';
import { t } from '../../strings.ts';
import { ChangesPanel } from './changes-panel.tsx';
import { trainCommand } from './lib/command.ts';
import { evaluationShare, tokensPerStep } from './lib/summary.ts';
import { Resources } from './resources.tsx';
import { SpeedPanel } from './speed-panel.tsx';
import type { DraftState } from './use-draft.ts';
import type { SpeedState } from './use-speed.ts';

export function SummaryCard({ state, speed }: { state: DraftState; speed: SpeedState }) {
  const texts = t.newRun.summary;
  const { draft, base, dataset, checked } = state;
  const { config } = checked;
  const tokens = tokensPerStep(draft) * draft.steps;
  const trained = dataset?.meta?.train.tokens ?? null;
  const validation = dataset?.meta?.val.tokens ?? null;
  const number = (value: number, format: (n: number) => string) => (Number.isFinite(value) ? format(value) : '–');
  return (
    <Paper component="aside" aria-label={texts.title}>
      <Stack gap="md">
        <Title order={2}>{texts.title}</Title>
        <SimpleGrid cols={2} spacing="sm" verticalSpacing="sm">
          <Figure label={texts.parameters}>{number(parameterCount(draft.model), formatShort)}</Figure>
          <Figure label={texts.steps}>{number(draft.steps, formatCount)}</Figure>
          <Figure label={texts.tokens}>{number(tokens, formatShort)}</Figure>
          <Figure label={isMix(draft) && dataset ? texts.epochsOver(dataset.name) : texts.epochs}>
            {trained ? number(epochsOver(draft, mixShares(draft)[0].share, trained), formatEpochs) : '–'}
          </Figure>
          <Figure label={texts.evaluations}>{number(evaluationCount(draft), formatCount)}</Figure>
          {!speed.probe && (
            <Figure label={texts.share} title={texts.shareNote}>
              {number(evaluationShare(draft), formatShare)}
            </Figure>
          )}
        </SimpleGrid>
        <SpeedPanel state={state} speed={speed} />
        <Resources state={state} />
        {validation !== null && validation <= draft.model.blockSize && (
          <Notice kind="warning">
            <Text size="xs">{texts.tooShort(formatCount(validation), formatCount(draft.model.blockSize))}</Text>
          </Notice>
        )}
        <ChangesPanel state={state} />
        {config && dataset && (
          <div>
            <Text size="xs" c="dimmed" mb={4}>
              {texts.command}
            </Text>
            <Copyable text={trainCommand(config, base, dataset.name)} label={texts.copyCommand} />
          </div>
        )}
      </Stack>
    </Paper>
  );
}
