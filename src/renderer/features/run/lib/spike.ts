/** What a run's newest spike means now, and what can be done about it. */
import type { RunSummary } from '../../../../shared/api.ts';
import { rewarmSteps } from '../../../../shared/fork.ts';
import type { SpikeLine } from '../../../../shared/metrics.ts';
import type { RunSeries } from '../../../../shared/series.ts';
import { isTraining } from '../../runs/lib/run-state.ts';

type Run = Pick<RunSummary, 'name' | 'status' | 'config' | 'spike' | 'parent'>;

export type SpikeState =
  /** A child run goes on from before it. */
  | { readonly kind: 'rescued'; readonly spike: SpikeLine; readonly child: string }
  /** Nothing from before it was kept, or nothing of the run is left after it. */
  | { readonly kind: 'lost'; readonly spike: SpikeLine; readonly why: 'no-snapshots' | 'at-end' }
  | {
      readonly kind: 'open';
      readonly spike: SpikeLine;
      /** The child's first step. */
      readonly begins: number;
      /** Steps of its second warm-up. */
      readonly warmup: number;
      /** The run holds the processor: the child waits for it, so it is stopped first. */
      readonly stopFirst: boolean;
    };

/** @returns null for a run without a spike. `runs`: every run there is, to find the child. */
export function spikeState(run: Run, runs: readonly Pick<RunSummary, 'name' | 'parent'>[]): SpikeState | null {
  const { spike } = run;
  if (!spike) return null;
  const begins = spike.step + 1;
  const child = runs.find(
    ({ parent }) => parent?.purpose === 'rescue' && parent.name === run.name && parent.step === begins,
  );
  if (child) return { kind: 'rescued', spike, child: child.name };
  if (spike.snapshots.length === 0) return { kind: 'lost', spike, why: 'no-snapshots' };
  if (begins >= run.config.steps) return { kind: 'lost', spike, why: 'at-end' };
  const warmup = Math.min(rewarmSteps, run.config.steps - begins);
  return { kind: 'open', spike, begins, warmup, stopFirst: isTraining(run.status) };
}

/** The newest training loss, and whether it is below what made it a spike; null before one was measured after it. */
export function lossSince(
  spike: SpikeLine,
  series: RunSeries | null,
): { step: number; loss: number | null; back: boolean } | null {
  const step = series?.train.step.last;
  const last = series?.train.loss.last;
  if (step == null || step <= spike.step) return null;
  const loss = last != null && Number.isFinite(last) ? last : null;
  return { step, loss, back: loss !== null && spike.limit !== null && loss <= spike.limit };
}
