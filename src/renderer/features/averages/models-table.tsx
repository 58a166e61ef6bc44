/** Written models: sorted by any column, shown in their folder, sampled from, deleted. */
import { ActionIcon, Group, Menu, Table, Text, Tooltip, UnstyledButton } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import {
  IconChevronDown,
  IconChevronUp,
  IconCopy,
  IconDots,
  IconFolder,
  IconMessage2,
  IconTrash,
} from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { Link } from 'wouter';
import type { WrittenModel } from '../../../shared/averages.ts';
import type { EvaluationLine } from '../../../shared/metrics.ts';
import { Confirm } from '../../components/confirm.tsx';
import { Truncated } from '../../components/text.tsx';
import { call } from '../../door/index.ts';
import { formatBytes, formatCount, formatLoss, formatWhen } from '../../lib/format.ts';
import { routes } from '../../lib/routes.ts';
import { tellFailure } from '../../store/action.ts';
import { refresh, useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import classes from './averages.module.css';
import {
  type ModelColumn,
  type ModelRow,
  modelColumns,
  modelRows,
  pressed,
  type Sorting,
  sortedModels,
} from './lib/models.ts';

const texts = t.averages.models;
const heads: Readonly<Record<ModelColumn, string>> = {
  name: texts.name,
  of: texts.of,
  step: texts.step,
  bytes: texts.size,
  loss: texts.loss,
  createdAt: texts.when,
};
const numeric: ReadonlySet<ModelColumn> = new Set(['step', 'bytes', 'loss']);
const none: readonly EvaluationLine[] = [];

export function ModelsTable({
  run,
  models,
  evaluations = none,
  version = 0,
  label,
}: {
  /** null: merges of models of others. */
  run: string | null;
  models: readonly WrittenModel[];
  evaluations?: readonly EvaluationLine[];
  version?: number;
  label: string;
}) {
  const [sorting, setSorting] = useState<Sorting>({ by: 'createdAt', down: true });
  const [removing, setRemoving] = useState<WrittenModel | null>(null);
  const info = useQuery('app.info', undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: evaluations grow in place; the version says when.
  const rows = useMemo(
    () => sortedModels(modelRows(models, evaluations), sorting),
    [models, evaluations, version, sorting],
  );
  if (models.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {texts.none}
      </Text>
    );
  const reveal = info.data?.capabilities.reveal ?? false;
  return (
    <>
      <div className={classes.wide}>
        <Table fz="sm" className="numbers" aria-label={label} miw={600} horizontalSpacing={7}>
          <Table.Thead>
            <Table.Tr>
              {modelColumns.map((column) => (
                <Table.Th
                  key={column}
                  ta={numeric.has(column) ? 'right' : undefined}
                  aria-sort={sorting.by === column ? (sorting.down ? 'descending' : 'ascending') : undefined}
                >
                  <UnstyledButton
                    fz="sm"
                    fw={600}
                    aria-label={texts.sort(heads[column])}
                    onClick={() => setSorting(pressed(sorting, column))}
                  >
                    <Group component="span" gap={3} wrap="nowrap" display="inline-flex">
                      {heads[column]}
                      {sorting.by === column &&
                        (sorting.down ? <IconChevronDown size={14} /> : <IconChevronUp size={14} />)}
                    </Group>
                  </UnstyledButton>
                </Table.Th>
              ))}
              <Table.Th w={76} />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Row key={row.path} row={row} reveal={reveal} onRemove={() => setRemoving(row)} />
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <Confirm
        opened={removing !== null}
        onClose={() => setRemoving(null)}
        title={texts.removeTitle(removing?.name ?? '')}
        action={texts.removeAction}
        onConfirm={async () => {
          await call('averages.delete', { run, path: removing?.path as string });
          refresh('averages.', 'runs.get');
        }}
      >
        {removing && texts.removeText(formatBytes(removing.bytes), removing.path)}
      </Confirm>
    </>
  );
}

function Row({ row, reveal, onRemove }: { row: ModelRow; reveal: boolean; onRemove: () => void }) {
  const { path, name } = row;
  const clipboard = useClipboard();
  return (
    <Table.Tr>
      <Table.Td maw={180}>
        <Truncated size="sm">{name}</Truncated>
        {row.recipe !== null && row.recipe !== 'raw' && (
          <Truncated size="xs" c="dimmed">
            {row.recipe}
          </Truncated>
        )}
      </Table.Td>
      <Table.Td>
        <Text size="sm">{row.of ?? '–'}</Text>
        <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
          {[row.kind === 'window' ? null : texts.kinds[row.kind], texts.layouts[row.layout], row.dtype]
            .filter(Boolean)
            .join(', ')}
        </Text>
      </Table.Td>
      <Table.Td ta="right">{row.step === null ? '–' : formatCount(row.step)}</Table.Td>
      <Table.Td ta="right" style={{ whiteSpace: 'nowrap' }}>
        {formatBytes(row.bytes)}
      </Table.Td>
      <Table.Td ta="right">{row.loss === null ? '–' : formatLoss(row.loss)}</Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>{formatWhen(row.createdAt, new Date())}</Table.Td>
      <Table.Td>
        <Group gap={2} wrap="nowrap" justify="flex-end">
          {row.layout === 'huggingface' && (
            <Tooltip label={texts.sample(name)}>
              <ActionIcon
                component={Link}
                href={routes.sampleModel(path)}
                variant="subtle"
                color="gray"
                aria-label={texts.sample(name)}
              >
                <IconMessage2 size={16} />
              </ActionIcon>
            </Tooltip>
          )}
          <Menu position="bottom-end" width={190}>
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" aria-label={texts.more(name)}>
                <IconDots size={16} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              {reveal && (
                <Menu.Item
                  leftSection={<IconFolder size={16} />}
                  onClick={() => call('shell.reveal', { path }).catch(tellFailure)}
                >
                  {t.common.reveal}
                </Menu.Item>
              )}
              <Menu.Item leftSection={<IconCopy size={16} />} onClick={() => clipboard.copy(path)}>
                {t.common.copyPath}
              </Menu.Item>
              <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={onRemove}>
                {texts.removeAction}
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
