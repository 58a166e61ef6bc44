/** The sections of the form. */
import { Button, Group, Select, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useRef, useState } from 'react';
import type { DatasetSummary, PresetInfo } from '../../../shared/api.ts';
import { type RunConfig, scheduleKinds } from '../../../shared/config.ts';
import { differences } from '../../../shared/differences.ts';
import { Notice } from '../../components/notice.tsx';
import { NumberField } from '../../components/number-field.tsx';
import { Figure } from '../../components/text.tsx';
import { call } from '../../door/index.ts';
import { formatCount, formatSetting, formatShort } from '../../lib/format.ts';
import { useAction } from '../../store/action.ts';
import { t } from '../../strings.ts';
import { NumberAt, SwitchAt, useForm } from './form-context.tsx';
import { valueAt } from './lib/draft.ts';
import { tokensPerStep } from './lib/summary.ts';
import classes from './new-run.module.css';
import { type DraftState, rescaled } from './use-draft.ts';

const f = t.newRun.fields;

export function DataFields({
  state,
  datasets,
  presets,
}: {
  state: DraftState;
  datasets: readonly DatasetSummary[];
  presets: readonly PresetInfo[];
}) {
  const { errors } = useForm();
  const preset = presets.find((p) => p.id === state.preset);
  return (
    <Stack gap="sm">
      <div className={classes.thirds}>
        <Select
          label={f.dataset}
          placeholder={f.datasetPlaceholder}
          data-path="dataset"
          data={datasets.filter((d) => d.status === 'ready').map((d) => ({ value: d.name, label: d.name }))}
          value={state.dataset?.name ?? null}
          onChange={(name) => {
            const chosen = datasets.find((d) => d.name === name);
            if (chosen) state.chooseDataset(chosen);
          }}
          allowDeselect={false}
          searchable
        />
        <Select
          label={f.preset}
          data-path="preset"
          data={presets.map((p) => ({ value: p.id, label: `${p.title} · ${formatShort(p.parameters)}` }))}
          value={state.preset}
          onChange={(id) => id && state.choosePreset(id)}
          allowDeselect={false}
        />
        <TextInput
          label={f.name}
          data-path="name"
          value={state.draft.name}
          error={errors.get('name')}
          onChange={(event) => state.set('name', event.currentTarget.value)}
        />
      </div>
      {preset && (
        <Text size="xs" c="dimmed">
          {preset.note} <em>{preset.source}</em>
        </Text>
      )}
    </Stack>
  );
}

export function LengthFields({ state }: { state: DraftState }) {
  const { draft, errors } = useForm();
  const [scale, setScale] = useState(true);
  // While the number is typed, everything is scaled from what it was before: no digit rounds anything away.
  const before = useRef(draft);
  const tokens = tokensPerStep(draft);
  return (
    <Stack gap="sm">
      <div className={classes.fields}>
        <NumberField
          label={f.steps}
          data-path="steps"
          value={draft.steps}
          error={errors.get('steps')}
          onFocus={() => {
            before.current = draft;
          }}
          onChange={(steps) => state.replace(scale ? rescaled(before.current, steps) : { ...draft, steps })}
        />
        <NumberAt path="batch.microBatch" label={f.microBatch} by={1} />
        <NumberAt path="batch.accumulation" label={f.accumulation} by={1} />
        <NumberAt path="model.blockSize" label={f.blockSize} by={8} />
        <Figure label={f.tokensPerStep}>
          {Number.isFinite(tokens) ? formatCount(tokens) : '–'}
          <Text size="xs" c="dimmed" fw={400} className="numbers">
            {f.batchFormula(
              String(draft.batch.microBatch),
              String(draft.batch.accumulation),
              String(draft.model.blockSize),
            )}
          </Text>
        </Figure>
      </div>
      <Group justify="space-between" align="flex-end" gap="md">
        <Switch label={f.scale} checked={scale} onChange={(event) => setScale(event.currentTarget.checked)} size="xs" />
        <FitToTime state={state} />
      </Group>
    </Stack>
  );
}

/** Six digits of a number say what it is. */
const shortened = (value: string): string =>
  value.length > 8 && Number.isFinite(Number(value)) ? formatSetting(Number(Number(value).toPrecision(6))) : value;

function FitToTime({ state }: { state: DraftState }) {
  const [hours, setHours] = useState(1);
  const [changes, setChanges] = useState<string[] | null>(null);
  const { busy, run } = useAction();
  const { dataset, draft } = state;
  const config = state.checked.recipe;
  const fit = () =>
    run(async () => {
      if (!config) return;
      const { fitted } = await call('runs.probe', { config, hours });
      if (!fitted) return;
      const next: RunConfig = { ...fitted, name: draft.name, dataset: draft.dataset };
      setChanges(
        differences(draft, next).map(({ field, from, to }) => `${field}: ${shortened(from)} → ${shortened(to)}`),
      );
      state.replace(next, hours);
    });
  return (
    <Stack gap={6} style={{ flexShrink: 0 }}>
      <Group gap="xs" align="flex-end" wrap="nowrap">
        <NumberField label={f.hours} suffix={f.hoursUnit} value={hours} onChange={setHours} w={150} />
        <Button variant="light" onClick={fit} loading={busy} disabled={!dataset || !config || !(hours > 0)}>
          {f.fit}
        </Button>
      </Group>
      {busy && (
        <Text size="xs" c="dimmed" role="status">
          {f.fitting}
        </Text>
      )}
      {!busy && changes && state.fitted !== null && (
        <Notice kind="info" title={f.fitted(String(state.fitted))}>
          <Text size="xs" c="dimmed" className="numbers" style={{ whiteSpace: 'pre-line' }}>
            {changes.length > 0 ? changes.join('\n') : f.fittedNothing}
          </Text>
        </Notice>
      )}
    </Stack>
  );
}

export function ScheduleFields() {
  const { draft, set } = useForm();
  const { kind } = draft.schedule;
  return (
    <div className={classes.schedule}>
      <Select
        label={f.kind}
        data={scheduleKinds.map((value) => ({ value, label: t.newRun.kinds[value] }))}
        value={kind}
        onChange={(value) => {
          if (!value) return;
          set('schedule.kind', value);
          if (value === 'wsd' && draft.schedule.cooldownSteps === 0)
            set('schedule.cooldownSteps', Math.round(0.2 * draft.steps));
        }}
        allowDeselect={false}
      />
      <NumberAt path="schedule.peak" label={f.peak} />
      {(kind === 'cosine' || kind === 'linear') && <NumberAt path="schedule.min" label={f.min} />}
      <NumberAt path="schedule.warmupSteps" label={f.warmup} suffix={f.steps_} />
      {kind === 'wsd' && (
        <>
          <NumberAt path="schedule.cooldownSteps" label={f.cooldown} suffix={f.steps_} />
          <SelectAt path="schedule.cooldownForm" label={f.cooldownForm} data={f.cooldownForms} />
        </>
      )}
    </div>
  );
}

function SelectAt({ path, label, data }: { path: string; label: string; data: Readonly<Record<string, string>> }) {
  const { draft, set } = useForm();
  return (
    <Select
      label={label}
      data={Object.entries(data).map(([value, text]) => ({ value, label: text }))}
      value={String(valueAt(draft, path))}
      onChange={(value) => value && set(path, value)}
      allowDeselect={false}
    />
  );
}

export function EvaluationFields() {
  return (
    <Stack gap="sm">
      <div className={classes.fields}>
        <NumberAt path="evaluation.every" label={f.evaluateEvery} suffix={f.steps_} />
        <NumberAt path="evaluation.blocks" label={f.blocks} />
        <NumberAt path="checkpoints.every" label={f.checkpointEvery} suffix={f.steps_} title={f.checkpointNote} />
        <NumberAt path="checkpoints.keepLast" label={f.keepLast} by={1} />
        <NumberAt path="checkpoints.keepEvery" label={f.keepEvery} suffix={f.steps_} title={f.keepEveryNote} />
      </div>
      <SwitchAt path="checkpoints.keepBest" label={f.keepBest} size="xs" />
    </Stack>
  );
}

export function ModelFields() {
  const { draft } = useForm();
  return (
    <Stack gap="sm">
      <div className={classes.fields}>
        <NumberAt path="model.layers" label={f.layers} by={1} />
        <NumberAt path="model.heads" label={f.heads} by={1} />
        <NumberAt path="model.width" label={f.width} by={16} />
        <NumberAt path="model.dropout" label={f.dropout} />
        <SelectAt path="model.gelu" label={f.gelu} data={f.gelus} />
        <Figure label={f.vocabulary}>
          {formatCount(draft.model.vocabSize)}
          <Text size="xs" c="dimmed" fw={400}>
            {f.vocabularyNote}
          </Text>
        </Figure>
      </div>
      <Group gap="xl">
        <SwitchAt path="model.bias" label={f.bias} size="xs" />
        <SwitchAt path="model.inverseLayerScaling" label={f.inverse} size="xs" />
      </Group>
    </Stack>
  );
}

export function DeviceFields() {
  return (
    <div className={classes.fields}>
      <SelectAt path="device.backend" label={f.backend} data={f.backends} />
      <NumberAt path="device.threads" label={f.threads} nullable placeholder={f.threadsNote} by={1} />
    </div>
  );
}

export function AdvancedFields() {
  return (
    <Stack gap="sm">
      <div className={classes.fields}>
        <NumberAt path="optimizer.beta1" label={f.beta1} />
        <NumberAt path="optimizer.beta2" label={f.beta2} />
        <NumberAt path="optimizer.epsilon" label={f.epsilon} />
        <NumberAt path="optimizer.weightDecay" label={f.weightDecay} />
        <NumberAt path="optimizer.clip" label={f.clip} title={f.clipNote} />
        <SelectAt path="schedule.warmupForm" label={f.warmupForm} data={f.warmupForms} />
        <NumberAt path="seed" label={f.seed} by={1} />
        <NumberAt path="logEvery" label={f.logEvery} suffix={f.steps_} by={1} />
      </div>
      <SwitchAt path="optimizer.decayEmbeddings" label={f.decayEmbeddings} size="xs" />
    </Stack>
  );
}
