/** Models of others, where they lie: looked at, measured, merged, sampled from, trained on from. */
import { Button, Group, Paper, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconBox, IconFolderPlus } from '@tabler/icons-react';
import { useState } from 'react';
import type { ApiError } from '../../../shared/api.ts';
import { Page } from '../../components/page.tsx';
import { Empty, Problem, Waiting, Working } from '../../components/states.tsx';
import { asApiError } from '../../door/errors.ts';
import { call } from '../../door/index.ts';
import { refresh, useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { EvaluatePanel } from './evaluate-panel.tsx';
import { MergeForm } from './merge-form.tsx';
import { PlaceRow } from './place-row.tsx';

const texts = t.models;

export function ModelsPage() {
  const models = useQuery('models.list', undefined);
  const datasets = useQuery('datasets.list', undefined);
  const info = useQuery('app.info', undefined);
  const [path, setPath] = useState('');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [dataset, setDataset] = useState<string | null>(null);

  const perform = async (work: () => Promise<unknown>): Promise<void> => {
    setBusy(true);
    setFailure(null);
    try {
      await work();
    } catch (error) {
      setFailure(asApiError(error));
    } finally {
      setBusy(false);
      refresh('models.list');
    }
  };
  const add = (from: string) =>
    perform(async () => {
      await call('models.add', { path: from });
      setPath('');
    });
  const toggle = (at: string) =>
    setChosen((before) => {
      const after = new Set(before);
      if (!after.delete(at)) after.add(at);
      return after;
    });

  if (!models.data || !datasets.data)
    return (
      <Page title={texts.title}>
        {models.error ? <Problem error={models.error} onRetry={models.refetch} /> : <Waiting />}
      </Page>
    );
  const selected = models.data.filter((model) => chosen.has(model.path) && !model.missing);
  const ready = datasets.data.filter(({ status }) => status === 'ready');
  const folder = dataset ?? ready[0]?.folder ?? null;
  return (
    <Page title={texts.title}>
      <Text size="sm" c="dimmed">
        {texts.text}
      </Text>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void add(path.trim());
        }}
      >
        <Group align="flex-end" gap="xs">
          <TextInput
            style={{ flex: 1, minWidth: 260 }}
            label={texts.path}
            placeholder={texts.pathPlaceholder}
            value={path}
            spellCheck={false}
            onChange={(event) => setPath(event.currentTarget.value)}
          />
          <Button type="submit" disabled={busy || path.trim() === ''}>
            {texts.add}
          </Button>
          {info.data?.capabilities.dialogs && (
            <Button
              variant="default"
              disabled={busy}
              leftSection={<IconFolderPlus size={16} />}
              onClick={() =>
                perform(async () => {
                  for (const one of await call('dialog.open', { kind: 'folder' }))
                    await call('models.add', { path: one });
                })
              }
            >
              {texts.choose}
            </Button>
          )}
        </Group>
      </form>
      {busy && <Working text={texts.looking} />}
      {failure && <Problem error={failure} />}
      {models.data.length === 0 ? (
        <Empty icon={IconBox} title={texts.none.title}>
          {texts.none.text}
        </Empty>
      ) : (
        <>
          <Paper p="xs">
            <Stack component="ul" gap={0} m={0} p={0} style={{ listStyle: 'none' }} aria-label={texts.list}>
              {models.data.map((model) => (
                <PlaceRow
                  key={model.path}
                  model={model}
                  selected={chosen.has(model.path)}
                  busy={busy}
                  onSelect={() => toggle(model.path)}
                  onAgain={() => void perform(() => call('models.add', { path: model.path }))}
                  onRemove={() => void perform(() => call('models.remove', { path: model.path }))}
                />
              ))}
            </Stack>
          </Paper>
          {selected.length === 0 ? (
            <Text size="sm" c="dimmed">
              {texts.pick}
            </Text>
          ) : (
            <>
              <Paper p="md" component="section" aria-labelledby="measure">
                <Title order={2} id="measure" mb="xs">
                  {texts.evaluate.title}
                </Title>
                <EvaluatePanel models={selected} datasets={ready} folder={folder} onDataset={setDataset} />
              </Paper>
              <Paper p="md" component="section" aria-labelledby="merge">
                <Title order={2} id="merge" mb="xs">
                  {texts.merge.title}
                </Title>
                <MergeForm models={selected} dataset={folder} />
              </Paper>
            </>
          )}
        </>
      )}
    </Page>
  );
}
