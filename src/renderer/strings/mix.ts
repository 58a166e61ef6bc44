export const mix = {
  title: 'Mix',
  add: 'Mix in a dataset',
  addNote: 'Training then draws from both, as often as their weights say',
  none: 'There is no other dataset that is ready.',
  gone: 'It is not in this library, or not ready.',
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
    `Of any stretch of rows each dataset gets its share exactly. The validation loss is that of ${dataset}, the first; each other is measured beside it.`,
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
