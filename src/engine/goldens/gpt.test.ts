/** Ten steps of training, gradients, losses and logits against PyTorch (bench/goldens/gpt.py). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ModelConfig, OptimizerConfig } from '../../shared/config.ts';
import type { Backend, Executable, Floats, Store } from '../backends/backend.ts';
import { openMixed } from '../backends/native/fixture.ts';
import { openBackend } from '../backends/select.ts';
import { decodeProgram, evaluateProgram, ringRows, trainProgram, updateProgram } from '../model/gpt.ts';
import { parameterTable } from '../model/table.ts';
import type { ParameterTable } from '../program/types.ts';
import { backends } from './backends.ts';
import { type Golden, group, readJson, readTensors, relativeError } from './fixture.ts';
import { gaps, readAll, slices, vectorOf } from './vectors.ts';

interface GoldenRun {
  model: ModelConfig;
  optimizer: OptimizerConfig;
  steps: number;
  batch: { microBatch: number; accumulation: number; tokens: number };
  lines: { loss: number; gradientNorm: number; learningRate: number }[];
}

/** Relative distances that are allowed (docs/conventions.md). */
interface Bounds {
  /** A loss. */
  readonly loss: number;
  /** All losses or logits of a batch, as one vector. */
  readonly values: number;
  readonly gradient: number;
  readonly norm: number;
  /** Weights after ten updates. */
  readonly weights: number;
}
/** PyTorch's own float32 stays within 1e-6 of float64 here. */
const float32: Bounds = { loss: 1e-5, values: 1e-5, gradient: 1e-4, norm: 1e-4, weights: 1e-4 };
const mixed: Bounds = { loss: 5e-4, values: 1e-2, gradient: 1.5e-2, norm: 5e-3, weights: 1.5e-2 };

const judged = backends.map((name) => ({
  name: name as string,
  open: async () => (await openBackend(name, { threads: 2 })).backend,
  bounds: float32,
}));
if (backends.includes('native'))
  judged.push({ name: 'native, mixed', open: () => openMixed({ threads: 2 }), bounds: mixed });

describe.each(judged)('$name', ({ open, bounds }) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await open();
  });
  afterAll(() => backend?.close());

  describe.each(['nanogpt', 'paper', 'bias'])('%s', (fixture) => {
    const run = readJson<GoldenRun>(`gpt-${fixture}`);
    const tensors = readTensors(`gpt-${fixture}`);
    const table = parameterTable(run.model, run.optimizer.decayEmbeddings);
    const { microBatch: batch, accumulation, tokens: length } = run.batch;

    test('per-token losses', async () => {
      const program = backend.compile(evaluateProgram(run.model, { batch, tokens: length }));
      const inputs = await bindInputs(backend, batch * length);
      inputs.write(tensors, 0);
      program.run({ parameters: vectorOf(backend, table, group(tensors, 'first')), ...inputs.stores }, { position: 0 });
      const losses = await program.result('losses');
      expect(relativeError(losses, tensors.get('losses')!.data)).toBeLessThan(bounds.values);
    });

    test('logits through the cache, whatever the pieces', async () => {
      const [rows, positions] = tensors.get('context')!.shape;
      const logits = tensors.get('logits')!.data;
      const vocab = run.model.vocabSize;
      const parameters = vectorOf(backend, table, group(tensors, 'first'));
      const decoders = new Map<number, Executable>();
      for (const pieces of [[positions], Array<number>(positions).fill(1), [5, 1, 1, 3, positions - 10]]) {
        const caches = emptyCaches(backend, run.model, rows);
        let position = 0;
        for (const piece of pieces) {
          if (!decoders.has(piece))
            decoders.set(piece, backend.compile(decodeProgram(run.model, { batch: rows, tokens: piece })));
          const decode = decoders.get(piece)!;
          const store = backend.store('i32', rows * piece);
          const context = tensors.get('context')!.data as Int32Array;
          for (let row = 0; row < rows; row++) {
            const start = row * positions + position;
            store.write(row * piece, context.slice(start, start + piece));
          }
          decode.run({ parameters, tokens: store, ...caches }, { position });
          position += piece;
          const got = await decode.result('logits');
          expect(got).toHaveLength(rows * vocab);
          for (let row = 0; row < rows; row++) {
            const at = (row * positions + position - 1) * vocab;
            const expected = logits.subarray(at, at + vocab);
            expect(relativeError(got.subarray(row * vocab, (row + 1) * vocab), expected)).toBeLessThan(bounds.values);
          }
        }
      }
    });

    test('gradients of every tensor, and ten steps of AdamW', async () => {
      const trainer = await openTrainer(backend, run, table, tensors);
      for (let step = 0; step < run.steps; step++) {
        for (let micro = 0; micro < accumulation; micro++) trainer.micro(step, micro);
        if (step === 0) {
          const gradient = await readAll(trainer.gradients);
          expectClose(table, gradient, group(tensors, 'gradient'), bounds.gradient);
          expectZeroPadding(run.model, table, gradient);
        }
        trainer.update(step, run.lines[step].learningRate);
      }
      const ring = await trainer.ring.read(0, 4 * run.steps);
      for (const [step, line] of run.lines.entries()) {
        const [loss, norm, applied, t] = ring.subarray(4 * step, 4 * step + 4);
        expect(Math.abs(loss - line.loss) / line.loss, `loss of step ${step}: ${loss}`).toBeLessThan(bounds.loss);
        expect(Math.abs(norm - line.gradientNorm) / line.gradientNorm, `norm of step ${step}`).toBeLessThan(
          bounds.norm,
        );
        expect([applied, t]).toEqual([1, step + 1]);
      }
      const last = await readAll(trainer.parameters);
      expectClose(table, last, group(tensors, 'last'), bounds.weights);
      expectZeroPadding(run.model, table, last);
    });
  });

  test('dropout: loss and gradients with masks drawn independently', async () => {
    const { model, at, batch } = readJson<{
      model: ModelConfig;
      at: { seed: number; step: number; microBatch: number };
      batch: { microBatch: number; tokens: number };
    }>('gpt-dropout');
    const tensors = readTensors('gpt-dropout');
    const table = parameterTable(model);
    const rows = batch.microBatch * batch.tokens;
    const program = backend.compile(trainProgram(model, { batch: batch.microBatch, tokens: batch.tokens }));
    const inputs = await bindInputs(backend, rows);
    inputs.write(tensors, 0);
    const gradients = backend.store('f32', table.elements);
    const ring = backend.store('f32', ringRows * 4);
    const parameters = vectorOf(backend, table, group(tensors, 'first'));
    program.run(
      { parameters, gradients, ring, ...inputs.stores },
      { ...at, accumulate: 0, lossScale: 1, position: 0, ringSlot: 0 },
    );
    expect(relativeError(await program.result('losses'), tensors.get('losses')!.data)).toBeLessThan(bounds.values);
    expectClose(table, await readAll(gradients), group(tensors, 'gradient'), bounds.gradient);
  });
});

interface Inputs {
  stores: { tokens: Store<'i32'>; targets: Store<'i32'> };
  /** Writes the index-th micro-batch of the fixture. */
  write(tensors: Map<string, Golden>, index: number): void;
}

async function bindInputs(backend: Backend, rows: number): Promise<Inputs> {
  const stores = { tokens: backend.store('i32', rows), targets: backend.store('i32', rows) };
  return {
    stores,
    write(tensors, index) {
      for (const name of ['tokens', 'targets'] as const)
        stores[name].write(0, tensors.get(name)!.data.slice(index * rows, (index + 1) * rows) as Int32Array);
    },
  };
}

async function openTrainer(backend: Backend, run: GoldenRun, table: ParameterTable, tensors: Map<string, Golden>) {
  const { microBatch: batch, accumulation, tokens } = run.batch;
  const parameters = vectorOf(backend, table, group(tensors, 'first'));
  const vector = () => backend.store('f32', table.elements);
  const [gradients, m, v] = [vector(), vector(), vector()];
  const counters = backend.store('f32', 4);
  const ring = backend.store('f32', ringRows * 4);
  const train = backend.compile(trainProgram(run.model, { batch, tokens }));
  const update = backend.compile(updateProgram(table, run.optimizer));
  const inputs = await bindInputs(backend, batch * tokens);
  return {
    parameters,
    gradients,
    ring,
    micro(step: number, microBatch: number) {
      inputs.write(tensors, step * accumulation + microBatch);
      train.run(
        { parameters, gradients, ring, ...inputs.stores },
        {
          accumulate: microBatch > 0 ? 1 : 0,
          lossScale: 1 / accumulation,
          seed: 0,
          step,
          microBatch,
          position: 0,
          ringSlot: step,
        },
      );
    },
    update(step: number, learningRate: number) {
      update.run({ parameters, gradients, m, v, counters, ring }, { learningRate, step, ringSlot: step });
    },
  };
}

function emptyCaches(backend: Backend, model: ModelConfig, rows: number): Record<string, Floats> {
  const caches: Record<string, Floats> = {};
  for (let layer = 0; layer < model.layers; layer++)
    for (const kind of ['keys', 'values'])
      caches[`${kind}.${layer}`] = backend.store('f32', rows * model.blockSize * model.width);
  return caches;
}

function expectClose(table: ParameterTable, vector: Float32Array, expected: Map<string, Golden>, bound: number): void {
  for (const [name, slice] of slices(table, vector))
    expect(relativeError(slice, expected.get(name)!.data), name).toBeLessThan(bound);
}

function expectZeroPadding(model: ModelConfig, table: ParameterTable, vector: Float32Array): void {
  expect(gaps(table, vector).every((x) => x === 0)).toBe(true);
  const rows = slices(table, vector)
    .get('transformer.wte.weight')!
    .subarray(model.vocabSize * model.width);
  expect(rows.every((x) => x === 0)).toBe(true);
}
