/** Datasets: from files to tokens, and from tokens to batches. */
export { evaluationBlocks, MixSampler, readBlocks, trainingBatch } from './batch.ts';
export { openDataset } from './dataset.ts';
export { prepareDataset } from './prepare.ts';
export type { PrepareHooks } from './prepare-hooks.ts';
export { prepareLimits } from './prepare-hooks.ts';
export { datasetPreview } from './preview.ts';
export type { MixedDataset, RunData } from './run-data.ts';
export { fingerprintsOf, openRunData, runSampler } from './run-data.ts';
export { scanSources } from './scan.ts';
export type { Batch, Dataset, Tokenizer, TokenSource } from './source.ts';
export { preparingSpeed } from './speed.ts';
export { loadTokenizer } from './tokenizers/load.ts';
