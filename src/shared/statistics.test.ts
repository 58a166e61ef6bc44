import { describe, expect, it } from 'vitest';
import type { EvaluationLine } from './metrics.ts';
import {
  bitsPerByte,
  mean,
  pairedDifference,
  pairedHalves,
  perplexity,
  reachedAt,
  standardError,
} from './statistics.ts';

describe('paired differences', () => {
  it('halves the blocks, for a choice on one and a report on the other', () => {
    const [even, odd] = pairedHalves([1, 5, 1, 5.5, 1], [2, 5, 2, 5, 2]);
    expect(even).toMatchObject({ difference: -1, standardError: 0, verdict: 'better' });
    expect(odd).toMatchObject({ difference: 0.25, verdict: 'no difference' });
    expect(() => pairedHalves([1], [1, 2])).toThrow(RangeError);
  });

  it('has the textbook standard error of the mean', () => {
    // Values 1, 2, 3, 4: sample variance 5/3, standard error √(5/12).
    expect(standardError([1, 2, 3, 4])).toBeCloseTo(Math.sqrt(5 / 12), 14);
    expect(standardError([7])).toBe(0);
  });

  it('sees a small steady gain that unpaired errors would drown', () => {
    const raw = Array.from({ length: 64 }, (_, i) => 2 + Math.sin(i));
    const average = raw.map((loss, i) => loss - 0.01 + 0.001 * Math.cos(3 * i));
    const result = pairedDifference(average, raw);
    expect(result.difference).toBeCloseTo(-0.01, 3);
    expect(result.standardError).toBeLessThan(standardError(raw) / 100);
    expect(result.verdict).toBe('better');
    expect(pairedDifference(raw, average).verdict).toBe('worse');
  });

  it('calls less than two standard errors no difference, and equal models too', () => {
    expect(pairedDifference([1, 2, 3], [1.1, 1.9, 3.05]).verdict).toBe('no difference');
    expect(pairedDifference([1, 2, 3], [1, 2, 3])).toEqual({
      difference: 0,
      standardError: 0,
      verdict: 'no difference',
    });
    expect(pairedDifference([1, Number.NaN], [1, 2]).verdict).toBe('no difference');
  });

  it('takes rounding for no difference, however steady it is', () => {
    const raw = Array.from({ length: 64 }, (_, i) => 2 + Math.sin(i));
    expect(
      pairedDifference(
        raw.map((loss) => loss + 2e-7),
        raw,
      ).verdict,
    ).toBe('no difference');
  });

  it('refuses blocks that cannot be paired', () => {
    expect(() => pairedDifference([1, 2], [1])).toThrow(RangeError);
  });
});

describe('perplexity and bits per byte', () => {
  it('follows the definitions', () => {
    expect(perplexity(Math.log(50))).toBeCloseTo(50, 12);
    // One token per byte at ln 256: 8 bits per byte; four bytes per token: 2.
    expect(bitsPerByte(Math.log(256), { tokens: 100, bytes: 100 })).toBeCloseTo(8, 12);
    expect(bitsPerByte(Math.log(256), { tokens: 100, bytes: 400 })).toBeCloseTo(2, 12);
    expect(bitsPerByte(1, { tokens: 100, bytes: 0 })).toBeNull();
  });
  it('has no perplexity past every number', () => expect(perplexity(1000)).toBeNull());
  it('means', () => expect(mean(new Float64Array([1, 2, 6]))).toBe(3));
});

describe("reached raw's final loss", () => {
  const line = (step: number, raw: number | null, average?: number | null): EvaluationLine => ({
    type: 'evaluation',
    step,
    seconds: 0,
    raw,
    rawStandardError: 0,
    blocks: 1,
    took: 0,
    averages:
      average === undefined ? {} : { a: { loss: average, difference: 0, standardError: 0, count: 1, full: true } },
  });

  it('is the first evaluation from which the average stays at or below it', () => {
    const lines = [line(0, 4), line(10, 3, 1.9), line(20, 2.5, 2.4), line(30, 2.2, 2), line(40, 2, 1.8)];
    expect(reachedAt(lines, 'a')).toBe(30);
  });
  it('is null when it never does, when it ends above, and without evaluations', () => {
    expect(reachedAt([line(0, 3, 2), line(10, 2, 2.1)], 'a')).toBeNull();
    expect(reachedAt([line(0, 3), line(10, 2)], 'a')).toBeNull();
    expect(reachedAt([line(0, 3, 1), line(10, null, 1)], 'a')).toBeNull();
    expect(reachedAt([], 'a')).toBeNull();
  });
  it('does not count an evaluation at which the average was not finite', () => {
    expect(reachedAt([line(0, 3, 1), line(10, 2, null), line(20, 2, 1)], 'a')).toBe(20);
  });
});
