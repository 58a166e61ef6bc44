/** What a preparation is asked for beside split and tokenizer. A field that cannot be read is NaN. */
import { documentFilters, type PrepareConfig, prepareConfig, prepareThreads } from '../../../../shared/dataset.ts';

export interface Choices extends Pick<PrepareConfig, 'dedup' | 'shuffle' | 'filters'> {
  /** undefined: as many as pay. */
  readonly threads?: number;
}
type Filter = keyof Choices['filters'];

/** In the order in which they are shown; shares are shown as percentages. */
export const filters: readonly {
  readonly filter: Filter;
  readonly isShare: boolean;
  readonly note?: 'minLettersNote' | 'maxRepeatedLinesNote';
}[] = [
  { filter: 'minCharacters', isShare: false },
  { filter: 'maxCharacters', isShare: false },
  { filter: 'minLetters', isShare: true, note: 'minLettersNote' },
  { filter: 'maxRepeatedLines', isShare: true, note: 'maxRepeatedLinesNote' },
];

/** Those of an earlier try, or none. */
export const startingChoices = (initial: PrepareConfig | null): Choices => ({
  dedup: initial?.dedup ?? false,
  shuffle: initial?.shuffle ?? null,
  filters: initial?.filters ?? documentFilters.parse({}),
});

export const seedIsGood = (seed: Choices['shuffle']) => prepareConfig.shape.shuffle.safeParse(seed).success;
export const threadsAreGood = (threads: Choices['threads']) => prepareThreads.optional().safeParse(threads).success;
export const filterIsGood = (filter: Filter, value: number | null) =>
  documentFilters.shape[filter].safeParse(value).success;

/** Whether a preparation takes them. */
export const choicesAreGood = (choices: Choices) =>
  seedIsGood(choices.shuffle) &&
  threadsAreGood(choices.threads) &&
  filters.every(({ filter }) => filterIsGood(filter, choices.filters[filter]));

/** Whether any differs from what is done unasked. */
export const asksForSomething = (choices: Choices) =>
  choices.dedup ||
  choices.shuffle !== null ||
  choices.threads !== undefined ||
  Object.values(choices.filters).some((value) => value !== null);
