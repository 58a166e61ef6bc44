/** Which documents are prepared, in which order and on how many threads: all as they come, unless something else is asked for. */
import { Accordion, SimpleGrid, Stack, Switch } from '@mantine/core';
import { useState } from 'react';
import { documentFilters, type PrepareConfig, prepareConfig, prepareThreads } from '../../../shared/dataset.ts';
import { NumberField } from '../../components/number-field.tsx';
import { t } from '../../strings.ts';

export interface Choices extends Pick<PrepareConfig, 'dedup' | 'shuffle' | 'filters'> {
  /** undefined: as many as pay. */
  readonly threads?: number;
}
type Filter = keyof Choices['filters'];

const fields: readonly { filter: Filter; isShare: boolean; note?: 'minLettersNote' | 'maxRepeatedLinesNote' }[] = [
  { filter: 'minCharacters', isShare: false },
  { filter: 'maxCharacters', isShare: false },
  { filter: 'minLetters', isShare: true, note: 'minLettersNote' },
  { filter: 'maxRepeatedLines', isShare: true, note: 'maxRepeatedLinesNote' },
];

const seedIsGood = (seed: Choices['shuffle']) => prepareConfig.shape.shuffle.safeParse(seed).success;
const threadsAreGood = (threads: Choices['threads']) => prepareThreads.optional().safeParse(threads).success;
const isGood = (filter: Filter, value: number | null) => documentFilters.shape[filter].safeParse(value).success;

/** Whether a preparation takes them: a field that cannot be read is NaN. */
export const choicesAreGood = ({ shuffle, filters, threads }: Choices) =>
  seedIsGood(shuffle) && threadsAreGood(threads) && fields.every(({ filter }) => isGood(filter, filters[filter]));

/** Whether any differs from what is done unasked. */
const asked = ({ dedup, shuffle, filters, threads }: Choices) =>
  dedup || shuffle !== null || threads !== undefined || Object.values(filters).some((value) => value !== null);

/** Folded away until something is asked for; open while a field is wrong. */
export function ChoiceFields({ value, onChange }: { value: Choices; onChange: (value: Choices) => void }) {
  const texts = t.datasets.choices;
  const { dedup, shuffle, filters, threads } = value;
  const [open, setOpen] = useState(() => asked(value));
  return (
    <Accordion
      variant="contained"
      order={3}
      value={open || !choicesAreGood(value) ? 'choices' : null}
      onChange={(item) => setOpen(item !== null)}
    >
      <Accordion.Item value="choices">
        <Accordion.Control>{texts.title}</Accordion.Control>
        <Accordion.Panel>
          <Stack>
            <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xl" verticalSpacing="md">
              <Switch
                label={texts.dedup}
                description={texts.dedupNote}
                checked={dedup}
                onChange={(event) => onChange({ ...value, dedup: event.currentTarget.checked })}
              />
              <Stack gap="xs">
                <Switch
                  label={texts.shuffle}
                  description={texts.shuffleNote}
                  checked={shuffle !== null}
                  onChange={(event) => onChange({ ...value, shuffle: event.currentTarget.checked ? 1 : null })}
                />
                {shuffle !== null && (
                  <NumberField
                    label={texts.seed}
                    value={shuffle}
                    by={1}
                    error={seedIsGood(shuffle) ? null : texts.seedBad}
                    onChange={(seed) => onChange({ ...value, shuffle: seed })}
                  />
                )}
              </Stack>
              {fields.map(({ filter, isShare, note }) => {
                const found = filters[filter];
                const scale = isShare ? 100 : 1;
                return (
                  <NumberField
                    key={filter}
                    label={texts[filter]}
                    description={note && texts[note]}
                    placeholder={texts.any}
                    suffix={isShare ? '%' : texts.characters}
                    value={found === null ? Number.NaN : Number((found * scale).toPrecision(12))}
                    error={isGood(filter, found) ? null : isShare ? texts.shareBad : texts.charactersBad}
                    onChange={(number, text) =>
                      onChange({
                        ...value,
                        filters: { ...filters, [filter]: text.trim() === '' ? null : number / scale },
                      })
                    }
                  />
                );
              })}
              <NumberField
                label={texts.threads}
                description={texts.threadsNote}
                placeholder={texts.automatic}
                value={threads ?? Number.NaN}
                error={threadsAreGood(threads) ? null : texts.threadsBad}
                onChange={(number, text) => onChange({ ...value, threads: text.trim() === '' ? undefined : number })}
              />
            </SimpleGrid>
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}
