/** Means of chosen models, or of the revisions in a chosen folder. */

import { Button, Group, Paper, Progress, SegmentedControl, Select, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconSum } from '@tabler/icons-react';
import { useState } from 'react';
import type { ApiError, Output } from '../../../shared/api.ts';
import { runConfig } from '../../../shared/config.ts';
import { type ExportFormat, exportFormat } from '../../../shared/export-layouts.ts';
import type { Progress as JobProgress } from '../../../shared/jobs.ts';
import type { ListedModel } from '../../../shared/models.ts';
import { NumberField } from '../../components/number-field.tsx';
import { Problem, Working } from '../../components/states.tsx';
import { Copyable } from '../../components/text.tsx';
import { asApiError } from '../../door/errors.ts';
import { call } from '../../door/index.ts';
import { formatBytes, formatLoss } from '../../lib/format.ts';
import { tellFailure } from '../../store/action.ts';
import { refresh, useQuery } from '../../store/cache.ts';
import { useJobProgress } from '../../store/job-progress.ts';
import { t } from '../../strings.ts';
import { suggestedMergeName } from '../averages/lib/merge-inputs.ts';
import { type MergeForm as Form, type FormMethod, firstForm, needsLoss, recipeOf } from './lib/recipe.ts';

const texts = t.models.merge;
/** Blocks of the methods that look at losses: both halves together. */
const blocks = 256;

export function MergeForm({ models, dataset }: { models: readonly ListedModel[]; dataset: string | null }) {
  const merged = useQuery('averages.merged', undefined);
  const [form, setForm] = useState<Form>(firstForm);
  const [typed, setTyped] = useState<string | null>(null);
  const [format, setFormat] = useState<ExportFormat>('float32');
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const [result, setResult] = useState<Output<'averages.merge'> | null>(null);
  const change = (changes: Partial<Form>) => setForm((before) => ({ ...before, ...changes }));
  // One folder of revisions is given as it is; of several places each gives one model.
  const single = models.length === 1 && models[0]?.kind === 'trajectory';
  const inputs = single
    ? models.map(({ path }) => path)
    : models.map(({ path, revisions }) => revisions.at(-1)?.path ?? path);
  const taken = merged.data?.models.map(({ name: other }) => other) ?? [];
  const name = typed ?? suggestedMergeName(inputs, taken);
  const recipe = recipeOf(form, dataset, blocks);
  const goodName = runConfig.shape.name.safeParse(name).success && !taken.includes(name);

  const progress = useJobProgress('average', name);

  const start = async () => {
    if (!recipe) return;
    setBusy(true);
    setFailure(null);
    setResult(null);
    try {
      setResult(await call('averages.merge', { name, inputs, folder: null, format, recipe }));
      setTyped(null);
    } catch (error) {
      setFailure(asApiError(error));
    } finally {
      setBusy(false);
      refresh('averages.merged');
    }
  };
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {texts.text}
      </Text>
      <Group align="flex-start" gap="sm">
        <Select
          label={texts.method}
          w={260}
          disabled={busy}
          allowDeselect={false}
          data={Object.entries(texts.methods).map(([value, label]) => ({ value, label }))}
          value={form.method}
          onChange={(method) => method && change({ method: method as FormMethod })}
        />
        {form.method === 'ema' && (
          <NumberField label={texts.beta} value={form.beta} disabled={busy} onChange={(beta) => change({ beta })} />
        )}
        {(form.method === 'interpolate' || form.method === 'slerp') && (
          <NumberField
            label={texts.lambda}
            value={form.lambda}
            disabled={busy}
            onChange={(lambda) => change({ lambda })}
          />
        )}
        <Select
          label={texts.windows}
          w={260}
          disabled={busy}
          allowDeselect={false}
          data={Object.entries(texts.windowKinds).map(([value, label]) => ({ value, label }))}
          value={form.windows}
          onChange={(windows) => windows && change({ windows: windows as Form['windows'] })}
        />
        {form.windows !== 'all' && (
          <NumberField label={texts.k} w={90} value={form.k} disabled={busy} onChange={(k) => change({ k })} />
        )}
        {(form.windows === 'last' || form.windows === 'sliding') && (
          <NumberField
            label={texts.spacing}
            placeholder={texts.spacingHelp}
            w={210}
            value={form.spacing}
            disabled={busy}
            onChange={(spacing) => change({ spacing })}
          />
        )}
      </Group>
      {needsLoss(form.method) && (
        <Text size="sm" c="dimmed">
          {dataset === null ? t.models.evaluate.noDataset : texts.halves}
        </Text>
      )}
      <Group align="flex-end" gap="sm">
        <TextInput
          label={texts.name}
          w={260}
          value={name}
          disabled={busy}
          error={!busy && !goodName}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <SegmentedControl
          aria-label={texts.format}
          value={format}
          disabled={busy}
          onChange={(value) => setFormat(value as ExportFormat)}
          data={[...exportFormat.options]}
        />
        <Button
          leftSection={<IconSum size={16} />}
          loading={busy}
          disabled={!recipe || !goodName || (models.length < 2 && !single)}
          onClick={start}
        >
          {texts.action}
        </Button>
        {busy && (
          <Button variant="default" onClick={() => call('averages.cancel', { subject: name }).catch(tellFailure)}>
            {texts.cancel}
          </Button>
        )}
      </Group>
      {busy && (progress ? <At progress={progress} /> : <Working text={texts.starting} />)}
      {failure && <Problem error={failure} />}
      {result && <Result result={result} />}
    </Stack>
  );
}

function At({ progress: { done, total, unit } }: { progress: JobProgress }) {
  const said = unit === 'bytes' ? texts.progress(formatBytes(done), formatBytes(total)) : texts.evaluating(done, total);
  return (
    <Stack gap={4}>
      <Text size="sm" className="numbers" role="status">
        {said}
      </Text>
      <Progress value={total > 0 ? (100 * done) / total : 0} aria-label={said} />
    </Stack>
  );
}

function Result({ result: { path, outputs, search } }: { result: Output<'averages.merge'> }) {
  if (path === null) return <Text size="sm">{texts.cancelled}</Text>;
  return (
    <Paper p="sm" role="status">
      <Title order={3} mb={6}>
        {texts.written(outputs.length)}
      </Title>
      <Copyable text={path} label={t.common.copyPath} />
      {search && (
        <Text size="sm" mt="xs" className="numbers">
          {texts.found(
            search.chosen,
            formatLoss(search.loss),
            `${formatLoss(search.difference)} ± ${formatLoss(search.standardError)} (${search.verdict})`,
            search.against,
          )}
        </Text>
      )}
    </Paper>
  );
}
