/** Which weights, from which checkpoint, in which layout and format; then where they are, and what a second look found. */
import { Box, Button, Group, Input, Modal, SegmentedControl, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { Output, RunDetail } from '../../../shared/api.ts';
import { type ExportDType, type ExportLayout, exportDTypes, exportLayout } from '../../../shared/export-layouts.ts';
import { maxWidth, minWidth } from '../../../shared/power.ts';
import { NumberField } from '../../components/number-field.tsx';
import { Copyable } from '../../components/text.tsx';
import { call } from '../../door/index.ts';
import { formatBytes, formatCount } from '../../lib/format.ts';
import { tellFailure, useAction } from '../../store/action.ts';
import { refresh, useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { CheckResult } from './check-result.tsx';
import { exportBytes, layoutRefuses } from './lib/export-size.ts';

export interface ExportWish {
  /** null: the newest checkpoint. */
  readonly step: number | null;
  /** null: the best average, else raw. */
  readonly of: string | null;
}

const texts = t.exporting;
const newest = 'newest';

export function ExportDialog({
  run,
  ids,
  wish,
  onClose,
}: {
  run: RunDetail;
  ids: readonly string[];
  wish: ExportWish;
  onClose: () => void;
}) {
  const checkpoints = [...run.checkpoints].sort((a, b) => b.step - a.step);
  const [step, setStep] = useState<number | null>(wish.step);
  const chosen = step === null ? checkpoints[0] : checkpoints.find((c) => c.step === step);
  const averages = chosen ? ids.filter((id) => chosen.averages.includes(id)) : [];
  const preferred = wish.of ?? run.bestAverage?.id ?? averages[0] ?? 'raw';
  const [of, setOf] = useState(preferred);
  const weights = of !== 'raw' && !averages.includes(of) ? 'raw' : of;
  const policy = run.config.policies.find(({ id }) => id === weights);
  const power = policy?.kind === 'power' ? policy : null;
  /** Null: the width that the policy shows live. */
  const [width, setWidth] = useState<number | null>(null);
  const wrongWidth = power !== null && width !== null && !(width >= minWidth && width <= maxWidth);
  const named = power && width !== null && width !== power.widths[0] ? `${weights}@${width}` : weights;
  const [format, setFormat] = useState<ExportDType>('float32');
  const [layout, setLayout] = useState<ExportLayout>('huggingface');
  const [written, setWritten] = useState<Output<'runs.export'> | null>(null);
  const path = written?.path ?? null;
  const { model } = run.config;
  const formats: readonly ExportDType[] = exportDTypes[layout];
  const info = useQuery('app.info', undefined);
  const { busy, run: act } = useAction();

  const start = () =>
    act(async () => {
      setWritten(await call('runs.export', { name: run.name, weights: { step, of: named }, format, layout }));
      refresh('runs.get', 'averages.state');
    });

  return (
    <Modal opened onClose={onClose} title={texts.title} size="lg">
      <Stack>
        <Text size="sm" c="dimmed">
          {chosen ? texts.text[layout] : texts.noCheckpoint}
        </Text>
        {chosen && path === null && (
          <>
            <Group grow align="flex-start">
              <Select
                label={texts.weights}
                data={[...averages.map((id) => ({ value: id, label: id })), { value: 'raw', label: t.run.chart.raw }]}
                value={weights}
                onChange={(value) => value && setOf(value)}
                allowDeselect={false}
              />
              <Select
                label={texts.step}
                data={[
                  { value: newest, label: texts.newest(formatCount(checkpoints[0].step)) },
                  ...checkpoints
                    .slice(1)
                    .map((c) => ({ value: String(c.step), label: texts.stepIs(formatCount(c.step)) })),
                ]}
                value={step === null || step === checkpoints[0].step ? newest : String(step)}
                onChange={(value) => value && setStep(value === newest ? null : Number(value))}
                allowDeselect={false}
              />
            </Group>
            {power && (
              <NumberField
                label={texts.width}
                value={width ?? power.widths[0]}
                error={wrongWidth ? texts.widthRange(minWidth, maxWidth) : null}
                onChange={setWidth}
              />
            )}
            <div>
              <Input.Label component="div" display="block" mb={4}>
                {texts.layout}
              </Input.Label>
              <SegmentedControl
                aria-label={texts.layout}
                value={layout}
                onChange={(value) => {
                  const next = value as ExportLayout;
                  const held: readonly ExportDType[] = exportDTypes[next];
                  setLayout(next);
                  if (!held.includes(format)) setFormat('float32');
                }}
                data={exportLayout.options.map((value) => ({
                  value,
                  label: texts.layouts[value],
                  disabled: layoutRefuses(model, value),
                }))}
              />
              <Text size="xs" c="dimmed" mt={4}>
                {[
                  model.architecture ? texts.otherArchitecture : texts.refused[model.gelu],
                  layout === 'gguf' && model.gelu === 'exact' ? texts.llamaGelu : '',
                  layout !== 'huggingface' && layout !== 'onnx' && model.inverseLayerScaling ? texts.folded : '',
                ]
                  .filter(Boolean)
                  .join(' ')}
              </Text>
            </div>
            <div>
              <Input.Label component="div" display="block" mb={4}>
                {texts.format}
              </Input.Label>
              <SegmentedControl
                className="numbers"
                aria-label={texts.format}
                value={format}
                onChange={(value) => setFormat(value as ExportDType)}
                data={formats.map((value) => ({
                  value,
                  label: texts.sizes(texts.formats[value], formatBytes(exportBytes(model, value, layout))),
                }))}
              />
            </div>
            <Text size="xs" c="dimmed" aria-live="polite">
              {busy ? texts.working : texts.checked}
            </Text>
          </>
        )}
        {path !== null && (
          <div role="status">
            <Text size="sm" fw={500} mb={4}>
              {texts.done}
            </Text>
            <Copyable text={path} label={texts.copyPath} />
            {written?.check && (
              <Box mt="sm">
                <CheckResult check={written.check} format={format} />
              </Box>
            )}
          </div>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t.common.close}
          </Button>
          {path !== null && info.data?.capabilities.reveal && (
            <Button variant="default" onClick={() => call('shell.reveal', { path }).catch(tellFailure)}>
              {t.common.reveal}
            </Button>
          )}
          {chosen && path === null && (
            <Button onClick={start} loading={busy} disabled={wrongWidth}>
              {texts.action}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
