/** Every derivative rule against finite differences, in float64 on the reference's kernels. */
import { describe, expect, it } from 'vitest';
import { modelConfig } from '../../../shared/config.ts';
import { trainProgram } from '../../model/gpt.ts';
import { derive } from '../../program/derive.ts';
import { Recorder } from '../../program/recorder.ts';
import { sizeOf } from '../../program/shapes.ts';
import type { OpKind, ParameterTable, Program, Scalars, Tensor } from '../../program/types.ts';
import { Random, Streams } from '../../random.ts';
import { noise, storesOf, tensorsOf } from './bench.ts';
import { type DoubleStores, runDoubles } from './doubles.ts';
import { generateArchitecture, generateForward, generateModel } from './generate.ts';

const scalars: Partial<Scalars> = { seed: 9, step: 4, microBatch: 1, lossScale: 0.5 };

function makeStores(program: Program, bounds: Readonly<Record<string, number>>): DoubleStores {
  return new Map(
    [...storesOf(program)].map(([name, { dtype, elements }]) => {
      const values = noise(name, dtype, elements, bounds[name]);
      return [name, values instanceof Int32Array ? values : new Float64Array(values)];
    }),
  );
}

/**
 * Compares, for each parameter tensor, the derivative along a random direction with a central
 * difference of the loss. A wrong element of the gradient shows in the direction's dot product.
 */
function check(program: Program, bounds: Readonly<Record<string, number>>): void {
  const stores = makeStores(program, bounds);
  const loss = () => {
    const losses = runDoubles(program, stores, scalars).get('losses')!;
    return (0.5 * losses.reduce((a, b) => a + b, 0)) / losses.length;
  };
  loss();
  const gradients = Float64Array.from(stores.get('gradients')!);
  const parameters = stores.get('parameters')! as Float64Array;
  const before = Float64Array.from(parameters);
  const tensors = tensorsOf(program).filter((t) => t.role === 'gradient');
  expect(tensors.length).toBeGreaterThan(2);
  for (const [index, { name, offset, shape }] of tensors.entries()) {
    const random = new Random(index, Streams.probe, 5, 5);
    const direction = Float64Array.from(
      { length: sizeOf(shape) },
      (_, i) => random.normal(i) / Math.sqrt(sizeOf(shape)),
    );
    const along = (h: number) => {
      direction.forEach((d, i) => {
        parameters[offset + i] = before[offset + i] + h * d;
      });
      return loss();
    };
    const h = 1e-5;
    const measured = (along(h) - along(-h)) / (2 * h);
    along(0);
    const derived = direction.reduce((sum, d, i) => sum + d * gradients[offset + i], 0);
    expect(
      Math.abs(measured - derived),
      `${program.name}: ${name}: ${measured} measured, ${derived} derived`,
    ).toBeLessThan(2e-8 + 2e-6 * Math.abs(measured));
  }
}

describe('finite differences', () => {
  it('GPT with every option on', () => {
    const model = modelConfig.parse({
      blockSize: 7,
      vocabSize: 11,
      paddedVocabSize: 13,
      layers: 2,
      heads: 2,
      width: 6,
      dropout: 0.3,
      bias: true,
      gelu: 'exact',
      inverseLayerScaling: true,
    });
    check(trainProgram(model, { batch: 2, tokens: 5 }), { tokens: 11, targets: 11 });
  });

  it.each([1, 2, 3, 4, 5, 6])('GPT, options and odd sizes of seed %i', (seed) => {
    const model = generateModel(seed);
    const program = trainProgram(model, { batch: 2, tokens: Math.min(model.blockSize, 6) });
    check(program, { tokens: model.vocabSize, targets: model.vocabSize });
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('GPT-NeoX or Llama, options and odd sizes of seed %i', (seed) => {
    const model = generateArchitecture(seed);
    const program = trainProgram(model, { batch: 2, tokens: Math.min(model.blockSize, 6) });
    check(program, { tokens: model.vocabSize, targets: model.vocabSize });
  });

  it('sums, gates and turned heads whose inputs others read too', () => {
    const entries = [
      { name: 'wte', shape: [6, 8], offset: 0, decay: false },
      { name: 'a', shape: [8, 8], offset: 64, decay: false },
      { name: 'b', shape: [4, 8], offset: 128, decay: false },
      { name: 'c', shape: [4, 8], offset: 192, decay: false },
      { name: 'g', shape: [8], offset: 256, decay: false },
    ];
    const r = new Recorder('shared', { entries, elements: 320, count: 200 });
    const [wte, a, b, c, g] = entries.map((e) => r.parameter(e.name));
    const rows = { transposed: true };
    const x = r.embedding(r.input('tokens', [2, 3], 'i32'), wte);
    const [q, k, v] = [a, b, c].map((weight) => r.linear(x, weight, undefined, 'none', rows));
    const attrs = { heads: 4, groups: 2, frequencies: [0.7] };
    const attend = (qkv: Tensor) => r.attention(qkv, { heads: 4, scale: 0.6, dropout: 0, stream: 0 });
    const once = attend(r.rotary(q, { k, v }, attrs));
    // k and v change places, so that each gradient is added to.
    const twice = attend(r.rotary(q, { k: v, v: k }, attrs));
    const gate = r.swiglu(once, r.add(twice, once));
    const first = r.residualRmsNorm(x, r.swiglu(gate, once), g, 1e-5);
    const second = r.residualRmsNorm(first.sum, first.sum, g, 1e-5);
    const third = r.add(r.add(second.y, first.y), second.sum);
    const losses = r.classifierLoss(r.rmsNorm(third, g, 1e-5), wte, r.input('targets', [6], 'i32'), 5);
    check(derive(r.program(losses)), { tokens: 6, targets: 5 });
  });

  it('generated programs, among them values read several times and every operation with a derivative', () => {
    const seen = new Set<OpKind>();
    for (let seed = 1; seed <= 40; seed++) {
      const { program, bounds } = generateForward(seed);
      const training = derive(program);
      for (const op of training.ops) seen.add(op.kind);
      check(training, bounds);
    }
    expect([...seen].filter((kind) => kind.endsWith('Backward')).sort()).toEqual([
      'attentionBackward',
      'dropoutBackward',
      'embeddingBackward',
      'layerNormBackward',
      'linearBackward',
    ]);
  });

  it('a value that a sum and another operation read, on both sides of the sum', () => {
    const entries = [
      { name: 'wte', shape: [6, 4], offset: 0, decay: false },
      { name: 'wpe', shape: [3, 4], offset: 64, decay: false },
      { name: 'w', shape: [4, 4], offset: 128, decay: false },
      { name: 'g', shape: [4], offset: 192, decay: false },
    ];
    const table: ParameterTable = { entries, elements: 256, count: 52 };
    const r = new Recorder('twice', table);
    const [wte, wpe, weight, g] = entries.map((e) => r.parameter(e.name));
    const x = r.embedding(r.input('tokens', [2, 3], 'i32'), wte, wpe);
    const a = r.linear(x, weight, undefined, 'gelu-tanh');
    const b = r.linear(a, weight);
    const first = r.residualLayerNorm(a, b, g);
    const second = r.residualLayerNorm(first.sum, first.sum, g);
    const third = r.residualLayerNorm(second.y, r.dropout(first.y, { rate: 0.4, stream: 1000 }), g);
    // x's gradient grows by `late` after the sum gave it, and before `early` has read its share.
    const early = r.linear(third.sum, weight);
    const late = r.linear(third.sum, weight);
    const fourth = r.residualLayerNorm(third.sum, early, g);
    const fifth = r.residualLayerNorm(fourth.y, late, g);
    const losses = r.classifierLoss(r.layerNorm(fifth.sum, g), wte, r.input('targets', [6], 'i32'), 5);
    check(derive(r.program(losses)), { tokens: 6, targets: 5 });
  });
});
