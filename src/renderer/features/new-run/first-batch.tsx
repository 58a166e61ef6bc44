/** The first rows that this run will train on: its dataset, seed and block size. */
import { Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { datasetsOf, isMix } from '../../../shared/mix.ts';
import { Problem, Working } from '../../components/states.tsx';
import { TokenRows } from '../../components/token-rows.tsx';
import { useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import type { DraftState } from './use-draft.ts';

const texts = t.newRun.batch;
/** A row more says little; each is a block. */
const rows = 3;
/** Of a mix: enough to see most of its datasets. */
const mixedRows = 6;
/** Milliseconds without a key before a worker is asked. */
const patience = 700;

export function FirstBatch({ state, nameOf }: { state: DraftState; nameOf: (folder: string) => string }) {
  const { dataset, draft, checked } = state;
  const mixWrong = [...checked.errors.keys()].some((path) => path.startsWith('mix.'));
  const { blockSize } = draft.model;
  const tokens = dataset?.meta?.train.tokens ?? 0;
  const fits = dataset !== null && Number.isInteger(blockSize) && blockSize > 0 && blockSize < tokens;
  const shown = isMix(draft) ? mixedRows : rows;
  const whole =
    !mixWrong && Number.isInteger(draft.seed) && Number.isInteger(draft.batch.microBatch) && draft.batch.microBatch > 0;
  const wanted =
    fits && whole
      ? {
          name: dataset.name,
          blockSize,
          rows: Math.min(shown, draft.batch.microBatch),
          seed: draft.seed,
          sampling: draft.sampling,
          mix: draft.mix,
        }
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
  const folders = datasetsOf(draft);
  const labels = data.rows.map(({ member }, row) => t.mix.rowOf(row + 1, nameOf(folders[member])));
  return <TokenRows rows={data.rows} labels={isMix(draft) ? labels : undefined} />;
}
