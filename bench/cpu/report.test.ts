import { describe, expect, it } from 'vitest';
import { Cycle } from './overhead.ts';
import { knownPeaks } from './peaks.ts';
import { isVoid, type Measured, spread, summary } from './report.ts';
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
      torch_f32_compiled: { min: 4000, median: 4000 },
      torch_bf16_compiled: { min: 2500, median: 2600 },
      llmc: { min: 30_000, median: 30_000 },
    };
    const measured: Measured = {
      cpu: 'x',
      family: 'y',
      mixedFamily: 'z',
      threads: 2,
      torch: '2',
      peaks: { meander: 1e12, mixed: 2e12 },
      known: null,
      bandwidth: 2e10,
      steps: { 'gpt2-small': { flops: 1e12, timing } },
      sampling: { meander: { bytes: 1e9, ms: { min: 100, median: 200 } }, mixed: null },
      overheads: { work: 'quickstart', policies: 0.0123, emaEveryStep: 0.04567 },
    };
    expect(summary(measured)).toMatchObject({
      share_of_peak: 0.5,
      share_of_peak_mixed: 0.5,
      vs_torch_f32: 2.5,
      vs_torch_bf16: 3,
      vs_torch_best: 2.5,
      vs_llmc: 30,
      policies_overhead: 0.0123,
      ema_every_step_overhead: 0.0457,
      sampling_share_of_bandwidth: 0.5,
      sampling_share_of_bandwidth_mixed: null,
    });
    const alone = { ...timing, mixed: null };
    const failed = { ...timing, torch_bf16_compiled: null, llmc: null };
    const oneLess = { ...measured, steps: { 'gpt2-small': { flops: 1e12, timing: failed } } };
    expect(summary(oneLess)).toMatchObject({ vs_torch_best: null, vs_torch_bf16: 3, vs_llmc: null });
    const without = { ...measured, steps: { 'gpt2-small': { flops: 1e12, timing: alone } } };
    expect(summary(without)).toMatchObject({ share_of_peak_mixed: null, vs_torch_bf16: 1.5 });
    expect(summary({ ...measured, steps: {}, sampling: { meander: null, mixed: null } })).toMatchObject({
      share_of_peak: null,
      vs_torch_f32: null,
      sampling_share_of_bandwidth: null,
    });
  });

  it('counts every observation of a cycle as often as it comes, at its quietest', () => {
    const cycle = new Cycle();
    const time = (step: number) => 10 + (step % 10 === 1 ? 5 : 0) + (step % 100 === 1 ? 20 : 0);
    for (let last = 12; last < 300; last += 10) {
      const disturbed = last < 100 ? 7 : 0;
      cycle.add(
        Array.from({ length: 10 }, (_, i) => time(last - 9 + i) + disturbed),
        last,
      );
    }
    expect(cycle.mean()).toBeCloseTo(10 + 0.5 + 0.2, 10);
    const short = new Cycle();
    short.add([10, 15, 10, 10, 10, 10, 10, 10, 10, 10], 29);
    expect(short.mean()).toBeCloseTo(10.5, 10);
  });

  it('knows processors by what they say of themselves, and takes no share of a peak that was disturbed', () => {
    const zen5 = knownPeaks(
      'processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 26\nmodel\t\t: 2\nflags\t\t: fpu avx512_bf16\n',
    );
    expect(zen5).toMatchObject({ float32: 0.28e12, mixed: 0.52e12 });
    const xeon = 'vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\nflags\t\t: fpu amx_bf16 amx_tile\n';
    expect(knownPeaks(xeon)).toMatchObject({ mixed: 2.5e12 });
    expect(knownPeaks('vendor_id\t: GenuineIntel\nflags\t\t: fpu\n')).toBeNull();
    expect(isVoid(0.55e12, zen5?.float32, 2)).toBe(false);
    expect(isVoid(0.49e12, zen5?.float32, 2)).toBe(true);
    expect(isVoid(0.1e12, undefined, 2)).toBe(false);
    expect(isVoid(null, zen5?.mixed, 2)).toBe(false);
  });
});
