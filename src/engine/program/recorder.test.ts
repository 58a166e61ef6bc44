import { describe, expect, it } from 'vitest';
import { modelConfig } from '../../shared/config.ts';
import { evaluateProgram, trainProgram } from '../model/gpt.ts';
import { Recorder } from './recorder.ts';

const entries = [
  { name: 'w', shape: [4, 6], offset: 0, decay: true },
  { name: 'g', shape: [4], offset: 64, decay: false },
  { name: 'v', shape: [5, 4], offset: 128, decay: true },
];
const recorder = () => new Recorder('test', { entries, elements: 192, count: 48 });

describe('Recorder', () => {
  it('gives shapes of outputs', () => {
    const r = recorder();
    const x = r.input('x', [2, 3, 4], 'f32');
    expect(r.linear(x, r.parameter('w')).shape).toEqual([2, 3, 6]);
    expect(r.attention(r.input('qkv', [2, 3, 12], 'f32'), { heads: 2, scale: 1, dropout: 0, stream: 1 }).shape).toEqual(
      [2, 3, 4],
    );
    expect(r.lastPosition(x).shape).toEqual([2, 4]);
    expect(r.classifierLogits(x, r.parameter('v'), 3).shape).toEqual([6, 3]);
    expect(r.parameter('v')).toMatchObject({ offset: 128, store: 'parameters' });
    expect(r.optionalParameter('nothing')).toBeUndefined();
  });

  const x = (r: Recorder, ...shape: number[]) => r.input('x', shape, 'f32');
  it.each<[string, (r: Recorder) => unknown, RegExp]>([
    ['parameter', (r) => r.parameter('nothing'), /no parameter is called "nothing"/],
    ['linear', (r) => r.linear(x(r, 2, 5), r.parameter('w')), /linear: x \("x"\) has shape \[2,5\], expected \[2,4\]/],
    ['bias', (r) => r.linear(x(r, 2, 4), r.parameter('w'), r.parameter('g')), /linear: bias/],
    ['activation as weight', (r) => r.linear(x(r, 2, 4), x(r, 4, 4)), /must be a parameter, it is input/],
    ['layerNorm', (r) => r.layerNorm(x(r, 2, 5), r.parameter('g')), /layerNorm: weight/],
    ['residual', (r) => r.residualLayerNorm(x(r, 2, 4), x(r, 3, 4), r.parameter('g')), /delta/],
    ['heads', (r) => r.attention(x(r, 1, 2, 12), { heads: 3, scale: 1, dropout: 0, stream: 1 }), /3 heads/],
    ['rank', (r) => r.lastPosition(x(r, 2, 4)), /expected \[B,T,C\]/],
    ['vocab', (r) => r.classifierLogits(x(r, 2, 4), r.parameter('v'), 6), /vocab 6 exceeds the 5 rows/],
    ['targets', (r) => r.classifierLoss(x(r, 2, 4), r.parameter('v'), r.input('t', [3], 'i32'), 5), /targets/],
    ['dropout', (r) => r.dropout(x(r, 2, 4), { rate: 1, stream: 1 }), /rate 1/],
    ['empty', (r) => r.input('x', [2, 0], 'f32'), /positive integer/],
    [
      'cache',
      (r) => r.cachedAttention(x(r, 1, 2, 12), x(r, 1, 2, 1, 2), x(r, 1, 2, 1, 2), { heads: 2, scale: 1 }),
      /fit/,
    ],
  ])('%s: an error names what is wrong', (_, record, message) => {
    expect(() => record(recorder())).toThrow(message);
  });

  it('refuses two results of one name', () => {
    const r = recorder();
    const logits = () => r.classifierLogits(x(r, 2, 4), r.parameter('v'), 5);
    expect(() => r.program(logits(), logits())).toThrow(/share a name/);
  });
});

describe('GPT', () => {
  const model = modelConfig.parse({ blockSize: 8, vocabSize: 11, layers: 1, heads: 2, width: 6 });
  it('refuses more tokens than its context', () => {
    expect(() => evaluateProgram(model, { batch: 1, tokens: 9 })).toThrow(
      /9 tokens need as many rows of wpe, it has 8/,
    );
    expect(() => trainProgram({ ...model, heads: 4 }, { batch: 1, tokens: 8 })).toThrow(/heads/);
  });
});
