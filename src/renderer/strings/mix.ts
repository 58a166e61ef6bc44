export const mix = {
  title: 'Mix',
  add: 'Mix in a dataset',
  addNote: 'Training then draws from both, as often as their weights say',
  none: 'There is no other dataset that is ready.',
  gone: 'It is not in this library, or not ready.',
  /** The run’s own dataset, among the weights of a mix. */
  own: 'own',
  columns: {
    dataset: 'Dataset',
    weight: 'Weight',
    share: 'Share',
    epochs: 'Epochs',
    rest: 'Remove',
  },
  epochsNote: 'Passes that this run makes over the training text of the dataset',
  weightOf: (dataset: string) => `Weight of ${dataset}`,
  remove: (dataset: string) => `Take ${dataset} out of the mix`,
  judged: (dataset: string) =>
    `Each dataset gives exactly its share of the rows. The validation loss is that of ${dataset}, the first; the others are measured beside it.`,
  rowOf: (row: number, dataset: string) => `Row ${row} · ${dataset}`,
  run: {
    title: 'Datasets of the mix',
    note: 'Losses of the latest evaluation, on each dataset’s own validation blocks. The first dataset’s are those of the chart.',
    raw: 'Raw',
    whole: 'By share',
    wholeNote: 'Mean over the datasets, each by its share',
    epochsNote: 'Passes over the training text so far',
    table: 'Losses by dataset',
  },
};
