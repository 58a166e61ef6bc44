/** A sweep: fields and their values, the runs that come of them, what they cost, and one button that queues them. */
import { ActionIcon, Button, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useLocation } from 'wouter';
import { type RunConfig, runConfig } from '../../../shared/config.ts';
import { type SweepField, sweepFields, sweepValueText } from '../../../shared/sweep-fields.ts';
import { call } from '../../door/index.ts';
import { formatSetting } from '../../lib/format.ts';
import { routes } from '../../lib/routes.ts';
import { useAction } from '../../store/action.ts';
import { refresh, useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { groupedFields, planSweep, type ReadRow, type Row, readRow } from './lib/sweep-form.ts';
import classes from './sweep.module.css';
import { SweepPreview } from './sweep-preview.tsx';

const texts = t.sweep;

/** Mounted while it is open. `like`: name of the run that the base is of; null for the form of a new run. */
export function SweepDialog({ base, like, onClose }: { base: RunConfig; like: string | null; onClose: () => void }) {
  const runs = useQuery('runs.list', undefined);
  const [name, setName] = useState(base.name);
  const [rows, setRows] = useState<readonly Row[]>([{ id: 0, field: 'schedule.peak', text: '' }]);
  const [, navigate] = useLocation();
  const { busy, run: act } = useAction();
  const named = useMemo(() => ({ ...base, name: name.trim() }), [base, name]);
  const fields = useMemo(() => sweepFields(base), [base]);
  const taken = useMemo(() => runs.data?.map((run) => run.name) ?? [], [runs.data]);
  const read = useMemo(() => rows.map((row) => readRow(row, fields)), [rows, fields]);
  const plan = useMemo(() => planSweep(named, read, taken), [named, read, taken]);
  const nameProblem = runConfig.shape.name.safeParse(named.name).success ? null : texts.nameBad;
  const ready = plan.sound && nameProblem === null && read.every((row) => row.problem === null);

  const change = (id: number, next: Partial<Row>) =>
    setRows((before) => before.map((row) => (row.id === id ? { ...row, ...next } : row)));
  const start = () =>
    void act(async () => {
      const made = await call('runs.sweep', { base: named, axes: [...plan.axes] });
      refresh('runs.');
      onClose();
      navigate(routes.runs);
      notifications.show({ message: texts.done(made.length) });
    });
  return (
    <Modal
      opened
      onClose={onClose}
      title={like === null ? texts.titleNew : texts.title(like)}
      size="lg"
      styles={{ title: { overflowWrap: 'anywhere' } }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) start();
        }}
      >
        <Stack>
          <Text size="sm" c="dimmed">
            {texts.text}
          </Text>
          {rows.map((row, i) => (
            <AxisRow
              key={row.id}
              row={row}
              read={read[i]!}
              fields={fields}
              taken={rows.filter((other) => other.id !== row.id).map((other) => other.field)}
              first={i === 0}
              onChange={(next) => change(row.id, next)}
              onRemove={
                rows.length > 1 ? () => setRows((before) => before.filter((other) => other.id !== row.id)) : undefined
              }
            />
          ))}
          <Notes base={base} read={read} />
          <Group>
            <Button
              variant="subtle"
              size="compact-sm"
              leftSection={<IconPlus size={14} />}
              onClick={() =>
                setRows((before) => [
                  ...before,
                  { id: Math.max(...before.map((r) => r.id)) + 1, field: null, text: '' },
                ])
              }
            >
              {texts.add}
            </Button>
          </Group>
          <TextInput
            label={texts.name}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={nameProblem}
          />
          <SweepPreview plan={plan} read={read} runs={runs.data ?? []} like={like} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t.common.cancel}
            </Button>
            <Button type="submit" loading={busy} disabled={!ready}>
              {texts.start(plan.runs.length)}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function AxisRow({
  row,
  read,
  fields,
  taken,
  first,
  onChange,
  onRemove,
}: {
  row: Row;
  read: ReadRow;
  fields: readonly SweepField[];
  /** Fields of the other rows. */
  taken: readonly (string | null)[];
  first: boolean;
  onChange: (next: Partial<Row>) => void;
  onRemove?: () => void;
}) {
  const groups = groupedFields(fields.filter(({ field }) => !taken.includes(field)));
  const { field } = read;
  const hint = field === null ? '' : hintOf(field);
  return (
    <div className={classes.axis}>
      <Select
        label={first ? texts.field : undefined}
        aria-label={texts.field}
        placeholder={texts.chooseField}
        data={[
          { group: texts.often, items: groups.often },
          { group: texts.all, items: groups.all },
        ]}
        value={row.field}
        onChange={(next) => onChange({ field: next, text: '' })}
        searchable
        maxDropdownHeight={280}
      />
      <TextInput
        label={first ? texts.values : undefined}
        aria-label={field === null ? texts.values : `${texts.values}: ${field.field}`}
        placeholder={hint}
        value={row.text}
        disabled={field === null}
        onChange={(event) => onChange({ text: event.currentTarget.value })}
        error={read.problem}
        autoComplete="off"
        spellCheck={false}
        className="numbers"
        rightSection={
          field && row.text === '' ? (
            <Text size="xs" c="dimmed" component="span">
              {texts.now(sweepValueText(field.value))}
            </Text>
          ) : undefined
        }
        rightSectionWidth={field && row.text === '' ? 40 + 7 * sweepValueText(field.value).length : undefined}
        rightSectionPointerEvents="none"
        data-autofocus={first || undefined}
      />
      {onRemove && (
        <ActionIcon
          variant="subtle"
          color="gray"
          mt={first ? 29 : 5}
          data-remove
          aria-label={texts.remove(field?.field ?? texts.field)}
          onClick={onRemove}
        >
          <IconX size={16} />
        </ActionIcon>
      )}
    </div>
  );
}

const hintOf = (field: SweepField): string =>
  field.kind === 'choice' ? texts.hints.choice(field.choices.map(String).join(', ')) : texts.hints[field.kind];

/** What stays while a field that others lean on changes. */
function Notes({ base, read }: { base: RunConfig; read: readonly ReadRow[] }) {
  const swept = new Set(read.map((row) => row.field?.field));
  const notes = [
    swept.has('steps') ? texts.stepsNote : null,
    swept.has('schedule.peak') && !swept.has('schedule.min') && base.schedule.min > 0
      ? texts.minNote(formatSetting(base.schedule.min))
      : null,
  ].filter((note) => note !== null);
  if (notes.length === 0) return null;
  return (
    <Text size="xs" c="dimmed">
      {notes.join(' ')}
    </Text>
  );
}
