/** What a dataset holds: its text beside its tokens, the first batch, documents by length, files. */
import { Stack, Tabs, Text } from '@mantine/core';
import type { DatasetMeta } from '../../../shared/dataset.ts';
import { Problem, Working } from '../../components/states.tsx';
import { type TokenRow, TokenRows } from '../../components/token-rows.tsx';
import { formatCount } from '../../lib/format.ts';
import { useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { LengthsPanel } from './lengths-panel.tsx';
import { Report } from './report.tsx';

const blockSize = 64;
const texts = t.datasets.preview;

export function Inside({ name, meta }: { name: string; meta: DatasetMeta }) {
  const { report } = meta;
  return (
    <Tabs defaultValue="text" keepMounted={false}>
      <Tabs.List>
        <Tabs.Tab value="text">{texts.tabs.text}</Tabs.Tab>
        <Tabs.Tab value="batch">{texts.tabs.batch}</Tabs.Tab>
        <Tabs.Tab value="documents">{texts.tabs.documents}</Tabs.Tab>
        {report && <Tabs.Tab value="files">{texts.tabs.files}</Tabs.Tab>}
      </Tabs.List>
      <Tabs.Panel value="text" pt="sm">
        <Tokens
          name={name}
          meta={meta}
          note={texts.openingNote}
          pick={({ opening }) => [opening]}
          labels={[texts.opening]}
        />
      </Tabs.Panel>
      <Tabs.Panel value="batch" pt="sm">
        <Text size="sm" fw={600} mb={2}>
          {texts.title}
        </Text>
        <Tokens name={name} meta={meta} note={texts.note(String(blockSize))} pick={({ rows }) => rows} />
      </Tabs.Panel>
      <Tabs.Panel value="documents" pt="sm">
        <LengthsPanel lengths={report?.lengths} />
      </Tabs.Panel>
      {report && (
        <Tabs.Panel value="files" pt="sm">
          <Stack gap="xs">
            {(report.duplicates ?? 0) > 0 && (
              <Text size="xs" c="dimmed">
                {(report.deduplicated ? texts.deduplicated : texts.duplicates)(formatCount(report.duplicates ?? 0))}
              </Text>
            )}
            {(Object.entries(report.filtered ?? {}) as [keyof typeof texts.filters, number][]).map(([filter, n]) => (
              <Text key={filter} size="xs" c="dimmed">
                {texts.filtered(formatCount(n), texts.filters[filter])}
              </Text>
            ))}
            {(report.leftOut ?? 0) > 0 && (
              <Text size="xs" c="dimmed">
                {texts.leftOut(formatCount(report.leftOut ?? 0))}
              </Text>
            )}
            <Report report={report} />
          </Stack>
        </Tabs.Panel>
      )}
    </Tabs>
  );
}

function Tokens({
  name,
  meta,
  note,
  pick,
  labels,
}: {
  name: string;
  meta: DatasetMeta;
  note: string;
  pick: (preview: { rows: TokenRow[]; opening: TokenRow }) => TokenRow[];
  labels?: readonly string[];
}) {
  // A very short text still has a row.
  const block = Math.max(1, Math.min(blockSize, meta.train.tokens - 1));
  const { data, error, refetch } = useQuery('datasets.preview', { name, blockSize: block, rows: 3, seed: 1337 });
  if (error) return <Problem error={error} onRetry={refetch} />;
  if (!data) return <Working text={t.common.loading} />;
  return (
    <Stack gap="xs">
      <Text size="xs" c="dimmed">
        {note}
      </Text>
      <TokenRows rows={pick(data)} labels={labels} />
    </Stack>
  );
}
