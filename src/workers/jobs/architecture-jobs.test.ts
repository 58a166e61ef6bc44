/** GPT-NeoX and Llama folders as Transformers writes them: found, measured, sampled, merged by losses, trained on, exported. */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../engine/checkpoint/fixture.ts';
import { openModelFolder } from '../../engine/checkpoint/model-folder.ts';
import { SafetensorsReader, writeSafetensors } from '../../engine/checkpoint/safetensors.ts';
import { group, readJson, readTensors } from '../../engine/goldens/fixture.ts';
import { runConfig } from '../../shared/config.ts';
import { prepareConfig } from '../../shared/dataset.ts';
import type { JobResult, JobSpec } from '../../shared/jobs.ts';
import { shapeFrom } from '../../shared/models.ts';
import { runJob } from './index.ts';

const run = (job: JobSpec): Promise<JobResult> =>
  runJob(job, { report: () => {}, signal: new AbortController().signal, onCommand: () => {} });

let root: string;
let dataset: string;
beforeAll(async () => {
  root = await temporaryFolder();
  dataset = join(root, 'dataset');
  await writeFile(join(root, 'text.txt'), 'the cat sat on the mat, a bat met the fat rat. '.repeat(60));
  const config = prepareConfig.parse({
    name: 'text',
    sources: [join(root, 'text.txt')],
    tokenizer: 'characters',
    split: { by: 'tail', fraction: 0.3 },
  });
  await run({ kind: 'prepare', folder: dataset, config });
});
afterAll(() => rm(root, { recursive: true }));

/** The folder that Transformers would have saved, with the dataset's tokenizer, which names fewer ids than there are rows. */
async function written(fixture: string, name: string, by: number, rename: (tensor: string) => string = (n) => n) {
  const folder = join(root, name);
  await mkdir(folder);
  const { config } = readJson<{ config: object }>(`arch-${fixture}`);
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  await cp(join(dataset, 'tokenizer.json'), join(folder, 'tokenizer.json'));
  const tensors = [...group(readTensors(`arch-${fixture}`), 'weight')].map(([tensor, { shape, data }]) => ({
    name: rename(tensor),
    dtype: 'F32' as const,
    shape: [...shape],
    chunks: [new Uint8Array(Float32Array.from(data, (x) => by * x).buffer)],
  }));
  await writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' });
  return folder;
}

describe.each([
  ['neox', 'gpt_neox'],
  ['neox-sequential', 'gpt_neox'],
  ['llama-grouped', 'llama'],
  ['llama-tied', 'llama'],
] as const)('%s', (fixture, kind) => {
  let models: string[];
  beforeAll(async () => {
    // The mean of the two knows nothing, which is better than what random weights are sure of.
    models = [await written(fixture, `${fixture}-1`, 1), await written(fixture, `${fixture}-2`, -1)];
  });

  test('is looked at, measured on a dataset of its tokenizer, and sampled from', async () => {
    const { place } = await run({ kind: 'inspect-model', path: models[0] });
    expect(place).toMatchObject({ architecture: kind, model: { architecture: { kind } }, refused: null });
    const { evaluations } = await run({ kind: 'evaluate-models', paths: models, dataset, blocks: 8 });
    expect(evaluations?.every(({ loss }) => loss > 1 && loss < 20)).toBe(true);
    expect(evaluations![0].loss).not.toBeCloseTo(evaluations![1].loss, 2);
    const options = { prompt: 'the', tokens: 30, temperature: 0.8, topK: 20, topP: 1, seed: 3 };
    const [a, b] = [
      await run({ kind: 'sample-model', path: models[0], options }),
      await run({ kind: 'sample-model', path: models[0], options }),
    ];
    expect(a.outcome).toBe('finished');
    expect(a.text).toBe(b.text);
  });

  test('is merged by losses into a folder of the same layout', async () => {
    const target = join(root, `${fixture}-merged`);
    const method = { kind: 'search', evaluations: 4, dataset, blocks: 8 } as const;
    const recipe = { method, windows: null, precision: 'float32', hashes: false } as const;
    const { search } = await run({ kind: 'average', inputs: models, target, format: 'float32', recipe });
    expect(search!.tried.length).toBeLessThanOrEqual(4);
    const merged = await run({ kind: 'inspect-model', path: target });
    expect(merged.place?.model).toEqual((await run({ kind: 'inspect-model', path: models[0] })).place?.model);
  });

  test('starts a run, which is exported to the layout that it came in', async () => {
    const folder = await openModelFolder(models[0]);
    await folder.close();
    const name = `${fixture}-run`;
    const home = join(root, name);
    const config = runConfig.parse({
      name,
      dataset,
      steps: 6,
      model: shapeFrom({ ...folder.model, vocabSize: 19, dropout: 0.1 }, folder.model),
      batch: { microBatch: 2 },
      schedule: { kind: 'constant', peak: 3e-3 },
      policies: [{ kind: 'lawa', id: 'lawa', k: 2, spacing: 2, start: 2 }],
      evaluation: { every: 6, blocks: 8 },
      checkpoints: { every: 3 },
      init: { from: 'model', path: models[0] },
    });
    expect(await run({ kind: 'train', folder: home, config, resume: false })).toMatchObject({ step: 6 });
    const { evaluations } = await run({
      kind: 'evaluate',
      folder: home,
      weights: ['raw', 'lawa'].map((of) => ({ run: name, step: null, of })),
      blocks: 8,
    });
    const before = await run({ kind: 'evaluate-models', paths: [models[0]], dataset, blocks: 8 });
    expect(evaluations![0].loss).toBeLessThan(before.evaluations![0].loss);
    const target = join(root, `${fixture}-exported`);
    const weights = { run: name, step: null, of: 'lawa' };
    const exported = await run({ kind: 'export', folder: home, weights, format: 'float32', target, blocks: 8 });
    expect(exported.check).toMatchObject({ loss: { written: expect.closeTo(evaluations![1].loss, 5) } });
    const names = async (path: string) => {
      const file = await SafetensorsReader.open(join(path, 'model.safetensors'));
      await file.close();
      return [...file.tensors.values()].map(({ name, shape }) => `${name} ${shape}`).sort();
    };
    expect(await names(target)).toEqual(await names(models[0]));
    expect(await readFile(join(target, 'README.md'), 'utf8')).toContain(
      kind === 'llama' ? 'LlamaForCausalLM' : 'GPTNeoXForCausalLM',
    );
    await expect(
      run({ kind: 'export', folder: home, weights, format: 'float32', layout: 'gguf', target: join(root, 'x.gguf') }),
    ).rejects.toMatchObject({ code: 'layout-unsupported', message: expect.stringMatching(/GPT-NeoX|Llama/) });
  });
});

test('a classifier under the name that newer code gives it is read too', async () => {
  const newer = await written('neox', 'newer', 1, (name) => name.replace('embed_out', 'lm_head'));
  const { evaluations } = await run({
    kind: 'evaluate-models',
    paths: [join(root, 'neox-1'), newer],
    dataset,
    blocks: 4,
  });
  expect(evaluations![1].loss).toBe(evaluations![0].loss);
});

test.each([
  ['neox', { rope_scaling: { type: 'linear', factor: 2 } }, /rope_type is "linear"/],
  ['neox', { hidden_act: 'relu' }, /hidden_act "relu"/],
  ['neox', { attention_bias: false }, /attention_bias is false/],
  ['llama-grouped', { mlp_bias: true }, /mlp_bias is true/],
  ['llama-grouped', { num_key_value_heads: 3 }, /3 key heads do not divide 4/],
  ['llama-grouped', { rope_parameters: { rope_type: 'yarn', factor: 4 } }, /rope_type is "yarn"/],
  ['llama-grouped', { model_type: 'mistral' }, /model_type is "mistral"/],
] as const)('%s with %o can be merged and not measured, with the reason', async (fixture, changed, reason) => {
  const folder = join(root, `odd-${reason.source.replace(/\W+/g, '-')}`);
  await cp(join(root, `${fixture}-1`), folder, { recursive: true });
  const { config } = readJson<{ config: object }>(`arch-${fixture}`);
  // The newer key has the word where both are there.
  const own = 'rope_scaling' in changed ? { ...config, rope_parameters: null } : config;
  await writeFile(join(folder, 'config.json'), JSON.stringify({ ...own, ...changed }));
  const { place } = await run({ kind: 'inspect-model', path: folder });
  expect(place).toMatchObject({ model: null, refused: expect.stringMatching(reason) });
  await expect(run({ kind: 'evaluate-models', paths: [folder], dataset, blocks: 4 })).rejects.toMatchObject({
    code: 'model-config',
    message: expect.stringMatching(reason),
  });
});
