/** The first batch of a dataset: text beside ids. */
import { SimpleGrid, Stack, Text } from '@mantine/core';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { Problem, Working } from '../../components/states.tsx';
import { useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import classes from './datasets.module.css';

const blockSize = 64;

export function Preview({ name }: { name: string }) {
  const texts = t.datasets.preview;
  const { data, error, refetch } = useQuery('datasets.preview', { name, blockSize, rows: 3, seed: 1337 });
  if (error) return <Problem error={error} onRetry={refetch} />;
  if (!data) return <Working text={t.common.loading} />;
  return (
    <Stack gap="xs">
      <Text size="sm" fw={600}>
        {texts.title}
      </Text>
      <Text size="xs" c="dimmed">
        {texts.note(String(blockSize))}
      </Text>
      {data.rows.map(({ ids, pieces }, row) => (
        <div key={ids.join()}>
          <Text size="xs" c="dimmed" mb={2}>
            {texts.row(row + 1)}
          </Text>
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xs">
            <ScrollBox className={classes.batch} label={`${texts.row(row + 1)}: ${texts.text}`}>
              {pieces.map((piece, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: a position is a token's identity here.
                <span key={i} className={classes.piece} title={String(ids[i])}>
                  {piece.replaceAll('\n', '↵\n')}
                </span>
              ))}
            </ScrollBox>
            <ScrollBox className={classes.batch} label={`${texts.row(row + 1)}: ${texts.ids}`}>
              {ids.join(' ')}
            </ScrollBox>
          </SimpleGrid>
        </div>
      ))}
    </Stack>
  );
}
