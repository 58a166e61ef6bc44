/** The draft of the next run: made by a preset for a dataset, changed field by field, kept while other pages are open. */
import { useCallback, useEffect, useMemo, useState } from 'react';
import type { DatasetSummary, RunSummary } from '../../../shared/api.ts';
import type { MixMember, RunConfig } from '../../../shared/config.ts';
import { withSteps } from '../../../shared/fit.ts';
import { shapeFrom } from '../../../shared/models.ts';
import { findPreset, presetConfig, presets } from '../../../shared/presets.ts';
import { defaultSettings, withUserDefaults } from '../../../shared/settings.ts';
import { freeName } from '../../lib/drop.ts';
import { known } from '../../store/cache.ts';
import { withoutChange } from './lib/changes.ts';
import { checkDraft, type Path, withValue } from './lib/draft.ts';
import { type Depth, depths } from './lib/field-table.ts';
import { mixErrors, withoutDataset } from './lib/mix.ts';

interface State {
  readonly preset: string;
  readonly draft: RunConfig;
  /** The preset as it is for this dataset. */
  readonly base: RunConfig;
  /** The user chose the name: do not suggest another. */
  readonly named: boolean;
  /** Hours that the length was fitted to, until it is changed by hand. */
  readonly fitted: number | null;
  /** How much of the form is shown. */
  readonly depth: Depth;
}

/** Vocabularies to show sizes with before a dataset is chosen. */
const usualVocabulary = { gpt2: 50_257, characters: 65, bytes: 257 };
/** Stands in for a folder until a dataset is chosen; the schema wants one. */
const noFolder = '-';

let kept: State | null = null;

/** Outlives a reload of the window: the last draft that was right. */
const storageKey = 'meander-new-run';

function restored(): State | null {
  try {
    const { preset, draft, named, depth } = JSON.parse(localStorage.getItem(storageKey) ?? 'null') as State;
    const { recipe } = checkDraft({ ...draft, dataset: '-' }, []);
    if (!recipe || !presets.some(({ id }) => id === preset)) return null;
    const base = fresh(preset, null, []).base;
    const model = { ...base.model, vocabSize: draft.model.vocabSize, paddedVocabSize: paddedAs(draft.model.vocabSize) };
    return {
      preset,
      // What an earlier version did not know has its defaults.
      draft: { ...recipe, name: draft.name, dataset: draft.dataset },
      base: { ...base, model, dataset: draft.dataset },
      named,
      fitted: null,
      depth: depths.includes(depth) ? depth : 'common',
    };
  } catch {
    // There is none, or it is another version's.
    return null;
  }
}

function store(state: State | null): void {
  try {
    if (state === null) localStorage.removeItem(storageKey);
    else if (checkDraft({ ...state.draft, dataset: '-' }, []).recipe)
      localStorage.setItem(storageKey, JSON.stringify({ ...state, base: undefined }));
  } catch {
    // A browser that stores nothing keeps the draft for as long as the window lives.
  }
}

const paddedAs = (vocabSize: number): number | null =>
  presetConfig('quickstart', { name: 'run', dataset: { folder: noFolder, tokenizer: { vocabSize } } }).model
    .paddedVocabSize;

function fresh(
  preset: string,
  dataset: DatasetSummary | null,
  taken: readonly string[],
  depth: Depth = 'common',
): State {
  const { title, tokenizer } = findPreset(preset);
  const plain = presetConfig(preset, {
    name: freeName(dataset ? dataset.name : title, taken),
    dataset: dataset?.meta
      ? { folder: dataset.folder, tokenizer: dataset.meta.tokenizer }
      : { folder: noFolder, tokenizer: { vocabSize: usualVocabulary[tokenizer] } },
  });
  const made = withUserDefaults(plain, known('settings.get', undefined) ?? defaultSettings);
  const base = dataset?.meta ? made : { ...made, dataset: '' };
  return { preset, base, draft: base, named: false, fitted: null, depth };
}

export function useDraft(datasets: readonly DatasetSummary[] | undefined, runs: readonly RunSummary[] | undefined) {
  const taken = useMemo(() => runs?.map((run) => run.name) ?? [], [runs]);
  const [state, setState] = useState<State>(() => kept ?? restored() ?? fresh('quickstart', null, taken));
  useEffect(() => {
    kept = state;
    store(state);
  }, [state]);

  const datasetOf = useCallback((folder: string) => datasets?.find((d) => d.folder === folder) ?? null, [datasets]);
  const dataset = datasetOf(state.draft.dataset);

  const remake = (preset: string, chosen: DatasetSummary | null, mixed = state.draft.mix) => {
    const next = fresh(preset, chosen, taken);
    setState((before) => ({
      ...next,
      depth: before.depth,
      named: before.named,
      draft: { ...next.draft, mix: mixed, ...(before.named ? { name: before.draft.name } : {}) },
    }));
  };
  const mixProblems = useMemo(() => mixErrors(state.draft, datasets), [state.draft, datasets]);

  return {
    ...state,
    dataset,
    taken,
    checked: useMemo(() => checkDraft(state.draft, taken, mixProblems), [state.draft, taken, mixProblems]),
    set: useCallback((path: Path, value: unknown) => {
      setState((before) => ({
        ...before,
        draft: chosen(withValue(before.draft, path, value), path),
        named: before.named || path === 'name',
        fitted: path.startsWith('policies') || path === 'name' || path.startsWith('checkpoints') ? before.fitted : null,
      }));
    }, []),
    replace: useCallback((draft: RunConfig, fitted: number | null = null) => {
      setState((before) => ({ ...before, draft, fitted }));
    }, []),
    choosePreset: (preset: string) => remake(preset, dataset),
    chooseDataset: (chosen: DatasetSummary) => {
      if (state.draft.dataset === '' && state.draft.init.from !== 'model') {
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
          mix: withoutDataset(before.draft.mix, base.dataset),
          model: { ...shapeFrom(base.model, before.draft.model), dropout: before.draft.model.dropout },
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
        setState((before) => ({ preset, base, draft, named: true, fitted: null, depth: before.depth }));
      },
      [datasetOf, taken],
    ),
    /**
     * Fills in everything from a file. Its dataset counts where one of that folder or name is here and ready; then the
     * vocabulary is that dataset's, whatever the file says. Returns the dataset's name as the file has it, where it is not.
     */
    takeFile: useCallback(
      (config: RunConfig): { missing: string | null; vocabulary: boolean } => {
        const preset = presets.some(({ id }) => id === config.preset) ? (config.preset as string) : 'quickstart';
        const ready = datasets?.filter((d) => d.status === 'ready') ?? [];
        const found = ready.find((d) => d.folder === config.dataset) ?? ready.find((d) => d.name === config.dataset);
        const folderOf = ({ dataset }: MixMember) =>
          (ready.find((d) => d.folder === dataset) ?? ready.find((d) => d.name === dataset))?.folder ?? dataset;
        const { base } = fresh(preset, found ?? null, taken);
        const own = found?.meta ? base.model : config.model;
        const vocabulary = own.vocabSize !== config.model.vocabSize;
        const { vocabSize } = own;
        const paddedVocabSize = vocabulary ? own.paddedVocabSize : config.model.paddedVocabSize;
        const draft = {
          ...config,
          preset,
          name: freeName(config.name, taken),
          dataset: found?.folder ?? '',
          mix: { ...config.mix, others: config.mix.others.map((member) => ({ ...member, dataset: folderOf(member) })) },
          model: { ...config.model, vocabSize, paddedVocabSize },
        };
        setState((before) => ({ preset, base, draft, named: true, fitted: null, depth: before.depth }));
        return { missing: found ? null : config.dataset, vocabulary };
      },
      [datasets, taken],
    ),
    undo: useCallback((field: string) => {
      setState((before) => ({ ...before, draft: withoutChange(before.draft, before.base, field), fitted: null }));
    }, []),
    setDepth: useCallback((depth: Depth) => setState((before) => ({ ...before, depth })), []),
    reset: () => remake(state.preset, dataset, state.base.mix),
    /** For after the run was made: the next draft starts anew. */
    forget: () => {
      kept = null;
      store(null);
    },
  };
}

/** A schedule with a cooldown begins with one of the last fifth of the run. */
const chosen = (draft: RunConfig, path: Path): RunConfig =>
  path === 'schedule.kind' && draft.schedule.kind === 'wsd' && draft.schedule.cooldownSteps === 0
    ? withValue(draft, 'schedule.cooldownSteps', Math.round(0.2 * draft.steps))
    : draft;

export type DraftState = ReturnType<typeof useDraft>;

/** The draft over another number of steps, everything counted in steps along with it. */
export function rescaled(draft: RunConfig, steps: number): RunConfig {
  return Number.isInteger(steps) && steps > 0 && draft.steps > 0 ? withSteps(draft, steps) : { ...draft, steps };
}
