/** Sample: the same prompt and seed for raw weights, averages and written models, side by side. */
import { Button, Select, Text } from '@mantine/core';
import { IconMessage2 } from '@tabler/icons-react';
import { Link, useLocation } from 'wouter';
import { Page } from '../../components/page.tsx';
import { Empty, Problem, Waiting } from '../../components/states.tsx';
import { routes } from '../../lib/routes.ts';
import { useQuery } from '../../store/cache.ts';
import { useRunMetrics } from '../../store/run-metrics.ts';
import { t } from '../../strings.ts';
import { averageIds } from '../run/lib/loss-lines.ts';
import { isTraining } from '../runs/lib/run-state.ts';
import { choices, columnName, firstColumns } from './lib/columns.ts';
import classes from './sample.module.css';
import { SampleDesk } from './sample-desk.tsx';

const texts = t.sample;

/** @param run whose weights to sample, @param model or the folder of a model of its own; neither: to be chosen */
export function SamplePage({ run, model }: { run: string | null; model: string | null }) {
  const runs = useQuery('runs.list', undefined);
  const merged = useQuery('averages.merged', undefined);
  const [, navigate] = useLocation();
  const error = runs.error ?? merged.error;
  if (!runs.data || !merged.data)
    return <Page title={texts.title}>{error ? <Problem error={error} onRetry={runs.refetch} /> : <Waiting />}</Page>;
  const models = merged.data.models.filter(({ layout }) => layout === 'huggingface');
  const known = model === null || models.some(({ path }) => path === model);
  const value = run !== null ? `run ${run}` : model !== null ? `model ${model}` : null;
  const data = [
    { group: texts.runs, items: runs.data.map(({ name }) => ({ value: `run ${name}`, label: name })) },
    { group: texts.models, items: models.map(({ path, name }) => ({ value: `model ${path}`, label: name })) },
    {
      group: texts.other,
      items:
        known || model === null
          ? []
          : [{ value: `model ${model}`, label: columnName({ kind: 'model', path: model }, '') }],
    },
  ].filter(({ items }) => items.length > 0);
  const choose = data.length > 0 && (
    <Select
      className={classes.choose}
      aria-label={texts.run}
      placeholder={texts.choose}
      searchable
      allowDeselect={false}
      value={value}
      data={data}
      onChange={(key) => {
        if (!key) return;
        const [kind, rest] = [key.slice(0, key.indexOf(' ')), key.slice(key.indexOf(' ') + 1)];
        navigate(kind === 'run' ? routes.sampleOf(rest) : routes.sampleModel(rest));
      }}
    />
  );
  return (
    <Page title={texts.title} aside={choose}>
      {data.length === 0 && (
        <Empty
          icon={IconMessage2}
          title={texts.none.title}
          actions={
            <Button component={Link} href={routes.newRun}>
              {texts.none.action}
            </Button>
          }
        >
          {texts.none.text}
        </Empty>
      )}
      {data.length > 0 && value === null && (
        <Text size="sm" c="dimmed">
          {texts.pick}
        </Text>
      )}
      {run !== null && <OfRun key={run} name={run} />}
      {model !== null && (
        <SampleDesk
          key={model}
          run={null}
          groups={choices(null, known ? models : [...models, { ...unknownModel, path: model }])}
          first={firstColumns(null, model)}
          training={false}
        />
      )}
    </Page>
  );
}

/** A model that no list here has: only its folder is known. */
const unknownModel = {
  name: '',
  kind: 'merge',
  layout: 'huggingface',
  bytes: 0,
  createdAt: '',
  of: null,
  step: null,
  recipe: null,
  dtype: null,
  loss: null,
} as const;

function OfRun({ name }: { name: string }) {
  const { data: run, error, refetch } = useQuery('runs.get', { name });
  const state = useQuery('averages.state', run && run.status !== 'broken' ? { name } : null);
  const merged = useQuery('averages.merged', undefined);
  const { series } = useRunMetrics(name);
  if (!run) return error ? <Problem error={error} onRetry={refetch} /> : <Waiting />;
  if (run.status === 'broken')
    return <Problem error={{ code: 'run-broken', message: texts.broken, next: run.problem ?? '' }} />;
  if (!state.data || !series)
    return state.error ? <Problem error={state.error} onRetry={state.refetch} /> : <Waiting />;
  // One that another process trains answers from its newest checkpoint.
  const training = isTraining(run.status) && run.job !== null;
  const saved = run.checkpoints.at(-1);
  // A run that trains has what watches it; a stopped one what its newest checkpoint holds.
  const ids = training
    ? averageIds(
        series,
        run.config.policies.map(({ id }) => id),
      )
    : (saved?.averages ?? []);
  if (!training && !saved)
    return (
      <Text size="sm" c="dimmed">
        {texts.noWeights}
      </Text>
    );
  const best = run.bestAverage !== null && ids.includes(run.bestAverage.id) ? run.bestAverage.id : null;
  return (
    <SampleDesk
      run={run.name}
      groups={choices({ ids, models: state.data.models }, merged.data?.models ?? [])}
      first={firstColumns({ ids, best }, null)}
      training={training}
    />
  );
}
