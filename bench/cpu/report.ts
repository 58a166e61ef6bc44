/** Numbers of a run of the bench, and the line that it ends with. */
import { type Known, tolerated } from './peaks.ts';
import type { TorchWay } from './rival.ts';

export interface Spread {
  readonly min: number;
  readonly median: number;
}

/** Milliseconds of a work's steps: Meander's in float32 and mixed precision, and the rivals' that ran. */
export type Timing = { readonly meander: Spread } & {
  readonly [who in 'mixed' | 'llmc' | `torch_${TorchWay}`]: Spread | null;
};

export interface Measured {
  readonly cpu: string;
  readonly family: string;
  readonly mixedFamily: string | null;
  readonly threads: number;
  readonly torch: string | null;
  /** Operations and bytes per second, all threads. */
  readonly peaks: Peaks;
  /** What this processor reaches undisturbed, one thread; null where nobody measured it. */
  readonly known: Known | null;
  readonly bandwidth: number;
  /** By work; operations of one step beside its times. */
  readonly steps: Readonly<Record<string, { readonly flops: number; readonly timing: Timing }>>;
  /** Bytes of weights that a token reads beside its times. */
  readonly sampling: { readonly meander: Sampling | null; readonly mixed: Sampling | null };
  /** Shares of a step that policies add, and the work on which that was measured. */
  readonly overheads: { readonly work: string; readonly policies: number; readonly emaEveryStep: number } | null;
}
interface Sampling {
  readonly bytes: number;
  readonly ms: Spread;
}
interface Peaks {
  readonly meander: number;
  readonly mixed: number | null;
}

/** Null for no numbers. */
export function spread(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { min: sorted[0], median };
}

const rounded = (value: number, digits = 3) => Number(value.toPrecision(digits));
const short = (s: Spread | null) => s && { min: rounded(s.min, 4), median: rounded(s.median, 4) };

/** Whether a peak is so far below what this processor is known for that a share of it says nothing. */
export function isVoid(peak: number | null, known: number | null | undefined, threads: number): boolean {
  return peak !== null && known !== null && known !== undefined && peak < tolerated * known * threads;
}

/**
 * The last line, as docs/performance.md names its fields. Shares and ratios are those of GPT-2 small's fastest steps:
 * `vs_torch_f32` float32 against float32, the other ratios Meander's fastest precision against that rival. What was not
 * measured is null: a ratio to a rival that did not run (`vs_torch_best` needs all four of PyTorch's ways), and shares of
 * a peak that something disturbed.
 */
export function summary(measured: Measured): Record<string, unknown> {
  const gpt2 = measured.steps['gpt2-small'];
  const { sampling, bandwidth, peaks, known, threads, overheads } = measured;
  const against = (ours: number | undefined, rival: Spread | null | undefined) =>
    rival && ours ? rounded(rival.min / ours) : null;
  const voided = isVoid(peaks.meander, known?.float32, threads);
  const voidedMixed = isVoid(peaks.mixed, known?.mixed, threads);
  const share = (ms: Spread | null | undefined, peak: number | null, without: boolean) =>
    ms && peak && !without ? rounded(gpt2.flops / (ms.min / 1000) / peak) : null;
  const ofBandwidth = (s: Sampling | null) => s && rounded(s.bytes / (s.ms.min / 1000) / bandwidth);
  const best = gpt2 && Math.min(gpt2.timing.meander.min, gpt2.timing.mixed?.min ?? Number.POSITIVE_INFINITY);
  return {
    cpu: measured.cpu,
    family: measured.family,
    family_mixed: measured.mixedFamily,
    threads,
    torch: measured.torch,
    peak_tflops: rounded(peaks.meander / 1e12),
    peak_tflops_mixed: peaks.mixed && rounded(peaks.mixed / 1e12),
    peak_known_tflops: known && rounded((known.float32 * threads) / 1e12),
    peak_known_tflops_mixed: known?.mixed ? rounded((known.mixed * threads) / 1e12) : null,
    read_gb_per_s: rounded(bandwidth / 1e9),
    step_ms: Object.fromEntries(
      Object.entries(measured.steps).map(([id, { timing }]) => [
        id,
        Object.fromEntries(Object.entries(timing).map(([who, ms]) => [who, short(ms)])),
      ]),
    ),
    share_of_peak: share(gpt2?.timing.meander, peaks.meander, voided),
    share_of_peak_mixed: share(gpt2?.timing.mixed, peaks.mixed, voidedMixed),
    vs_torch_best: against(best, bestTorch(gpt2?.timing)),
    vs_torch_f32: against(gpt2?.timing.meander.min, gpt2?.timing.torch_f32),
    vs_torch_bf16: against(best, gpt2?.timing.torch_bf16),
    vs_llmc: against(best, gpt2?.timing.llmc),
    policies_overhead: overheads && rounded(overheads.policies),
    ema_every_step_overhead: overheads && rounded(overheads.emaEveryStep),
    overheads_of: overheads?.work ?? null,
    sampling_ms: sampling.meander && short(sampling.meander.ms),
    sampling_ms_mixed: sampling.mixed && short(sampling.mixed.ms),
    sampling_share_of_bandwidth: ofBandwidth(sampling.meander),
    sampling_share_of_bandwidth_mixed: ofBandwidth(sampling.mixed),
  };
}

/** The fastest of PyTorch's ways; null unless all of them ran, since the one that did not might be it. */
function bestTorch(timing: Timing | undefined): Spread | null {
  if (!timing) return null;
  const all = [timing.torch_f32, timing.torch_bf16, timing.torch_f32_compiled, timing.torch_bf16_compiled];
  return all.reduce((best, one) => (best && one ? (one.min < best.min ? one : best) : null));
}

/** One line of the table for people. */
export function row(title: string, flops: number, peaks: Peaks, timing: Timing): string {
  const { meander, mixed } = timing;
  const ms = (s: Spread) => `${s.min.toFixed(1)} / ${s.median.toFixed(1)} ms`;
  const rival = (name: string, s: Spread | null, ours: Spread) =>
    s ? `; ${name} ${ms(s)}, ${(s.min / ours.min).toFixed(2)}× as long` : '';
  const share = (s: Spread, peak: number) => `${((100 * flops) / (s.min / 1000) / peak).toFixed(0)}% of peak`;
  const low = mixed && peaks.mixed ? `; mixed ${ms(mixed)}, ${share(mixed, peaks.mixed)}` : '';
  const ours = mixed ?? meander;
  return [
    `${title}: ${ms(meander)}, ${share(meander, peaks.meander)}${low}`,
    rival('PyTorch', timing.torch_f32, meander),
    rival('compiled', timing.torch_f32_compiled, meander),
    rival('PyTorch bfloat16', timing.torch_bf16, ours),
    rival('compiled', timing.torch_bf16_compiled, ours),
    rival('llm.c', timing.llmc, ours),
  ].join('');
}
