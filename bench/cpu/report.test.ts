import { describe, expect, it } from 'vitest';
import { type Measured, spread, summary } from './report.ts';
import { stepFlops, tokenWeights, works } from './work.ts';

const gpt2 = works[0];

describe('the numbers of bench:cpu', () => {
  it('counts about 780 GFLOP for a GPT-2 small step of 4 × 256 tokens and 124 million weights for a token', () => {
    expect(stepFlops(gpt2) / 1e9).toBeCloseTo(773.6, 0);
    expect(tokenWeights(gpt2) / 1e6).toBeCloseTo(123.5, 1);
  });

  it('takes the minimum and the median', () => {
    expect(spread([])).toBeNull();
    expect(spread([3, 1, 2])).toEqual({ min: 1, median: 2 });
    expect(spread([4, 1, 2, 3])).toEqual({ min: 1, median: 2.5 });
  });

  it('says shares and ratios of the fastest steps, and null for what was not measured', () => {
    const one = { min: 2000, median: 3000 };
    const timing = {
      meander: one,
      mixed: { min: 1000, median: 1000 },
      torch_f32: { min: 5000, median: 5000 },
      torch_bf16: { min: 3000, median: 3000 },
    };
    const measured: Measured = {
      cpu: 'x',
      family: 'y',
      mixedFamily: 'z',
      threads: 2,
      torch: '2',
      peaks: { meander: 1e12, mixed: 2e12 },
      bandwidth: 2e10,
      steps: { 'gpt2-small': { flops: 1e12, timing } },
      sampling: { meander: { bytes: 1e9, ms: { min: 100, median: 200 } }, mixed: null },
    };
    expect(summary(measured)).toMatchObject({
      share_of_peak: 0.5,
      share_of_peak_mixed: 0.5,
      vs_torch_f32: 2.5,
      vs_torch_bf16: 3,
      vs_torch_best: null,
      vs_llmc: null,
      sampling_share_of_bandwidth: 0.5,
      sampling_share_of_bandwidth_mixed: null,
    });
    const alone = { ...timing, mixed: null };
    const without = { ...measured, steps: { 'gpt2-small': { flops: 1e12, timing: alone } } };
    expect(summary(without)).toMatchObject({ share_of_peak_mixed: null, vs_torch_bf16: 1.5 });
    expect(summary({ ...measured, steps: {}, sampling: { meander: null, mixed: null } })).toMatchObject({
      share_of_peak: null,
      vs_torch_f32: null,
      sampling_share_of_bandwidth: null,
    });
  });
});
