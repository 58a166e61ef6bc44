/** The first rows that this run will train on: its dataset, seed and block size. */
import { Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Problem, Working } from '../../components/states.tsx';
import { TokenRows } from '../../components/token-rows.tsx';
import { useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import type { DraftState } from './use-draft.ts';

const texts = t.newRun.batch;
/** A row more says little; each is a block. */
const rows = 3;
/** Milliseconds without a key before a worker is asked. */
const patience = 700;

export function FirstBatch({ state }: { state: DraftState }) {
  const { dataset, draft } = state;
  const { blockSize } = draft.model;
  const tokens = dataset?.meta?.train.tokens ?? 0;
  const fits = dataset !== null && Number.isInteger(blockSize) && blockSize > 0 && blockSize < tokens;
  const whole = Number.isInteger(draft.seed) && Number.isInteger(draft.batch.microBatch) && draft.batch.microBatch > 0;
  const wanted =
    fits && whole
      ? { name: dataset.name, blockSize, rows: Math.min(rows, draft.batch.microBatch), seed: draft.seed }
      : null;
  const [asked] = useDebouncedValue(wanted && JSON.stringify(wanted), patience);
  const input = asked === null ? null : (JSON.parse(asked) as NonNullable<typeof wanted>);
  const { data, error, refetch } = useQuery('datasets.preview', wanted === null ? null : input);
  if (wanted === null)
    return (
      <Text size="sm" c="dimmed">
        {dataset === null ? texts.noDataset : texts.notYet}
      </Text>
    );
  if (error) return <Problem error={error} onRetry={refetch} />;
  if (!data) return <Working text={t.common.loading} />;
  return <TokenRows rows={data.rows} />;
}
