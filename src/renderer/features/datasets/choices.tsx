/** Which documents are prepared, in which order, on how many threads: as they come, unless something else is asked for. */
import { Accordion, SimpleGrid, Stack, Switch } from '@mantine/core';
import { useState } from 'react';
import { NumberField } from '../../components/number-field.tsx';
import { t } from '../../strings.ts';
import {
  asksForSomething,
  type Choices,
  choicesAreGood,
  filterIsGood,
  filters as kinds,
  seedIsGood,
  threadsAreGood,
} from './lib/choices.ts';

/** Folded away until something is asked for; open while a field is wrong. */
export function ChoiceFields({ value, onChange }: { value: Choices; onChange: (value: Choices) => void }) {
  const texts = t.datasets.choices;
  const { dedup, shuffle, filters, threads } = value;
  const [open, setOpen] = useState(() => asksForSomething(value));
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
              {kinds.map(({ filter, isShare, note }) => {
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
                    error={filterIsGood(filter, found) ? null : isShare ? texts.shareBad : texts.charactersBad}
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
