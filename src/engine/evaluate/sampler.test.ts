import { describe, expect, it } from 'vitest';
import { runConfig } from '../../shared/config.ts';
import { sampleOptions } from '../../shared/jobs.ts';
import type { Backend, Floats } from '../backends/backend.ts';
import { openReference } from '../backends/reference/index.ts';
import type { Tokenizer } from '../data/source.ts';
import { evaluateProgram } from '../model/gpt.ts';
import { initialWeights } from '../model/init.ts';
import { parameterTable } from '../model/table.ts';
import { microConfig, microTokenizer } from '../train/fixture.ts';
import { chooseToken, Sampler } from './sampler.ts';

const { model } = microConfig();
const options = (values: object = {}) => sampleOptions.parse({ prompt: 'the ', tokens: 40, ...values });

async function weightsOn(backend: Backend, scale = 8): Promise<Floats> {
  const weights = backend.store('f32', parameterTable(model).elements);
  // Larger than at the start of a run, so that the likeliest token is no matter of rounding.
  for (const { offset, data } of initialWeights(model, 3))
    weights.write(
      offset,
      data.map((x) => x * scale),
    );
  return weights;
}
async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('chooseToken', () => {
  const logits = Float32Array.from([1, 3, 2, 3, -5]);
  const at = (uniform: number, choice: { temperature?: number; topK?: number; topP?: number } = {}) =>
    chooseToken(logits, { temperature: 1, topK: 0, topP: 1, ...choice }, uniform);

  it('takes the likeliest at temperature 0, the lower id of a tie', () => {
    expect(at(0.99, { temperature: 0 })).toBe(1);
  });
  it('follows the distribution', () => {
    const total = logits.reduce((sum, x) => sum + Math.exp(x), 0);
    const counts = new Float64Array(5);
    for (let i = 0; i < 20_000; i++) counts[at((i + 0.5) / 20_000)]++;
    logits.forEach((x, id) => {
      expect(counts[id] / 20_000).toBeCloseTo(Math.exp(x) / total, 3);
    });
  });
  it('leaves out what topK and topP cut off', () => {
    const drawn = (choice: object) => new Set(Array.from({ length: 1000 }, (_, i) => at((i + 0.5) / 1000, choice)));
    expect(drawn({ topK: 2 })).toEqual(new Set([1, 3]));
    expect(drawn({ topK: 3 })).toEqual(new Set([1, 2, 3]));
    // Probabilities: .39 .39 .14 .05; 0.7 needs two tokens, 0.8 three.
    expect(drawn({ topP: 0.7 })).toEqual(new Set([1, 3]));
    expect(drawn({ topP: 0.8 })).toEqual(new Set([1, 2, 3]));
    expect(drawn({ topP: 1e-9 })).toEqual(new Set([1]));
    expect(drawn({ topK: 1 })).toEqual(new Set([1]));
  });
  it('stays in the vocabulary at the edges of the uniform and with logits that are not finite', () => {
    expect(at(0)).toBe(0);
    expect(at(1 - 2 ** -24)).toBeLessThan(5);
    expect(chooseToken(new Float32Array([Number.NaN, 1]), { temperature: 1, topK: 0, topP: 1 }, 0.5)).toBeLessThan(2);
  });
});

describe('Sampler', () => {
  it('draws greedily what a full forward pass calls likeliest, past the block size too', async () => {
    const backend = await openReference();
    const weights = await weightsOn(backend);
    const sampler = new Sampler(backend, model);
    const prompt = Array.from(microTokenizer.encode('the cat sat o'));
    const ids = await collect(sampler.ids(weights, prompt, options({ temperature: 0, tokens: 25 })));
    sampler.free();

    const context = [...prompt];
    for (const id of ids) {
      if (context.length > model.blockSize) context.splice(0, context.length - model.blockSize / 2);
      expect(id).toBe(await likeliest(backend, weights, context));
      context.push(id);
    }
    await backend.close();
  });

  it('gives the same text for the same seed, another for another', async () => {
    const backend = await openReference();
    const weights = await weightsOn(backend, 1);
    const sampler = new Sampler(backend, model);
    const text = async (seed: number) =>
      (await collect(sampler.text(weights, microTokenizer, options({ seed })))).join('');
    expect(await text(1)).toBe(await text(1));
    expect(await text(2)).not.toBe(await text(1));
    expect((await text(1)).length).toBe(40);
    sampler.free();
    await backend.close();
  });

  it('never draws a padded id', async () => {
    const padded = runConfig.shape.model.parse({ ...model, vocabSize: 5, paddedVocabSize: 64, dropout: 0 });
    const backend = await openReference();
    const weights = backend.store('f32', parameterTable(padded).elements);
    const sampler = new Sampler(backend, padded);
    const ids = await collect(sampler.ids(weights, [0], options({ temperature: 10, tokens: 100 })));
    expect(ids).toHaveLength(100);
    expect(Math.max(...ids)).toBeLessThan(5);
    sampler.free();
    await backend.close();
  });

  it('gives characters whole when their bytes span tokens, and ends at end-of-text', async () => {
    const backend = await openReference();
    const bytes: Tokenizer = {
      ...microTokenizer,
      endOfText: 3,
      encode: () => Int32Array.of(0),
      bytes: (id) =>
        [Uint8Array.of(0xf0, 0x9f), Uint8Array.of(0x99, 0x82), Uint8Array.of(0x41)][id] ?? new Uint8Array(),
    };
    const sampler = new Sampler(backend, model);
    const scripted = [0, 1, 2, 0, 2, 3, 2];
    sampler.ids = async function* () {
      yield* scripted;
    };
    expect(await collect(sampler.text(null as never, bytes, options()))).toEqual(['🙂', 'A', '\ufffdA']);
    sampler.free();
    await backend.close();
  });

  it('refuses a prompt of which nothing is in the vocabulary', async () => {
    const backend = await openReference();
    const sampler = new Sampler(backend, model);
    const pieces = collect(sampler.text(null as never, microTokenizer, options({ prompt: '42' })));
    await expect(pieces).rejects.toMatchObject({ code: 'prompt-empty' });
    sampler.free();
    await backend.close();
  });
});

/** The id whose loss as the last target is lowest. */
async function likeliest(backend: Backend, weights: Floats, context: number[]): Promise<number> {
  const length = context.length;
  const program = backend.compile(evaluateProgram(model, { batch: 1, tokens: length }));
  const tokens = backend.store('i32', length);
  const targets = backend.store('i32', length);
  tokens.write(0, Int32Array.from(context));
  let best = { id: -1, loss: Number.POSITIVE_INFINITY };
  for (let id = 0; id < model.vocabSize; id++) {
    targets.write(0, new Int32Array(length).fill(id));
    program.run({ parameters: weights, tokens, targets }, { position: 0 });
    const loss = (await program.result('losses'))[length - 1];
    if (loss < best.loss) best = { id, loss };
  }
  return best.id;
}
