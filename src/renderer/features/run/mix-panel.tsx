/** The datasets of a mix: how often each is drawn, how far the run is through it, and its losses. */
import { Paper, Table, Text, Title } from '@mantine/core';
import type { RunDetail } from '../../../shared/api.ts';
import { epochsOver, isMix, mixLoss, mixShares } from '../../../shared/mix.ts';
import type { RunSeries } from '../../../shared/series.ts';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { Truncated } from '../../components/text.tsx';
import { formatEpochs, formatLoss, formatShare } from '../../lib/format.ts';
import { useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import classes from './run.module.css';

const texts = t.mix.run;
const loss = (value: number | null | undefined): string => (value == null ? '–' : formatLoss(value));
/** Of a path of any system. */
const folderName = (path: string): string => path.split(/[\\/]/).at(-1) ?? path;

export function MixPanel({
  run,
  series,
  ids,
}: {
  run: RunDetail;
  series: RunSeries | null;
  version: number;
  ids: readonly string[];
}) {
  const { config } = run;
  const { data: datasets } = useQuery('datasets.list', isMix(config) ? undefined : null);
  if (!isMix(config)) return null;
  const line = series?.evaluations.at(-1) ?? null;
  const measured = ids.filter((id) => line?.averages[id]);
  const all = ['raw', ...measured];
  const lossOf = (id: string | null, of: string) =>
    id !== null ? line?.others?.[id]?.[of] : of === 'raw' ? line?.raw : line?.averages[of]?.loss;
  return (
    <Paper component="section" aria-label={texts.title}>
      <Title order={2} mb={2}>
        {texts.title}
      </Title>
      <Text size="xs" c="dimmed" mb="sm">
        {texts.note}
      </Text>
      <ScrollBox label={texts.table} className={classes.mix}>
        <Table fz="sm" verticalSpacing={6} className="numbers" miw={360 + 90 * all.length}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t.mix.columns.dataset}</Table.Th>
              <Table.Th ta="right">{t.mix.columns.share}</Table.Th>
              <Table.Th ta="right" title={texts.epochsNote}>
                {t.mix.columns.epochs}
              </Table.Th>
              {all.map((of) => (
                <Table.Th key={of} ta="right">
                  {of === 'raw' ? texts.raw : of}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {mixShares(config).map(({ id, dataset, share }) => {
              const found = datasets?.find((d) => d.folder === dataset);
              const tokens = found?.meta?.train.tokens;
              return (
                <Table.Tr key={dataset}>
                  <Table.Td maw={260}>
                    <Truncated size="sm">{found?.name ?? folderName(dataset)}</Truncated>
                  </Table.Td>
                  <Table.Td ta="right">{formatShare(share)}</Table.Td>
                  <Table.Td ta="right" title={texts.epochsNote}>
                    {tokens ? formatEpochs(epochsOver({ ...config, steps: run.step }, share, tokens)) : '–'}
                  </Table.Td>
                  {all.map((of) => (
                    <Table.Td key={of} ta="right">
                      {loss(lossOf(id, of))}
                    </Table.Td>
                  ))}
                </Table.Tr>
              );
            })}
            <Table.Tr title={texts.wholeNote} fw={600}>
              <Table.Td colSpan={3}>{texts.whole}</Table.Td>
              {all.map((of) => (
                <Table.Td key={of} ta="right">
                  {loss(line && mixLoss(config, line, of))}
                </Table.Td>
              ))}
            </Table.Tr>
          </Table.Tbody>
        </Table>
      </ScrollBox>
    </Paper>
  );
}
