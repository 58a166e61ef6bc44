import { describe, expect, it } from 'vitest';
import { modelConfig, optimizerConfig } from '../../shared/config.ts';
import { decodeProgram, evaluateProgram, trainProgram, updateProgram } from '../model/gpt.ts';
import { parameterTable } from '../model/table.ts';
import { derive } from './derive.ts';
import { Recorder } from './recorder.ts';
import { readsOf, writesOf } from './shapes.ts';
import type { Op, Program } from './types.ts';

const model = modelConfig.parse({
  blockSize: 8,
  vocabSize: 11,
  paddedVocabSize: 16,
  layers: 2,
  heads: 2,
  width: 6,
  bias: true,
  dropout: 0.1,
});
const kinds = (program: Program) => program.ops.map((op) => op.kind);

describe("GPT's training program", () => {
  const program = trainProgram(model, { batch: 2, tokens: 8 });

  it('writes each gradient first and adds from then on; the tied embedding twice', () => {
    const written = new Map<number, string[]>();
    for (const op of program.ops)
      for (const [slot, tensor] of Object.entries(op.out))
        if (tensor?.role === 'gradient')
          written.set(tensor.offset, [...(written.get(tensor.offset) ?? []), `${op.kind} ${op.writes[slot]}`]);
    const table = parameterTable(model);
    expect([...written.keys()].sort((a, b) => a - b)).toEqual(table.entries.map((e) => e.offset));
    expect(written.get(0)).toEqual(['classifierLossTrain first', 'embeddingBackward add']);
    for (const [offset, writers] of written) if (offset !== 0) expect(writers).toHaveLength(1);
    expect(written.get(table.entries[1].offset)).toEqual(['embeddingBackward first']);
  });

  it("sums the residual stream's gradient through dresidual, with no pass of its own", () => {
    expect(kinds(program).filter((k) => k === 'dropoutBackward')).toHaveLength(5);
    const norms = program.ops.filter((op): op is Op<'layerNormBackward'> => op.kind === 'layerNormBackward');
    expect(norms.map((op) => op.in.dresidual !== undefined)).toEqual([false, true, true, true, true]);
    for (const op of program.ops) expect(op.writes.dx).toBeUndefined();
  });

  it('saves the value before an activation only where one is, and only in training', () => {
    const saved = (p: Program) =>
      p.ops.filter((op): op is Op<'linear'> => op.kind === 'linear').map((op) => op.out.pre !== undefined);
    expect(saved(program)).toEqual([false, false, true, false, false, false, true, false]);
    expect(saved(evaluateProgram(model, { batch: 2, tokens: 8 })).some(Boolean)).toBe(false);
  });

  it('reads nothing before it is written, and names every tensor by its own id', () => {
    const ready = new Set<number>();
    const tensors = new Map<number, unknown>();
    for (const op of program.ops) {
      for (const t of readsOf(op)) if (t.role === 'activation') expect(ready.has(t.id), t.name).toBe(true);
      for (const t of writesOf(op)) ready.add(t.id);
      for (const t of [...readsOf(op), ...writesOf(op)]) {
        expect(tensors.get(t.id) ?? t).toBe(t);
        tensors.set(t.id, t);
      }
    }
  });

  it('records the loss right after it is known', () => {
    const at = kinds(program).indexOf('classifierLossTrain');
    expect(kinds(program)[at + 1]).toBe('recordLoss');
    expect(kinds(program)).not.toContain('classifierLoss');
  });

  it('is plain data', () => {
    expect(JSON.parse(JSON.stringify(program)).ops).toHaveLength(program.ops.length);
  });
});

describe('the other programs', () => {
  it('evaluate and decode without dropout', () => {
    expect(kinds(evaluateProgram(model, { batch: 1, tokens: 3 }))).not.toContain('dropout');
    const attention = evaluateProgram(model, { batch: 1, tokens: 3 }).ops.find((op) => op.kind === 'attention');
    expect(attention?.attrs.dropout).toBe(0);
    expect(decodeProgram(model, { batch: 1, tokens: 1 }).results[0].shape).toEqual([1, 11]);
  });

  it('scale attention by the inverse layer index where asked', () => {
    const scales = (inverseLayerScaling: boolean) =>
      trainProgram({ ...model, inverseLayerScaling }, { batch: 1, tokens: 2 })
        .ops.filter((op): op is Op<'attention'> => op.kind === 'attention')
        .map((op) => op.attrs.scale * Math.sqrt(3));
    for (const scale of scales(false)) expect(scale).toBeCloseTo(1, 12);
    for (const [layer, scale] of scales(true).entries()) expect(scale).toBeCloseTo(1 / (layer + 1), 12);
  });

  it('draw each dropout from a stream of its own', () => {
    const streams = trainProgram(model, { batch: 1, tokens: 2 }).ops.flatMap((op) =>
      op.kind === 'dropout' || op.kind === 'attention' ? [op.attrs.stream] : [],
    );
    expect(streams).toHaveLength(7);
    expect(new Set(streams).size).toBe(7);
    expect(Math.min(...streams)).toBeGreaterThanOrEqual(1000);
  });

  it('update decays nothing when weight decay is zero', () => {
    const optimizer = optimizerConfig.parse({ weightDecay: 0 });
    const [op] = updateProgram(parameterTable(model), optimizer).ops;
    expect(op.kind === 'adamw' && op.attrs.decay).toEqual([]);
  });
});

describe('derive', () => {
  const recorder = () => new Recorder('test', parameterTable(model));

  it('needs exactly one loss', () => {
    expect(() => derive(recorder().program())).toThrow(/one classifierLoss, found 0/);
  });

  it('says which operation has no derivative', () => {
    const r = recorder();
    const x = r.embedding(
      r.input('tokens', [2, 3], 'i32'),
      r.parameter('transformer.wte.weight'),
      r.parameter('transformer.wpe.weight'),
    );
    const losses = r.classifierLoss(
      r.lastPosition(x),
      r.parameter('transformer.wte.weight'),
      r.input('targets', [2], 'i32'),
      11,
    );
    expect(() => derive(r.program(losses))).toThrow(/lastPosition has no derivative/);
  });
});
