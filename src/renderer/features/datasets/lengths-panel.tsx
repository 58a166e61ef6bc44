/** Documents of a dataset by length: how many of each size, and the shortest and longest by name. */
import { SimpleGrid, Stack, Table, Text } from '@mantine/core';
import type { DocumentLengths } from '../../../shared/dataset.ts';
import { ScrollBox } from '../../components/scroll-box.tsx';
import { Truncated } from '../../components/text.tsx';
import { formatBytes, formatCount, formatShort } from '../../lib/format.ts';
import { t } from '../../strings.ts';
import classes from './datasets.module.css';
import { lengthBars } from './lib/lengths.ts';

const texts = t.datasets.lengths;
/** Pixels of the tallest bar; its two lines of text take the rest. */
const tallest = 72;

export function LengthsPanel({ lengths }: { lengths: DocumentLengths | undefined }) {
  if (!lengths || lengths.shortest.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {texts.unknown}
      </Text>
    );
  const bars = lengthBars(lengths);
  return (
    <Stack gap="sm">
      <div className={classes.bars} role="img" aria-label={texts.bars}>
        {bars.map(({ label, count, share }) => (
          <div key={label} className={classes.bar} title={texts.bar(label, formatCount(count))}>
            <b>{count > 0 ? formatShort(count) : ''}</b>
            <div style={{ height: count === 0 ? 0 : Math.max(2, tallest * share) }} />
            <span>{texts.from(label)}</span>
          </div>
        ))}
      </div>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
        <Documents title={texts.shortest} documents={lengths.shortest} />
        <Documents title={texts.longest} documents={lengths.longest} />
      </SimpleGrid>
    </Stack>
  );
}

function Documents({ title, documents }: { title: string; documents: DocumentLengths['shortest'] }) {
  return (
    <div>
      <Text size="xs" c="dimmed" mb={2}>
        {title}
      </Text>
      <ScrollBox label={title} className={classes.scroll}>
        <Table fz="xs" verticalSpacing={3} layout="fixed" className="numbers">
          <Table.Tbody>
            {documents.map(({ name, bytes }, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: entries of an archive may share a name; the place is its rank.
              <Table.Tr key={i}>
                <Table.Td>
                  <Truncated size="xs">{name}</Truncated>
                </Table.Td>
                <Table.Td w={80} ta="right">
                  {formatBytes(bytes)}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollBox>
    </div>
  );
}
