/** Rows of tokens: the text of each beside its id. */
import { SimpleGrid, Stack, Text } from '@mantine/core';
import { formatCount } from '../lib/format.ts';
import { t } from '../strings.ts';
import { ScrollBox } from './scroll-box.tsx';
import classes from './token-rows.module.css';

export interface TokenRow {
  readonly ids: readonly number[];
  readonly pieces: readonly string[];
}

/** More of a row would be slow to draw and nobody reads it. */
const shown = 256;

export function TokenRows({ rows, labels }: { rows: readonly TokenRow[]; labels?: readonly string[] }) {
  const texts = t.datasets.preview;
  return (
    <Stack gap="xs">
      {rows.map(({ ids, pieces }, row) => {
        const label = labels?.[row] ?? texts.row(row + 1);
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place in the batch.
          <div key={row}>
            <Text size="xs" c="dimmed" mb={2} className="numbers">
              {label}
              {ids.length > shown && ` · ${texts.firstOf(formatCount(shown), formatCount(ids.length))}`}
            </Text>
            <SimpleGrid cols={{ base: 1, md: 2 }} spacing="xs">
              <ScrollBox className={classes.batch} label={`${label}: ${texts.text}`}>
                {pieces.slice(0, shown).map((piece, i) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a position is a token's identity here.
                  <span key={i} className={classes.piece} title={String(ids[i])}>
                    {piece.replaceAll('\n', '↵\n')}
                  </span>
                ))}
              </ScrollBox>
              <ScrollBox className={classes.batch} label={`${label}: ${texts.ids}`}>
                {ids.slice(0, shown).join(' ')}
              </ScrollBox>
            </SimpleGrid>
          </div>
        );
      })}
    </Stack>
  );
}
