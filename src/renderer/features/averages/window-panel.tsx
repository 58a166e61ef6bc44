/** The mean of a drawn window: what it would be, its loss before anything is written, and the model that it makes. */

import { Button, Group, Paper, SegmentedControl, Stack, Table, Text, Title } from '@mantine/core';
import { IconChartLine, IconFileExport, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import type { Output, RunDetail } from '../../../shared/api.ts';
import { type ExportFormat, exportFormat } from '../../../shared/export-layouts.ts';
import type { EvaluationResult } from '../../../shared/jobs.ts';
import { Copyable, Figure } from '../../components/text.tsx';
import { VerdictBadge } from '../../components/verdict-badge.tsx';
import { call } from '../../door/index.ts';
import { formatBytes, formatCount, formatLoss, formatSigned } from '../../lib/format.ts';
import { tellFailure, useAction } from '../../store/action.ts';
import { refresh, useQuery } from '../../store/cache.ts';
import { useJobProgress } from '../../store/job-progress.ts';
import { t } from '../../strings.ts';
import { CheckResult } from '../export/check-result.tsx';
import { exportBytes } from '../export/lib/export-size.ts';
import { isTraining } from '../runs/lib/run-state.ts';
import classes from './averages.module.css';
import { chosen } from './lib/choice.ts';
import { spacingOf } from './lib/window.ts';

const texts = t.averages.window;

/** A window that was measured in this visit. */
interface Try {
  readonly key: string;
  readonly steps: readonly number[];
  readonly result: EvaluationResult;
}

const meanName = (steps: readonly number[]): string =>
  texts.mean(
    formatCount(steps.length),
    formatCount(steps[0] as number),
    formatCount(steps[steps.length - 1] as number),
  );

export function WindowPanel({
  run,
  steps,
  newest,
}: {
  run: RunDetail;
  /** Of the window, oldest first; empty where none is drawn. */
  steps: readonly number[];
  /** Step of the newest checkpoint. */
  newest: number | null;
}) {
  const [beside, setBeside] = useState<readonly EvaluationResult[]>([]);
  const [tries, setTries] = useState<readonly Try[]>([]);
  const [format, setFormat] = useState<ExportFormat>('float32');
  const [written, setWritten] = useState<{
    key: string;
    format: ExportFormat;
    output: Output<'averages.write'>;
  } | null>(null);
  const info = useQuery('app.info', undefined);
  const preview = useAction();
  const write = useAction();
  const key = steps.join();
  const { name } = run;

  const progress = useJobProgress('evaluate', name);

  if (steps.length < 2)
    return (
      <Text size="sm" c="dimmed">
        {texts.empty}
      </Text>
    );
  const first = steps[0] as number;
  const last = steps[steps.length - 1] as number;
  const spacing = spacingOf(steps);
  const measure = () =>
    preview.run(async () => {
      const results = await call('averages.preview', { name, steps: [...steps] });
      const result = results.at(-1);
      // Nothing comes back from one that was cancelled.
      if (!result) return;
      const others = results.slice(0, -1);
      // Differences are against the raw weights of one checkpoint: with a newer one the older ones say nothing.
      const same = others[0]?.step === beside[0]?.step;
      setBeside(others);
      setTries((before) => [{ key, steps, result }, ...(same ? before : []).filter((one) => one.key !== key)]);
    });
  const save = () =>
    write.run(async () => {
      setWritten(null);
      const output = await call('averages.write', { name, steps: [...steps], format });
      setWritten({ key, format, output });
      refresh('averages.state');
    });
  const rows = [
    ...beside.map((result) => ({
      key: result.of,
      label: result.of === 'raw' ? texts.raw : result.of,
      present: false,
      result,
    })),
    ...tries.map((one) => ({
      key: one.key,
      label: meanName(one.steps),
      present: one.key === key,
      result: one.result,
    })),
  ];
  const pick = chosen(tries);
  const stale = beside.length > 0 && newest !== null && beside[0]?.step !== newest;
  return (
    <Stack gap="sm">
      <div className={classes.facts}>
        <Figure label={texts.k}>{formatCount(steps.length)}</Figure>
        <Figure label={texts.spacing}>
          {spacing &&
            (spacing.from === spacing.to
              ? texts.even(formatCount(spacing.from))
              : texts.uneven(formatCount(spacing.from), formatCount(spacing.to)))}
        </Figure>
        <Figure label={texts.span}>{texts.from(formatCount(first), formatCount(last))}</Figure>
        <Figure label={texts.weights}>{texts.uniform}</Figure>
      </div>
      <Group gap="sm">
        <Button
          leftSection={<IconChartLine size={16} />}
          onClick={measure}
          loading={preview.busy}
          disabled={write.busy}
        >
          {tries.some((one) => one.key === key) ? texts.again : texts.preview}
        </Button>
        {preview.busy && (
          <>
            <Button
              variant="default"
              leftSection={<IconX size={16} />}
              onClick={() => call('averages.cancel', { subject: name }).catch(tellFailure)}
            >
              {texts.cancel}
            </Button>
            {progress && (
              <Text size="sm" c="dimmed" role="status" className="numbers">
                {texts.measuring(formatCount(progress.done + 1), formatCount(progress.total))}
              </Text>
            )}
          </>
        )}
      </Group>
      <Text size="xs" c="dimmed">
        {texts.previewNote(formatCount(run.config.evaluation.blocks))} {isTraining(run.status) && texts.training}
      </Text>
      {rows.length > 0 && (
        <div className={classes.wide}>
          <Table fz="sm" className="numbers" aria-label={texts.results}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{texts.what}</Table.Th>
                <Table.Th ta="right">{texts.step}</Table.Th>
                <Table.Th ta="right">{texts.loss}</Table.Th>
                <Table.Th ta="right">{texts.difference}</Table.Th>
                <Table.Th />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map(({ key: row, label, present, result }) => (
                <Table.Tr key={row} className={present ? classes.row : undefined}>
                  <Table.Td>
                    {label}
                    {present && (
                      <Text span size="xs" c="dimmed">
                        {' '}
                        {texts.present}
                      </Text>
                    )}
                  </Table.Td>
                  <Table.Td ta="right">{formatCount(result.step)}</Table.Td>
                  <Table.Td ta="right">{formatLoss(result.loss)}</Table.Td>
                  <Table.Td ta="right">
                    {result.of === 'raw'
                      ? ''
                      : `${formatSigned(result.difference)} ± ${result.standardError.toFixed(4)}`}
                  </Table.Td>
                  <Table.Td>
                    {result.of !== 'raw' && (
                      <VerdictBadge verdict={result.verdict}>{texts.words[result.verdict]}</VerdictBadge>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
      {pick && (
        <Text size="sm">
          {texts.chosen(
            meanName(pick.best.steps),
            formatSigned(pick.judged.difference),
            pick.judged.standardError.toFixed(4),
            texts.words[pick.judged.verdict],
          )}
        </Text>
      )}
      {stale && (
        <Text size="xs" c="dimmed">
          {texts.stale}
        </Text>
      )}
      <Group gap="sm" align="center">
        <SegmentedControl
          className="numbers"
          aria-label={texts.format}
          value={format}
          onChange={(value) => setFormat(value as ExportFormat)}
          data={exportFormat.options.map((value) => ({
            value,
            label: t.exporting.sizes(value, formatBytes(exportBytes(run.config.model, value, 'huggingface'))),
          }))}
        />
        <Button
          variant="default"
          leftSection={<IconFileExport size={16} />}
          onClick={save}
          loading={write.busy}
          disabled={preview.busy}
        >
          {texts.write}
        </Button>
      </Group>
      <Text size="xs" c="dimmed" role={write.busy ? 'status' : undefined}>
        {write.busy ? texts.writing : texts.writeNote}
      </Text>
      {written && written.key === key && (
        <Paper role="status" p="sm">
          <Title order={3} mb={6}>
            {texts.written}
          </Title>
          <Copyable text={written.output.path} label={t.common.copyPath} />
          <Stack mt="sm" gap="sm">
            {written.output.check && <CheckResult check={written.output.check} format={written.format} />}
            {info.data?.capabilities.reveal && (
              <Group>
                <Button
                  size="xs"
                  variant="default"
                  onClick={() => call('shell.reveal', { path: written.output.path }).catch(tellFailure)}
                >
                  {t.common.reveal}
                </Button>
              </Group>
            )}
          </Stack>
        </Paper>
      )}
    </Stack>
  );
}
