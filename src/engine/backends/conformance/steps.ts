import { describe, expect, it } from 'vitest';
import type { ModelConfig } from '../../../shared/config.ts';
import { optimizerConfig } from '../../../shared/config.ts';
import { decodeProgram, evaluateProgram, ringRows, trainProgram, updateProgram } from '../../model/gpt.ts';
import { initialWeights } from '../../model/init.ts';
import { parameterTable } from '../../model/table.ts';
import { derive } from '../../program/derive.ts';
import { Random, Streams } from '../../random.ts';
import type { Backend, Store } from '../backend.ts';
import { differences, disagreements, type Outcome, perform, type Trial } from './bench.ts';
import type { Bench, Tolerance } from './conformance.ts';
import { Dice, generateForward, generateModel } from './generate.ts';

/** Losses may differ by the loss's tolerance, gradients by theirs; which is which, the names say. */
function expectAgreement(bounds: Tolerance, got: Outcome, want: Outcome): void {
  const only = (outcome: Outcome, gradients: boolean): Outcome => ({
    ...outcome,
    arrays: new Map([...outcome.arrays].filter(([name]) => name.startsWith('d ') === gradients)),
  });
  expect(disagreements(only(got, false), only(want, false), bounds.loss)).toEqual([]);
  expect(disagreements(only(got, true), only(want, true), bounds.gradient)).toEqual([]);
}

/** Initial weights with everything moved off its special value (zero biases, unit norms). */
function weightsOf(model: ModelConfig, seed: number): Float32Array {
  const vector = new Float32Array(parameterTable(model).elements);
  const random = new Random(seed, Streams.probe, 9, 9);
  for (const { offset, data } of initialWeights(model, seed))
    data.forEach((value, i) => {
      vector[offset + i] = value === 0 && data.every((x) => x === 0) ? 0.1 * random.normal(offset + i) : value;
    });
  // A larger scale than nanoGPT's, so that no part of the model is nearly linear.
  return vector.map((value) => (Math.abs(value) < 0.5 ? 4 * value : value));
}

function stepTrial(model: ModelConfig, batch: number, tokens: number): Trial {
  const bounds = { tokens: model.vocabSize, targets: model.vocabSize };
  return {
    name: 'step',
    program: trainProgram(model, { batch, tokens }),
    bounds,
    data: { parameters: weightsOf(model, 3) },
    // Two micro-batches of one update.
    runs: [
      { accumulate: 0, lossScale: 0.5, seed: 4, step: 17, microBatch: 0, ringSlot: 2 },
      { accumulate: 1, lossScale: 0.5, seed: 4, step: 17, microBatch: 1, ringSlot: 2 },
    ],
  };
}

const decodeSeed = 8;

const wide: ModelConfig = {
  blockSize: 70,
  vocabSize: 203,
  paddedVocabSize: 256,
  layers: 2,
  heads: 3,
  width: 99,
  dropout: 0.1,
  bias: true,
  gelu: 'exact',
  inverseLayerScaling: true,
};

export function stepSuite(bench: Bench): void {
  describe('whole steps', () => {
    it.each([1, 2, 3, 4, 5, 6, 7, 8])('GPT of seed %i: losses, ring and every gradient tensor', async (seed) => {
      const model = generateModel(seed);
      const trial = stepTrial(model, new Dice(seed, 2).between(1, 3), model.blockSize);
      const want = await perform(bench.reference, trial);
      expectAgreement(bench.tolerance, await perform(bench.tested, trial), want);
      if (bench.unfused) expectAgreement(bench.tolerance, await perform(bench.unfused, trial), want);
    });

    it('a wider GPT, longer than any tile', async () => {
      const trial = stepTrial(wide, 2, 69);
      const want = await perform(bench.reference, trial);
      expectAgreement(bench.tolerance, await perform(bench.tested, trial), want);
    });

    it('has the same bits twice, and with any number of threads', async () => {
      const threaded = bench.threads.length > 1;
      const trial = threaded ? stepTrial(wide, 3, 70) : stepTrial(wide, 1, 12);
      const outcomes: Outcome[] = [];
      for (const threads of threaded ? bench.threads : [1, 1]) {
        const backend = await bench.open({ threads });
        outcomes.push(await perform(backend, trial));
        await backend.close();
      }
      for (const outcome of outcomes.slice(1)) expect(differences(outcomes[0], outcome)).toEqual([]);
    });

    it('overwrites what gradients held before, and adds a second micro-batch to the first', async () => {
      const trial = stepTrial({ ...wide, dropout: 0 }, 1, 12);
      const once = await perform(bench.tested, { ...trial, runs: [{ accumulate: 0 }] });
      const twice = await perform(bench.tested, { ...trial, runs: [{ accumulate: 0 }, { accumulate: 1 }] });
      const doubled = new Map(
        [...once.arrays].filter(([name]) => name.startsWith('d ')).map(([name, g]) => [name, g.map((x) => 2 * x)]),
      );
      expect(disagreements(twice, { ...once, arrays: doubled }, 1e-6)).toEqual([]);
    });

    it('leaves padded vocabulary rows without gradient', async () => {
      const trial = stepTrial(wide, 1, 9);
      const { arrays } = await perform(bench.tested, trial);
      const rows = arrays.get('d transformer.wte.weight')!;
      expect(rows.subarray(203 * 99).every((x) => x === 0)).toBe(true);
      expect(rows.subarray(0, 203 * 99).some((x) => x !== 0)).toBe(true);
    });

    it.each([0, 1, 2, 3])('generated programs %#, fusion on and off', async (part) => {
      for (let seed = 100 + part * 15; seed < 115 + part * 15; seed++) {
        const { program, bounds } = generateForward(seed);
        const runs = [
          { seed, step: 2, lossScale: 0.5 },
          { seed, step: 2, microBatch: 1, accumulate: 1 as const },
        ];
        const trial: Trial = { name: program.name, program: derive(program), bounds, runs };
        const want = await perform(bench.reference, trial);
        expectAgreement(bench.tolerance, await perform(bench.tested, trial), want);
        if (bench.unfused) expectAgreement(bench.tolerance, await perform(bench.unfused, trial), want);
      }
    });

    it('ten updates with accumulation, clipping and decay end at the same weights', async () => {
      const model: ModelConfig = { ...generateModel(5), dropout: 0.1, bias: true };
      const [got, want] = [await train(bench.tested, model), await train(bench.reference, model)];
      expect(disagreements(got, want, bench.tolerance.gradient)).toEqual([]);
      expect(got.arrays.get('counters')![0]).toBe(10);
    });
  });

  describe('decoding', () => {
    it.each([1, 4, 6])(
      'in pieces gives the logits of the whole, and the losses of evaluation (seed %i)',
      async (seed) => {
        const model = generateModel(seed);
        const batch = 2;
        const length = model.blockSize;
        const ids = Int32Array.from({ length: batch * length }, (_, i) => (i * 7 + seed) % model.vocabSize);
        const whole = await decode(bench.tested, model, ids, batch, [length]);
        const pieces = await decode(bench.tested, model, ids, batch, [1, length - 2, 1]);
        const judged = await decode(bench.reference, model, ids, batch, [length]);
        const outcome = (logits: Float32Array): Outcome => ({ arrays: new Map([['logits', logits]]), arenaBytes: 0 });
        expect(disagreements(outcome(pieces), outcome(whole), bench.tolerance.loss)).toEqual([]);
        expect(disagreements(outcome(whole), outcome(judged), bench.tolerance.loss)).toEqual([]);

        const targets = ids.map((id) => (id + 1) % model.vocabSize);
        const { arrays } = await perform(bench.tested, {
          name: 'evaluate',
          program: evaluateProgram(model, { batch, tokens: length }),
          data: { parameters: weightsOf(model, decodeSeed), tokens: ids, targets },
        });
        const losses = arrays.get('losses of run 0')!;
        for (let b = 0; b < batch; b++) {
          const row = whole.subarray(b * model.vocabSize, (b + 1) * model.vocabSize);
          const total = Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
          const last = (b + 1) * length - 1;
          const want = total - row[targets[last]];
          // Where precision is mixed, attention over a cache rounds nothing, and over a batch its operands.
          expect(Math.abs(losses[last] - want)).toBeLessThan(Math.max(5e-5, bench.tolerance.loss * want));
        }
      },
    );
  });
}

/** Logits of the last position after feeding `ids` [batch, length] in pieces of the given lengths. */
async function decode(
  backend: Backend,
  model: ModelConfig,
  ids: Int32Array,
  batch: number,
  pieces: readonly number[],
): Promise<Float32Array> {
  const parameters = backend.store('f32', parameterTable(model).elements);
  parameters.write(0, weightsOf(model, decodeSeed));
  const caches: Record<string, Store> = {};
  for (let layer = 0; layer < model.layers; layer++)
    for (const name of ['keys', 'values'])
      caches[`${name}.${layer}`] = backend.store('f32', batch * model.blockSize * model.width);
  const length = ids.length / batch;
  let logits = new Float32Array();
  let position = 0;
  for (const tokens of pieces.filter((n) => n > 0)) {
    const executable = backend.compile(decodeProgram(model, { batch, tokens }));
    const piece = backend.store('i32', batch * tokens);
    for (let b = 0; b < batch; b++)
      piece.write(b * tokens, ids.slice(b * length + position, b * length + position + tokens));
    executable.run({ parameters, tokens: piece, ...caches }, { position });
    logits = (await executable.result('logits')) as Float32Array<ArrayBuffer>;
    position += tokens;
  }
  expect(position).toBe(length);
  return logits;
}

/** Ten updates of three micro-batches on made-up tokens; returns weights, moments and counters. */
async function train(backend: Backend, model: ModelConfig): Promise<Outcome> {
  const table = parameterTable(model, false);
  const size = { batch: 2, tokens: model.blockSize };
  const rows = size.batch * size.tokens;
  const stores = {
    parameters: backend.store('f32', table.elements),
    gradients: backend.store('f32', table.elements),
    m: backend.store('f32', table.elements),
    v: backend.store('f32', table.elements),
    counters: backend.store('f32', 4),
    ring: backend.store('f32', ringRows * 4),
  };
  const inputs = { tokens: backend.store('i32', rows), targets: backend.store('i32', rows) };
  for (const { offset, data } of initialWeights(model, 6)) stores.parameters.write(offset, data);
  const step = backend.compile(trainProgram(model, size));
  const update = updateProgram(table, optimizerConfig.parse({ decayEmbeddings: false, clip: 0.5 }));
  const updating = backend.compile(update);
  for (let s = 0; s < 10; s++) {
    for (let microBatch = 0; microBatch < 3; microBatch++) {
      const random = new Random(s, Streams.probe, microBatch, 0);
      const ids = Int32Array.from({ length: rows + 1 }, (_, i) => Math.floor(random.uniform(i) * model.vocabSize));
      inputs.tokens.write(0, ids.slice(0, rows));
      inputs.targets.write(0, ids.slice(1));
      const accumulate = microBatch === 0 ? 0 : 1;
      step.run({ ...stores, ...inputs }, { accumulate, lossScale: 1 / 3, seed: 2, step: s, microBatch, ringSlot: s });
    }
    updating.run(stores, { learningRate: 1e-3, ringSlot: s });
  }
  const arrays = new Map<string, Float32Array>();
  for (const name of ['parameters', 'counters', 'ring'] as const)
    arrays.set(name, await stores[name].read(0, stores[name].elements));
  await backend.drain();
  return { arrays, arenaBytes: 0 };
}
