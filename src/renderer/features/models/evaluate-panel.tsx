/** Losses of chosen models on one dataset. */
import { Button, Group, Select, Stack, Table, Text } from '@mantine/core';
import { useState } from 'react';
import type { ApiError, DatasetSummary, Output } from '../../../shared/api.ts';
import type { ListedModel } from '../../../shared/models.ts';
import { NumberField } from '../../components/number-field.tsx';
import { Problem, Working } from '../../components/states.tsx';
import { Truncated } from '../../components/text.tsx';
import { asApiError } from '../../door/errors.ts';
import { call } from '../../door/index.ts';
import { formatLoss } from '../../lib/format.ts';
import { tellFailure } from '../../store/action.ts';
import { t } from '../../strings.ts';
import { lastPart } from '../averages/lib/merge-inputs.ts';

const texts = t.models.evaluate;

export function EvaluatePanel({
  models,
  datasets,
  folder,
  onDataset,
}: {
  models: readonly ListedModel[];
  datasets: readonly DatasetSummary[];
  /** Of the dataset that is chosen. */
  folder: string | null;
  onDataset: (folder: string | null) => void;
}) {
  const [blocks, setBlocks] = useState(256);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const [found, setFound] = useState<Output<'models.evaluate'> | null>(null);
  const start = async () => {
    if (folder === null) return;
    setBusy(true);
    setFailure(null);
    setFound(null);
    try {
      const paths = models.map(({ path, revisions }) => revisions.at(-1)?.path ?? path);
      setFound(await call('models.evaluate', { paths, dataset: folder, blocks }));
    } catch (error) {
      setFailure(asApiError(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {texts.text}
      </Text>
      {datasets.length === 0 ? (
        <Text size="sm">{texts.noDataset}</Text>
      ) : (
        <Group align="flex-end" gap="xs">
          <Select
            label={texts.dataset}
            data={datasets.map(({ name, folder: value }) => ({ value, label: name }))}
            value={folder}
            allowDeselect={false}
            disabled={busy}
            onChange={onDataset}
          />
          <NumberField label={texts.blocks} value={blocks} w={110} disabled={busy} onChange={setBlocks} />
          <Button loading={busy} disabled={!(Number.isInteger(blocks) && blocks > 0)} onClick={start}>
            {texts.action}
          </Button>
          {busy && (
            <Button variant="default" onClick={() => call('models.cancelEvaluation', undefined).catch(tellFailure)}>
              {t.common.cancel}
            </Button>
          )}
        </Group>
      )}
      {busy && <Working text={texts.working} />}
      {failure && <Problem error={failure} />}
      {found?.length === 0 && <Text size="sm">{texts.cancelled}</Text>}
      {found && found.length > 0 && (
        <div style={{ overflowX: 'auto' }}>
          <Table fz="sm" className="numbers" aria-label={texts.table} miw={560}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{texts.model}</Table.Th>
                <Table.Th ta="right">{texts.loss}</Table.Th>
                <Table.Th ta="right">{texts.perplexity}</Table.Th>
                <Table.Th ta="right">{texts.bits}</Table.Th>
                <Table.Th ta="right">{texts.difference}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {found.map((row, i) => (
                <Table.Tr key={row.of}>
                  <Table.Td maw={260}>
                    <Truncated size="sm">{lastPart(row.of)}</Truncated>
                  </Table.Td>
                  <Table.Td ta="right">{formatLoss(row.loss)}</Table.Td>
                  <Table.Td ta="right">{row.perplexity === null ? '–' : row.perplexity.toPrecision(4)}</Table.Td>
                  <Table.Td ta="right">{row.bitsPerByte === null ? '–' : row.bitsPerByte.toFixed(3)}</Table.Td>
                  <Table.Td ta="right">
                    {i === 0 ? '–' : `${formatLoss(row.difference)} ± ${formatLoss(row.standardError)}`}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
    </Stack>
  );
}
