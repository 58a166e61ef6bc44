/** Where the first weights come from. */
import { Select, Text, TextInput } from '@mantine/core';
import type { RunSummary } from '../../../shared/api.ts';
import type { RunConfig } from '../../../shared/config.ts';
import { useQuery } from '../../store/cache.ts';
import { t } from '../../strings.ts';
import { useForm } from './form-context.tsx';
import classes from './new-run.module.css';

const texts = t.newRun.init;
type Init = RunConfig['init'];

export function InitFields({ runs }: { runs: readonly RunSummary[] }) {
  const { draft, errors, set } = useForm();
  const { init } = draft;
  const trained = runs.filter(({ step, status }) => step > 0 && status !== 'broken');
  const choose = (from: string | null): void => {
    const choices: Readonly<Record<string, Init>> = {
      random: { from: 'random' },
      model: { from: 'model', path: '' },
      checkpoint: { from: 'checkpoint', run: trained[0]?.name ?? '', step: trained[0]?.step ?? 0, purpose: 'continue' },
    };
    if (from) set('init', choices[from]);
  };
  return (
    <div className={classes.init}>
      <div className={classes.wideFields}>
        <Select
          label={texts.from}
          description={texts.fromHelp}
          data-path="init"
          data={Object.entries(texts.kinds)
            .filter(
              ([value]) => value === init.from || (value === 'checkpoint' ? trained.length > 0 : value !== 'rescue'),
            )
            .map(([value, label]) => ({ value, label }))}
          value={init.from}
          onChange={choose}
          allowDeselect={false}
        />
        {init.from === 'model' && (
          <TextInput
            label={texts.path}
            description={texts.pathHelp}
            data-path="init.path"
            value={init.path}
            error={errors.get('init.path')}
            onChange={(event) => set('init.path', event.currentTarget.value)}
            spellCheck={false}
          />
        )}
        {init.from === 'checkpoint' && <CheckpointFields init={init} runs={trained} />}
      </div>
      {init.from === 'rescue' && (
        <Text size="xs" c="dimmed" mt={6}>
          {texts.rescueNote(init.run, init.snapshots.join(', '))}
        </Text>
      )}
      {init.from === 'checkpoint' && (
        <Text size="xs" c="dimmed" mt={6}>
          {texts.checkpointNote}
        </Text>
      )}
    </div>
  );
}

function CheckpointFields({
  init,
  runs,
}: {
  init: Extract<Init, { from: 'checkpoint' }>;
  runs: readonly RunSummary[];
}) {
  const { errors, set } = useForm();
  const detail = useQuery('runs.get', init.run === '' ? null : { name: init.run });
  const steps = [...new Set([...(detail.data?.checkpoints.map(({ step }) => step) ?? []), init.step])];
  return (
    <>
      <Select
        label={texts.run}
        data-path="init.run"
        data={[...new Set([...runs.map(({ name }) => name), init.run])]}
        value={init.run}
        error={errors.get('init.run')}
        onChange={(name) => {
          const run = runs.find((other) => other.name === name);
          if (run) set('init', { ...init, run: run.name, step: run.step });
        }}
        allowDeselect={false}
        searchable
      />
      <Select
        label={texts.step}
        data-path="init.step"
        data={steps.sort((a, b) => b - a).map(String)}
        value={String(init.step)}
        error={errors.get('init.step')}
        onChange={(step) => step && set('init.step', Number(step))}
        allowDeselect={false}
      />
      <Select
        label={texts.purpose}
        description={texts.purposeHelp}
        data-path="init.purpose"
        data={Object.entries(texts.purposes).map(([value, label]) => ({ value, label }))}
        value={init.purpose}
        onChange={(purpose) => purpose && set('init.purpose', purpose)}
        allowDeselect={false}
      />
    </>
  );
}
