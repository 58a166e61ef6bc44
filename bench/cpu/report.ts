/** Numbers of a run of the bench, and the line that it ends with. */

export interface Spread {
  readonly min: number;
  readonly median: number;
}

/** Milliseconds of a work's steps: Meander's, and PyTorch's where it ran. */
export interface Timing {
  readonly meander: Spread;
  readonly torch_f32: Spread | null;
  readonly torch_bf16: Spread | null;
}

export interface Measured {
  readonly cpu: string;
  readonly family: string;
  readonly threads: number;
  readonly torch: string | null;
  /** Operations and bytes per second, all threads. */
  readonly peak: number;
  readonly bandwidth: number;
  /** By work; operations of one step beside its times. */
  readonly steps: Readonly<Record<string, { readonly flops: number; readonly timing: Timing }>>;
  readonly sampling: { readonly bytes: number; readonly ms: Spread } | null;
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
 * The last line, as docs/performance.md name its fields. Shares and ratios are those of GPT-2 small's fastest steps. What was not measured is null:
 * `vs_torch_best` without torch.compile, which is not among the rivals, `vs_llmc`, and the policies' overheads.
 */
export function summary(measured: Measured): Record<string, unknown> {
  const gpt2 = measured.steps['gpt2-small'];
  const least = gpt2?.timing.meander.min;
  const against = (rival: Spread | null | undefined) => (rival ? rounded(rival.min / least) : null);
  const { sampling, bandwidth } = measured;
  return {
    cpu: measured.cpu,
    family: measured.family,
    threads: measured.threads,
    torch: measured.torch,
    peak_tflops: rounded(measured.peak / 1e12),
    read_gb_per_s: rounded(bandwidth / 1e9),
    step_ms: Object.fromEntries(
      Object.entries(measured.steps).map(([id, { timing }]) => [
        id,
        { meander: short(timing.meander), torch_f32: short(timing.torch_f32), torch_bf16: short(timing.torch_bf16) },
      ]),
    ),
    share_of_peak: gpt2 ? rounded(gpt2.flops / (least / 1000) / measured.peak) : null,
    vs_torch_best: null,
    vs_torch_f32: against(gpt2?.timing.torch_f32),
    vs_torch_bf16: against(gpt2?.timing.torch_bf16),
    vs_llmc: null,
    policies_overhead: null,
    ema_every_step_overhead: null,
    sampling_ms: sampling && short(sampling.ms),
    sampling_share_of_bandwidth: sampling && rounded(sampling.bytes / (sampling.ms.min / 1000) / bandwidth),
  };
}

/** One line of the table for people. */
export function row(title: string, flops: number, peak: number, timing: Timing): string {
  const { meander, torch_f32, torch_bf16 } = timing;
  const ms = (s: Spread) => `${s.min.toFixed(1)} / ${s.median.toFixed(1)} ms`;
  const rival = (name: string, s: Spread | null) =>
    s ? `; ${name} ${ms(s)}, ${(s.min / meander.min).toFixed(2)}× as long` : '';
  const share = ((100 * flops) / (meander.min / 1000) / peak).toFixed(0);
  return `${title}: ${ms(meander)}, ${share}% of peak${rival('PyTorch', torch_f32)}${rival('bfloat16', torch_bf16)}`;
}
