/** Jobs on models of others, in this process: found, measured, merged by formulas and by losses. */
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reading, someWeights, temporaryFolder } from '../../engine/checkpoint/fixture.ts';
import { writeModelFolder } from '../../engine/checkpoint/model-folder.ts';
import { SafetensorsReader } from '../../engine/checkpoint/safetensors.ts';
import { parameterTable } from '../../engine/model/table.ts';
import { modelConfig } from '../../shared/config.ts';
import { prepareConfig } from '../../shared/dataset.ts';
import type { JobResult, JobSpec } from '../../shared/jobs.ts';
import { runJob } from './index.ts';

const run = (job: JobSpec): Promise<JobResult> =>
  runJob(job, { report: () => {}, signal: new AbortController().signal, onCommand: () => {} });

let root: string;
let dataset: string;
/** −3, +3 and +30 times one direction: the mean of the first two knows nothing, which is better than what they know. */
let models: string[];
beforeAll(async () => {
  root = await temporaryFolder();
  dataset = join(root, 'dataset');
  await writeFile(join(root, 'text.txt'), 'a quick brown fox jumps over the lazy dog. '.repeat(60));
  const prepared = await run({
    kind: 'prepare',
    folder: dataset,
    config: prepareConfig.parse({
      name: 'text',
      sources: [join(root, 'text.txt')],
      tokenizer: 'characters',
      split: { by: 'tail', fraction: 0.4 },
    }),
  });
  const { vocabSize } = prepared.dataset!.tokenizer;
  const model = modelConfig.parse({ blockSize: 8, vocabSize, layers: 1, heads: 2, width: 8, bias: true });
  const table = parameterTable(model);
  const direction = someWeights(table, vocabSize, 2);
  await mkdir(join(root, 'trajectory'));
  models = [];
  for (const [i, by] of [-3, 3, 30].entries()) {
    const path = join(root, 'trajectory', `step${1000 * (i + 1)}`);
    const vector = direction.map((x) => by * x);
    const read = reading(vector);
    await writeModelFolder(path, { model, table, read, dtype: 'float32', tokenizer: null, metadata: {} });
    models.push(path);
  }
});
afterAll(() => rm(root, { recursive: true }));

test('a path is looked at: a trajectory, a model, something else', async () => {
  const { place } = await run({ kind: 'inspect-model', path: join(root, 'trajectory') });
  expect(place).toMatchObject({ kind: 'trajectory', architecture: 'gpt2', model: { layers: 1, width: 8 } });
  expect(place?.revisions.map(({ step }) => step)).toEqual([1000, 2000, 3000]);
  expect((await run({ kind: 'inspect-model', path: models[0] })).place).toMatchObject({ kind: 'model', revisions: [] });
  await expect(run({ kind: 'inspect-model', path: join(root, 'text.txt') })).rejects.toMatchObject({
    code: 'model-missing',
  });
});

test('losses on a dataset of the same vocabulary; another one is refused with the reason', async () => {
  const { evaluations } = await run({ kind: 'evaluate-models', paths: models, dataset, blocks: 16 });
  expect(evaluations?.map(({ of }) => of)).toEqual(models);
  expect(evaluations![2].loss).toBeGreaterThan(evaluations![0].loss);
  const other = join(root, 'other');
  const model = modelConfig.parse({ blockSize: 8, vocabSize: 11, layers: 1, heads: 2, width: 8 });
  const table = parameterTable(model);
  const read = reading(someWeights(table, 11, 1));
  await writeModelFolder(other, { model, table, read, dtype: 'float32', tokenizer: null, metadata: {} });
  await expect(run({ kind: 'evaluate-models', paths: [other], dataset, blocks: 16 })).rejects.toMatchObject({
    code: 'not-comparable',
    message: expect.stringMatching(/its vocabulary has 11 ids and that of the dataset "text" \d+/),
  });
});

test('a sliding mean over a folder, one output for each step, equal to the direct means', async () => {
  const target = join(root, 'sliding');
  const recipe = {
    method: { kind: 'uniform' },
    windows: { kind: 'sliding', k: 2, spacing: null },
    precision: 'float32',
    hashes: true,
  } as const;
  const result = await run({
    kind: 'average',
    inputs: [join(root, 'trajectory')],
    target,
    format: 'float32',
    recipe,
  });
  expect(result.outputs?.map((path) => basename(path))).toEqual(['step-00002000', 'step-00003000']);
  const direct = join(root, 'direct');
  await run({ kind: 'average', inputs: models.slice(1), target: direct, format: 'float32' });
  expect(await tensors(join(target, 'step-00003000'))).toEqual(await tensors(direct));
});

async function tensors(folder: string): Promise<Record<string, number[]>> {
  const file = await SafetensorsReader.open(join(folder, 'model.safetensors'));
  const found: Record<string, number[]> = {};
  for (const { name, elements } of file.tensors.values()) found[name] = [...(await file.floats(name, 0, elements))];
  await file.close();
  return found;
}

const judged = { dataset: '', blocks: 32 };
const merge = (inputs: string[], name: string, method: object) =>
  run({
    kind: 'average',
    inputs,
    target: join(root, name),
    format: 'float32',
    recipe: { method: { ...judged, dataset, ...method } as never, windows: null, precision: 'float32', hashes: false },
  });

test('λ by losses: near the middle of two that lie around a better one, reported on the other half', async () => {
  const { search } = await merge(models.slice(0, 2), 'searched', { kind: 'search', evaluations: 8 });
  const lambda = Number(/^λ = (.*)$/.exec(search!.chosen)![1]);
  expect(lambda).toBeGreaterThan(0.2);
  expect(lambda).toBeLessThan(0.8);
  expect(search!.tried.length).toBeLessThanOrEqual(8);
  expect(search!.difference).toBeLessThan(0);
  // What was written has the loss that was reported on the second half, up to how a half of the blocks is told.
  const direct = join(root, 'lambda');
  await run({
    kind: 'average',
    inputs: models.slice(0, 2),
    target: direct,
    format: 'float32',
    recipe: { method: { kind: 'interpolate', lambda }, windows: null, precision: 'float32', hashes: false },
  });
  expect(await tensors(join(root, 'searched'))).toEqual(await tensors(direct));
});

test('greedy soup leaves out what harms; where nothing helps, nothing is written', async () => {
  const { search } = await merge(models, 'soup', { kind: 'soup' });
  expect(search!.chosen).toBe('step1000 + step2000');
  expect(search!.verdict).toBe('better');
  const same = join(root, 'same');
  await cp(models[0], same, { recursive: true });
  await expect(merge([models[0], same], 'none', { kind: 'soup' })).rejects.toMatchObject({ code: 'no-gain' });
});
