import { describe, expect, test } from 'vitest';
import { applyResumes, type MetricsLine, parseMetricsLine } from './metrics.ts';

const train = (step: number): MetricsLine => ({
  type: 'train',
  step,
  seconds: step,
  loss: 1,
  gradientNorm: 1,
  learningRate: 1,
  tokensPerSecond: 1,
});
const checkpoint = (step: number): MetricsLine => ({ type: 'checkpoint', step, bytes: 1 });
const resume = (from: number): MetricsLine => ({ type: 'resume', from, exact: true });

describe('applyResumes', () => {
  test('drops lines past the step, and the update that is made again', () => {
    const lines = [train(0), train(1), checkpoint(2), train(2), train(3), resume(2), train(2)];
    expect(applyResumes(lines)).toEqual([train(0), train(1), checkpoint(2), resume(2), train(2)]);
  });
  test('a second resume from an earlier step drops what the first left', () => {
    const lines = [train(0), checkpoint(1), train(1), resume(1), train(1), train(2), resume(0), train(0)];
    expect(applyResumes(lines)).toEqual([resume(0), train(0)]);
  });
  test('leaves lines without a resume alone', () => {
    expect(applyResumes([train(0), checkpoint(1)])).toEqual([train(0), checkpoint(1)]);
  });
});

test('torn, foreign and empty lines are null', () => {
  expect(parseMetricsLine('{"type":"train","st')).toBeNull();
  expect(parseMetricsLine('{"type":"unknown"}')).toBeNull();
  expect(parseMetricsLine('')).toBeNull();
  expect(parseMetricsLine(JSON.stringify(checkpoint(3)))).toEqual(checkpoint(3));
});
