/** Further datasets that the run draws from, with their weights as shares of the whole and passes over each. */
import { ActionIcon, Button, Menu, Stack, Table, Text, Tooltip } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import type { DatasetSummary } from '../../../shared/api.ts';
import { epochsOver, isMix, mixShares } from '../../../shared/mix.ts';
import { Truncated } from '../../components/text.tsx';
import { formatEpochs, formatShare } from '../../lib/format.ts';
import { t } from '../../strings.ts';
import { NumberAt, useForm } from './form-context.tsx';
import { mixCandidates, withDataset, withoutDataset } from './lib/mix.ts';
import classes from './mix.module.css';

const texts = t.mix;

export function MixFields({ datasets }: { datasets: readonly DatasetSummary[] }) {
  const { draft, errors, set } = useForm();
  const candidates = mixCandidates(draft, datasets);
  const nameOf = (folder: string) => datasets.find((d) => d.folder === folder)?.name ?? folder;
  if (draft.dataset === '') return null;
  const shares = mixShares(draft);
  const sound = shares.every(({ weight }) => weight > 0);
  return (
    <Stack gap="xs" align="flex-start">
      {isMix(draft) && (
        <Table aria-label={texts.title} layout="fixed" verticalSpacing={4} className={classes.mix}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{texts.columns.dataset}</Table.Th>
              <Table.Th w={118}>{texts.columns.weight}</Table.Th>
              <Table.Th w={70}>{texts.columns.share}</Table.Th>
              <Table.Th w={76} title={texts.epochsNote}>
                {texts.columns.epochs}
              </Table.Th>
              <Table.Th w={44} aria-label={texts.columns.rest} />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shares.map(({ id, dataset, share }, i) => {
              const name = nameOf(dataset);
              const tokens = datasets.find((d) => d.folder === dataset)?.meta?.train.tokens;
              const epochs = tokens ? epochsOver(draft, share, tokens) : Number.NaN;
              const wrong = errors.get(`mix.others.${i - 1}.dataset`);
              return (
                <Table.Tr key={dataset}>
                  <Table.Td>
                    <Truncated size="sm" fw={550}>
                      {name}
                    </Truncated>
                    {wrong && (
                      <Text size="xs" c="var(--mantine-color-error)" role="alert" style={{ overflowWrap: 'anywhere' }}>
                        {wrong}
                      </Text>
                    )}
                  </Table.Td>
                  <Table.Td>
                    <NumberAt
                      path={id === null ? 'mix.weight' : `mix.others.${i - 1}.weight`}
                      aria-label={texts.weightOf(name)}
                      size="xs"
                      by={1}
                    />
                  </Table.Td>
                  <Table.Td className="numbers">{sound ? formatShare(share) : '–'}</Table.Td>
                  <Table.Td className="numbers" title={texts.epochsNote}>
                    {sound && Number.isFinite(epochs) ? formatEpochs(epochs) : '–'}
                  </Table.Td>
                  <Table.Td>
                    {id !== null && (
                      <Tooltip label={texts.remove(name)}>
                        <ActionIcon
                          variant="subtle"
                          color="gray"
                          data-path={`mix.others.${i - 1}.dataset`}
                          aria-label={texts.remove(name)}
                          onClick={() => set('mix', withoutDataset(draft.mix, dataset))}
                        >
                          <IconX size={16} />
                        </ActionIcon>
                      </Tooltip>
                    )}
                  </Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      )}
      <Menu position="bottom-start" width={320} shadow="md">
        <Menu.Target>
          <Button
            size="compact-sm"
            variant="subtle"
            leftSection={<IconPlus size={14} />}
            disabled={candidates.length === 0}
            title={candidates.length === 0 ? texts.none : texts.addNote}
          >
            {texts.add}
          </Button>
        </Menu.Target>
        <Menu.Dropdown mah={360} style={{ overflowY: 'auto' }}>
          {candidates.map(({ dataset, refusal }) => (
            <Menu.Item
              key={dataset.folder}
              disabled={refusal !== null}
              onClick={() => set('mix', withDataset(draft.mix, dataset))}
            >
              <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                {dataset.name}
              </Text>
              {refusal !== null && (
                <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                  {refusal}
                </Text>
              )}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {isMix(draft) && (
        <Text size="xs" c="dimmed">
          {texts.judged(nameOf(draft.dataset))}
        </Text>
      )}
    </Stack>
  );
}
