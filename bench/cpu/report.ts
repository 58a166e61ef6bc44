/** Numbers of a run of the bench, and the line that it ends with. */

export interface Spread {
  readonly min: number;
  readonly median: number;
}

/** Milliseconds of a work's steps: Meander's in float32 and mixed precision, and PyTorch's where it ran. */
export interface Timing {
  readonly meander: Spread;
  readonly mixed: Spread | null;
  readonly torch_f32: Spread | null;
  readonly torch_bf16: Spread | null;
}

export interface Measured {
  readonly cpu: string;
  readonly family: string;
  readonly mixedFamily: string | null;
  readonly threads: number;
  readonly torch: string | null;
  /** Operations and bytes per second, all threads. */
  readonly peaks: Peaks;
  readonly bandwidth: number;
  /** By work; operations of one step beside its times. */
  readonly steps: Readonly<Record<string, { readonly flops: number; readonly timing: Timing }>>;
  /** Bytes of weights that a token reads beside its times. */
  readonly sampling: { readonly meander: Sampling | null; readonly mixed: Sampling | null };
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

/**
 * The last line, as docs/performance.md names its fields. Shares and ratios are those of GPT-2 small's fastest steps:
 * `vs_torch_f32` float32 against float32, `vs_torch_bf16` Meander's fastest precision against bfloat16 autocast. What
 * was not measured is null: `vs_torch_best` without torch.compile, which is not among the rivals, `vs_llmc`, and the
 * policies' overheads.
 */
export function summary(measured: Measured): Record<string, unknown> {
  const gpt2 = measured.steps['gpt2-small'];
  const { sampling, bandwidth, peaks } = measured;
  const against = (ours: number | undefined, rival: Spread | null | undefined) =>
    rival && ours ? rounded(rival.min / ours) : null;
  const share = (ms: Spread | null | undefined, peak: number | null) =>
    ms && peak ? rounded(gpt2.flops / (ms.min / 1000) / peak) : null;
  const ofBandwidth = (s: Sampling | null) => s && rounded(s.bytes / (s.ms.min / 1000) / bandwidth);
  const best = gpt2 && Math.min(gpt2.timing.meander.min, gpt2.timing.mixed?.min ?? Number.POSITIVE_INFINITY);
  return {
    cpu: measured.cpu,
    family: measured.family,
    family_mixed: measured.mixedFamily,
    threads: measured.threads,
    torch: measured.torch,
    peak_tflops: rounded(peaks.meander / 1e12),
    peak_tflops_mixed: peaks.mixed && rounded(peaks.mixed / 1e12),
    read_gb_per_s: rounded(bandwidth / 1e9),
    step_ms: Object.fromEntries(
      Object.entries(measured.steps).map(([id, { timing }]) => [
        id,
        Object.fromEntries(Object.entries(timing).map(([who, ms]) => [who, short(ms)])),
      ]),
    ),
    share_of_peak: share(gpt2?.timing.meander, peaks.meander),
    share_of_peak_mixed: share(gpt2?.timing.mixed, peaks.mixed),
    vs_torch_best: null,
    vs_torch_f32: against(gpt2?.timing.meander.min, gpt2?.timing.torch_f32),
    vs_torch_bf16: against(best, gpt2?.timing.torch_bf16),
    vs_llmc: null,
    policies_overhead: null,
    ema_every_step_overhead: null,
    sampling_ms: sampling.meander && short(sampling.meander.ms),
    sampling_ms_mixed: sampling.mixed && short(sampling.mixed.ms),
    sampling_share_of_bandwidth: ofBandwidth(sampling.meander),
    sampling_share_of_bandwidth_mixed: ofBandwidth(sampling.mixed),
  };
}

/** One line of the table for people. */
export function row(title: string, flops: number, peaks: Peaks, timing: Timing): string {
  const { meander, mixed, torch_f32, torch_bf16 } = timing;
  const ms = (s: Spread) => `${s.min.toFixed(1)} / ${s.median.toFixed(1)} ms`;
  const rival = (name: string, s: Spread | null, ours: Spread) =>
    s ? `; ${name} ${ms(s)}, ${(s.min / ours.min).toFixed(2)}× as long` : '';
  const share = (s: Spread, peak: number) => `${((100 * flops) / (s.min / 1000) / peak).toFixed(0)}% of peak`;
  const low = mixed && peaks.mixed ? `; mixed ${ms(mixed)}, ${share(mixed, peaks.mixed)}` : '';
  const own = `${title}: ${ms(meander)}, ${share(meander, peaks.meander)}${low}`;
  return `${own}${rival('PyTorch', torch_f32, meander)}${rival('PyTorch bfloat16', torch_bf16, mixed ?? meander)}`;
}
