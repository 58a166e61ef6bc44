import { describe, expect, it } from 'vitest';
import type { TrainLine } from '../shared/metrics.ts';
import { readTrainLine, trainValues } from './train-line.ts';

const line = (change: Partial<TrainLine> = {}): TrainLine => ({
  type: 'train',
  step: 1234567,
  seconds: 98765.43210987654,
  loss: Math.fround(2.7651),
  gradientNorm: Math.fround(1e-7),
  learningRate: 5.999912345678e-4,
  tokensPerSecond: 27600.5,
  ...change,
});
const read = (text: string): number[] | null => {
  // Neighbours on both sides must not be read into it.
  const bytes = Buffer.from(`}}${text}99}`);
  return readTrainLine(bytes, 2, 2 + Buffer.byteLength(text)) ? [...trainValues] : null;
};
const f32 = (value: number | null): number => (value === null ? Number.NaN : Math.fround(value));

it('reads what the trainer writes, to the bit where it was a float32', () => {
  let state = 1;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  for (let i = 0; i < 2000; i++) {
    const made = line({
      step: Math.floor(random() * 1e9),
      seconds: random() * 10 ** Math.floor(random() * 7),
      loss: Math.fround(random() * 12),
      gradientNorm: Math.fround(random() * 10 ** (Math.floor(random() * 60) - 30)),
      learningRate: random() * 10 ** -Math.floor(random() * 12),
      tokensPerSecond: random() * 1e6,
    });
    const values = read(JSON.stringify(made));
    expect(values?.[0]).toBe(made.step);
    expect(f32(values?.[2] ?? 0)).toBe(made.loss);
    expect(f32(values?.[3] ?? 0)).toBe(made.gradientNorm);
    for (const [i, key] of [
      [1, 'seconds'],
      [4, 'learningRate'],
      [5, 'tokensPerSecond'],
    ] as const)
      expect(Math.abs((values?.[i] ?? 0) / made[key] - 1)).toBeLessThan(2e-14);
  }
});

it('reads null as what is not finite, zero, and every exponent', () => {
  const values = read(JSON.stringify(line({ loss: null, gradientNorm: null, learningRate: 0, tokensPerSecond: 0 })));
  expect(values?.slice(2)).toEqual([Number.NaN, Number.NaN, 0, 0]);
  const text = JSON.stringify(line());
  for (const written of ['1e3', '1E+3', '1000', '1000.0', '0.1e4', '1.0e+03'])
    expect(read(text.replace(/"seconds":[^,]+/, `"seconds":${written}`))?.[1]).toBe(1000);
});

describe('leaves to the parser of JSON', () => {
  const text = JSON.stringify(line());
  it.each([
    ['another type', JSON.stringify({ type: 'note', step: 1, level: 'info', text: 'x' })],
    ['a skipped update', JSON.stringify(line({ skipped: true }))],
    ['another order', JSON.stringify({ note: '', ...line() })],
    ['a torn line', text.slice(0, -5)],
    ['a line torn inside of a name', text.slice(0, 40)],
    ['something behind it', `${text} `],
    ['a step that is not whole', text.replace('1234567', '1.5')],
    ['a negative step', text.replace('1234567', '-1')],
    ['a step of null', text.replace('1234567', 'null')],
    ['no number', text.replace('27600.5', '"x"')],
    ['a number that JSON does not have', text.replace('27600.5', '0123')],
    ['a point at the end', text.replace('27600.5', '27600.')],
    ['an exponent without digits', text.replace('27600.5', '2e')],
    ['nothing', ''],
  ])('%s', (_, given) => expect(read(given)).toBeNull());
});
