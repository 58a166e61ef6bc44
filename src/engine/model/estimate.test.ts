/** The window's estimate is made without the engine: here it is held against what the engine does. */
import { expect, it } from 'vitest';
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
    expect(activations / (arenas[0] + arenas[1])).toBeGreaterThan(0.98);
    expect(activations / (arenas[0] + arenas[1])).toBeLessThan(1.02);
  },
);
