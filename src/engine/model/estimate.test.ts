/** The window's estimate is made without the engine: here it is held against what the engine does. */
import { expect, it } from 'vitest';
import { parameterCount } from '../../shared/architecture.ts';
import { modelConfig } from '../../shared/config.ts';
import { estimateMemory, vectorElements } from '../../shared/estimate.ts';
import { presetConfig, presets } from '../../shared/presets.ts';
import { lowerProgram } from '../backends/native/lower.ts';
import { evaluateProgram, trainProgram } from './gpt.ts';
import { parameterTable } from './table.ts';

it.each(presets.map(({ id, tokenizer }) => [id, tokenizer === 'gpt2' ? 50_257 : 97] as const))(
  '%s: the vector to the element, activations to 2%',
  (id, vocabSize) => {
    const config = presetConfig(id, { name: 'run', dataset: { folder: '/data', tokenizer: { vocabSize } } });
    const { model, batch } = config;
    const size = { batch: batch.microBatch, tokens: model.blockSize };
    expect(vectorElements(model)).toBe(parameterTable(model).elements);
    expect(vectorElements({ ...model, bias: true })).toBe(parameterTable({ ...model, bias: true }).elements);
    const arenas = [trainProgram(model, size), evaluateProgram(model, size)].map(
      (program) => lowerProgram(program, true).arenaBytes,
    );
    const { activations } = estimateMemory(config, 64e9);
    expect(activations / arenas[0]).toBeGreaterThan(0.98);
    expect(activations / arenas[0]).toBeLessThan(1.02);
    expect(arenas[1]).toBeLessThan(arenas[0]);
  },
);

const shared = { rotaryBase: 10_000, epsilon: 1e-5, tied: false };
const llama = { kind: 'llama', ...shared, keyHeads: 4, headWidth: 64, rotaryStretch: null } as const;
it.each([
  ['GPT-NeoX', { kind: 'gpt_neox', ...shared, inner: 2048, rotary: 16, parallelResidual: true }],
  ['GPT-NeoX, one after the other', { kind: 'gpt_neox', ...shared, inner: 1600, rotary: 16, parallelResidual: false }],
  ['Llama', { ...llama, inner: 1408 }],
  ['Llama, wide and tied', { ...llama, inner: 2048, tied: true, keyHeads: 8 }],
] as const)('%s: the vector to its padding, activations to 5%%', (_, architecture) => {
  const given = { vocabSize: 997, blockSize: 512, layers: 6, heads: 8, width: 512, architecture };
  const model = modelConfig.parse({ ...given, bias: architecture.kind === 'gpt_neox' });
  const base = presetConfig('quickstart', { name: 'run', dataset: { folder: '/data', tokenizer: { vocabSize: 997 } } });
  const config = { ...base, model };
  const { elements, count } = parameterTable(model);
  expect(parameterCount(model)).toBe(count);
  expect(vectorElements(model) / elements).toBeCloseTo(1, 3);
  const size = { batch: config.batch.microBatch, tokens: model.blockSize };
  const arenas = [trainProgram(model, size), evaluateProgram(model, size)].map(
    (program) => lowerProgram(program, true).arenaBytes,
  );
  const { activations } = estimateMemory(config, 64e9);
  expect(activations / arenas[0]).toBeGreaterThan(0.95);
  expect(activations / arenas[0]).toBeLessThan(1.05);
});
