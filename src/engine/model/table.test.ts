import { describe, expect, it } from 'vitest';
import { modelConfig } from '../../shared/config.ts';
import { initialWeights } from './init.ts';
import { decayRanges, parameterTable } from './table.ts';

const small = (given: object = {}) =>
  modelConfig.parse({ blockSize: 10, vocabSize: 13, layers: 2, heads: 3, width: 9, ...given });
const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

describe('parameterTable', () => {
  it.each([true, false])('lays tensors out at multiples of 64 without overlap (bias %s)', (bias) => {
    const { entries, elements } = parameterTable(small({ bias }));
    let end = 0;
    for (const entry of entries) {
      expect(entry.offset % 64).toBe(0);
      expect(entry.offset).toBeGreaterThanOrEqual(end);
      expect(entry.offset - end).toBeLessThan(64);
      end = entry.offset + size(entry.shape);
    }
    expect(elements % 64).toBe(0);
    expect(elements - end).toBeLessThan(64);
    expect(new Set(entries.map((e) => e.name)).size).toBe(entries.length);
  });

  it("counts GPT-2 small's 124,439,808 weights", () => {
    const gpt2 = { blockSize: 1024, vocabSize: 50257, layers: 12, heads: 12, width: 768, bias: true };
    expect(parameterTable(modelConfig.parse(gpt2)).count).toBe(124_439_808);
    expect(parameterTable(modelConfig.parse({ ...gpt2, paddedVocabSize: 50304 })).count).toBe(124_439_808);
  });

  it("has Hugging Face's names and orientation", () => {
    const shapes = new Map(parameterTable(small({ bias: true })).entries.map((e) => [e.name, e.shape]));
    expect(shapes.get('transformer.h.1.attn.c_attn.weight')).toEqual([9, 27]);
    expect(shapes.get('transformer.h.0.mlp.c_proj.weight')).toEqual([36, 9]);
    expect(shapes.get('transformer.ln_f.bias')).toEqual([9]);
    expect(shapes.has('lm_head.weight')).toBe(false);
  });

  it('decays matrices; embeddings by choice', () => {
    const decayed = (embeddings: boolean) =>
      parameterTable(small({ bias: true }), embeddings)
        .entries.filter((e) => e.decay)
        .map((e) => e.name);
    expect(decayed(true).slice(0, 3)).toEqual([
      'transformer.wte.weight',
      'transformer.wpe.weight',
      'transformer.h.0.attn.c_attn.weight',
    ]);
    expect(decayed(false)[0]).toBe('transformer.h.0.attn.c_attn.weight');
    expect(decayed(false)).toHaveLength(8);
  });

  it('decay ranges cover exactly the decayed tensors', () => {
    for (const embeddings of [true, false]) {
      const table = parameterTable(small({ bias: true }), embeddings);
      const ranges = decayRanges(table);
      const inside = (i: number) => ranges.some(([start, end]) => i >= start && i < end);
      for (const { offset, shape, decay } of table.entries)
        for (const i of [offset, offset + size(shape) - 1]) expect(inside(i)).toBe(decay);
      ranges.slice(1).forEach(([start], i) => {
        expect(start).toBeGreaterThan(ranges[i][1]);
      });
    }
  });
});

describe('initialWeights', () => {
  it('fills every tensor, leaves padding and padded rows zero, and depends on the seed alone', () => {
    const model = small({ bias: true, paddedVocabSize: 16 });
    const table = parameterTable(model);
    const fill = (seed: number) => {
      const vector = new Float32Array(table.elements);
      for (const { offset, data } of initialWeights(model, seed)) vector.set(data, offset);
      return vector;
    };
    const vector = fill(1);
    expect(fill(1)).toEqual(vector);
    expect(fill(2)).not.toEqual(vector);
    const used = new Set(table.entries.flatMap((e) => Array.from({ length: size(e.shape) }, (_, i) => e.offset + i)));
    vector.forEach((value, i) => {
      if (!used.has(i)) expect(value).toBe(0);
    });
    const tensor = (name: string) => {
      const entry = table.entries.find((e) => e.name === name)!;
      return vector.subarray(entry.offset, entry.offset + size(entry.shape));
    };
    expect(
      tensor('transformer.wte.weight')
        .subarray(13 * 9)
        .every((x) => x === 0),
    ).toBe(true);
    expect(
      tensor('transformer.wte.weight')
        .subarray(0, 13 * 9)
        .every((x) => x !== 0),
    ).toBe(true);
    expect(tensor('transformer.h.0.ln_1.weight').every((x) => x === 1)).toBe(true);
    expect(tensor('transformer.h.0.attn.c_attn.bias').every((x) => x === 0)).toBe(true);
  });

  it('has the deviations of nanoGPT', () => {
    const model = small({ width: 60, layers: 8 });
    const table = parameterTable(model);
    const deviation = new Map<number, number[]>();
    for (const { offset, data } of initialWeights(model, 3))
      deviation.set(offset, [data.reduce((a, x) => a + x * x, 0), data.length]);
    for (const { name, offset, shape } of table.entries) {
      if (shape.length < 2 || size(shape) < 2000) continue;
      const [squares, count] = deviation.get(offset)!;
      const expected = name.endsWith('c_proj.weight') ? 0.02 / Math.sqrt(16) : 0.02;
      expect(Math.sqrt(squares / count) / expected, name).toBeCloseTo(1, 1);
    }
  });
});
