/** Which documents are prepared, and in which order: all as they come, unless something else is asked for. */
import { Accordion, SimpleGrid, Stack, Switch } from '@mantine/core';
import { documentFilters, type PrepareConfig, prepareConfig } from '../../../shared/dataset.ts';
import { NumberField } from '../../components/number-field.tsx';
import { t } from '../../strings.ts';

export type Choices = Pick<PrepareConfig, 'dedup' | 'shuffle' | 'filters'>;
type Filter = keyof Choices['filters'];

const fields: readonly { filter: Filter; isShare: boolean }[] = [
  { filter: 'minCharacters', isShare: false },
  { filter: 'maxCharacters', isShare: false },
  { filter: 'minLetters', isShare: true },
  { filter: 'maxRepeatedLines', isShare: true },
];

const seedIsGood = (seed: Choices['shuffle']) => prepareConfig.shape.shuffle.safeParse(seed).success;
const isGood = (filter: Filter, value: number | null) => documentFilters.shape[filter].safeParse(value).success;

/** Whether a preparation takes them: a field that cannot be read is NaN. */
export const choicesAreGood = ({ shuffle, filters }: Choices) =>
  seedIsGood(shuffle) && fields.every(({ filter }) => isGood(filter, filters[filter]));

export function ChoiceFields({ value, onChange }: { value: Choices; onChange: (value: Choices) => void }) {
  const texts = t.datasets.choices;
  const { dedup, shuffle, filters } = value;
  return (
    <Accordion variant="contained" order={3}>
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
              {fields.map(({ filter, isShare }) => {
                const found = filters[filter];
                const scale = isShare ? 100 : 1;
                return (
                  <NumberField
                    key={filter}
                    label={texts[filter]}
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
            </SimpleGrid>
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}
