/** The sections of the form. */
import { Group, Select, Stack, Switch, Text, TextInput } from '@mantine/core';
import { type ReactNode, useRef, useState } from 'react';
import type { DatasetSummary, PresetInfo } from '../../../shared/api.ts';
import { architectureNames } from '../../../shared/architecture.ts';
import type { RunConfig } from '../../../shared/config.ts';
import { NumberField } from '../../components/number-field.tsx';
import { Figure } from '../../components/text.tsx';
import { formatCount, formatShort } from '../../lib/format.ts';
import { t } from '../../strings.ts';
import { FitToTime } from './fit-to-time.tsx';
import { FieldAt, useForm } from './form-context.tsx';
import { type Field, type Group as FieldGroup, fieldsOf } from './lib/field-table.ts';
import { tokensPerStep } from './lib/summary.ts';
import { MixFields } from './mix-fields.tsx';
import classes from './new-run.module.css';
import { type DraftState, rescaled } from './use-draft.ts';
import type { SpeedState } from './use-speed.ts';

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
      <MixFields datasets={datasets} />
      {preset && (
        <Text size="xs" c="dimmed">
          {preset.note} <em>{preset.source}</em>
        </Text>
      )}
    </Stack>
  );
}

export function LengthFields({ state, speed }: { state: DraftState; speed: SpeedState }) {
  const { draft, errors } = useForm();
  const [scale, setScale] = useState(true);
  // While the number is typed, everything is scaled from what it was before: no digit rounds anything away.
  const before = useRef(draft);
  const tokens = tokensPerStep(draft);
  const shown = fieldsOf('length', state.depth, draft).filter(({ path }) => path !== 'steps');
  const detailed = state.depth === 'everything';
  return (
    <Stack gap="sm">
      <div className={detailed ? classes.wideFields : classes.fields}>
        <NumberField
          label={f.steps}
          data-path="steps"
          description={detailed ? f.stepsHelp : undefined}
          value={draft.steps}
          error={errors.get('steps')}
          onFocus={() => {
            before.current = draft;
          }}
          onChange={(steps) => state.replace(scale ? rescaled(before.current, steps) : { ...draft, steps })}
        />
        {shown.map((field) => (
          <FieldAt key={field.path} field={field} depth={state.depth} />
        ))}
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
        <FitToTime state={state} speed={speed} />
      </Group>
    </Stack>
  );
}

/** Fields of a group at a depth: numbers and choices in a grid, switches below. `children` stand at the grid's end. */
export function GroupFields({
  state,
  group,
  children,
}: {
  state: DraftState;
  group: FieldGroup;
  children?: ReactNode;
}) {
  const { draft, depth } = state;
  const shown = fieldsOf(group, depth, draft);
  const isSwitch = ({ kind }: Field) => kind === 'switch';
  const switches = shown.filter(isSwitch);
  const grid = depth === 'everything' ? classes.wideFields : group === 'schedule' ? classes.schedule : classes.fields;
  return (
    <Stack gap="sm">
      <div className={grid}>
        {shown
          .filter((field) => !isSwitch(field))
          .map((field) => (
            <FieldAt key={field.path} field={field} depth={depth} />
          ))}
        {children}
      </div>
      {switches.length > 0 && (
        <div className={classes.switches}>
          {switches.map((field) => (
            <FieldAt key={field.path} field={field} depth={depth} />
          ))}
        </div>
      )}
    </Stack>
  );
}

/** Nothing where it is GPT-2, as presets are. */
export function Architecture({ config: { model } }: { config: RunConfig }) {
  if (!model.architecture) return null;
  return (
    <Figure label={t.newRun.architecture}>
      {architectureNames[model.architecture.kind]}
      <Text size="xs" c="dimmed" fw={400}>
        {t.newRun.architectureNote}
      </Text>
    </Figure>
  );
}

export function Vocabulary({ config }: { config: RunConfig }) {
  return (
    <Figure label={f.vocabulary}>
      {formatCount(config.model.vocabSize)}
      <Text size="xs" c="dimmed" fw={400}>
        {config.model.architecture ? t.newRun.architectureNote : f.vocabularyNote}
      </Text>
    </Figure>
  );
}
