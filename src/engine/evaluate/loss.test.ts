import { describe, expect, it } from 'vitest';
import { mean } from '../../shared/statistics.ts';
import { openReference } from '../backends/reference/index.ts';
import { evaluateProgram } from '../model/gpt.ts';
import { initialWeights } from '../model/init.ts';
import { parameterTable } from '../model/table.ts';
import { microConfig, microDataset } from '../train/fixture.ts';
import { Evaluator, evaluateWeights } from './loss.ts';

const { model } = microConfig();
const dataset = microDataset();

async function setUp() {
  const backend = await openReference();
  const weights = backend.store('f32', parameterTable(model).elements);
  for (const { offset, data } of initialWeights(model, 5)) weights.write(offset, data);
  return { backend, weights };
}

describe('loss over fixed blocks', () => {
  it('is the mean of each block by itself, however blocks are grouped', async () => {
    const { backend, weights } = await setUp();
    const whole = await evaluateWeights(backend, model, weights, dataset, 7);
    expect(whole).toHaveLength(7);
    for (const batch of [1, 2, 3, 7, 100]) {
      const evaluator = new Evaluator(backend, { model, source: dataset.val, blocks: 7, batch });
      expect(await evaluator.losses(weights)).toEqual(whole);
      evaluator.free();
    }
    // By hand, block 3.
    const { starts } = new Evaluator(backend, { model, source: dataset.val, blocks: 7 });
    const row = new Int32Array(model.blockSize + 1);
    dataset.val.read(starts[3], row);
    const [tokens, targets] = [row.slice(0, -1), row.slice(1)].map((ids) => {
      const store = backend.store('i32', model.blockSize);
      store.write(0, ids);
      return store;
    });
    const program = backend.compile(evaluateProgram(model, { batch: 1, tokens: model.blockSize }));
    program.run({ parameters: weights, tokens, targets }, { position: 0 });
    expect(whole[3]).toBe(mean(await program.result('losses')));
    await backend.close();
  });

  it('takes as many blocks as there are, evenly spaced and never overlapping', async () => {
    const { backend, weights } = await setUp();
    const evaluator = new Evaluator(backend, { model, source: dataset.val, blocks: 10_000 });
    const { starts } = evaluator;
    expect(starts).toHaveLength(Math.floor((dataset.val.count - 1) / model.blockSize));
    for (let i = 1; i < starts.length; i++) expect(starts[i] - starts[i - 1]).toBeGreaterThanOrEqual(model.blockSize);
    expect(starts.at(-1)! + model.blockSize + 1).toBeLessThanOrEqual(dataset.val.count);
    expect(mean(await evaluator.losses(weights))).toBeCloseTo(Math.log(28), 1);
    await backend.close();
  });

  it('leaves the weights as they were', async () => {
    const { backend, weights } = await setUp();
    const before = await weights.read(0, weights.elements);
    await evaluateWeights(backend, model, weights, dataset, 4);
    expect(await weights.read(0, weights.elements)).toEqual(before);
    await backend.close();
  });
});
