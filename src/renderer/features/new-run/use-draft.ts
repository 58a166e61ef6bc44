/** The draft of the next run: made by a preset for a dataset, changed field by field, kept while other pages are open. */
import { useCallback, useEffect, useMemo, useState } from 'react';
import type { DatasetSummary, RunSummary } from '../../../shared/api.ts';
import type { RunConfig } from '../../../shared/config.ts';
import { withSteps } from '../../../shared/fit.ts';
import { findPreset, presetConfig, presets } from '../../../shared/presets.ts';
import { defaultSettings, withUserDefaults } from '../../../shared/settings.ts';
import { freeName } from '../../lib/drop.ts';
import { known } from '../../store/cache.ts';
import { checkDraft, type Path, withValue } from './lib/draft.ts';

interface State {
  readonly preset: string;
  readonly draft: RunConfig;
  /** The preset as it is for this dataset. */
  readonly base: RunConfig;
  /** The user chose the name: do not suggest another. */
  readonly named: boolean;
  /** Hours that the length was fitted to, until it is changed by hand. */
  readonly fitted: number | null;
}

/** Vocabularies to show sizes with before a dataset is chosen. */
const usualVocabulary = { gpt2: 50_257, characters: 65, bytes: 257 };
/** Stands in for a folder until a dataset is chosen; the schema wants one. */
const noFolder = '-';

let kept: State | null = null;

function fresh(preset: string, dataset: DatasetSummary | null, taken: readonly string[]): State {
  const { title, tokenizer } = findPreset(preset);
  const plain = presetConfig(preset, {
    name: freeName(dataset ? dataset.name : title, taken),
    dataset: dataset?.meta
      ? { folder: dataset.folder, tokenizer: dataset.meta.tokenizer }
      : { folder: noFolder, tokenizer: { vocabSize: usualVocabulary[tokenizer] } },
  });
  const made = withUserDefaults(plain, known('settings.get', undefined) ?? defaultSettings);
  const base = dataset?.meta ? made : { ...made, dataset: '' };
  return { preset, base, draft: base, named: false, fitted: null };
}

export function useDraft(datasets: readonly DatasetSummary[] | undefined, runs: readonly RunSummary[] | undefined) {
  const taken = useMemo(() => runs?.map((run) => run.name) ?? [], [runs]);
  const [state, setState] = useState<State>(() => kept ?? fresh('quickstart', null, taken));
  useEffect(() => {
    kept = state;
  }, [state]);

  const datasetOf = useCallback((folder: string) => datasets?.find((d) => d.folder === folder) ?? null, [datasets]);
  const dataset = datasetOf(state.draft.dataset);

  const remake = (preset: string, chosen: DatasetSummary | null) => {
    const next = fresh(preset, chosen, taken);
    setState((before) =>
      before.named ? { ...next, named: true, draft: { ...next.draft, name: before.draft.name } } : next,
    );
  };

  return {
    ...state,
    dataset,
    taken,
    checked: useMemo(() => checkDraft(state.draft, taken), [state.draft, taken]),
    set: useCallback((path: Path, value: unknown) => {
      setState((before) => ({
        ...before,
        draft: withValue(before.draft, path, value),
        named: before.named || path === 'name',
        fitted: path.startsWith('policies') || path === 'name' || path.startsWith('checkpoints') ? before.fitted : null,
      }));
    }, []),
    replace: useCallback((draft: RunConfig, fitted: number | null = null) => {
      setState((before) => ({ ...before, draft, fitted }));
    }, []),
    choosePreset: (preset: string) => remake(preset, dataset),
    chooseDataset: (chosen: DatasetSummary) => {
      if (state.draft.dataset === '') {
        remake(state.preset, chosen);
        return;
      }
      // Another dataset changes the vocabulary and nothing else that the user may have set.
      const base = fresh(state.preset, chosen, taken).base;
      setState((before) => ({
        ...before,
        base,
        draft: {
          ...before.draft,
          name: before.named ? before.draft.name : base.name,
          dataset: base.dataset,
          model: {
            ...before.draft.model,
            vocabSize: base.model.vocabSize,
            paddedVocabSize: base.model.paddedVocabSize,
          },
        },
      }));
    },
    /** Fills in everything from a run's configuration, under a free name. */
    takeFrom: useCallback(
      (config: RunConfig) => {
        const preset = presets.some(({ id }) => id === config.preset) ? (config.preset as string) : 'quickstart';
        const found = datasetOf(config.dataset);
        const base = fresh(preset, found?.status === 'ready' ? found : null, taken).base;
        const draft = { ...config, preset, name: freeName(config.name, taken) };
        setState({ preset, base, draft, named: true, fitted: null });
      },
      [datasetOf, taken],
    ),
    reset: () => remake(state.preset, dataset),
    /** For after the run was made: the next draft starts anew. */
    forget: () => {
      kept = null;
    },
  };
}

export type DraftState = ReturnType<typeof useDraft>;

/** The draft over another number of steps, everything counted in steps along with it. */
export function rescaled(draft: RunConfig, steps: number): RunConfig {
  return Number.isInteger(steps) && steps > 0 && draft.steps > 0 ? withSteps(draft, steps) : { ...draft, steps };
}
