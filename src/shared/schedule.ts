/** Learning-rate schedules: pure functions of the step, for the trainer and for the window's curve. */
import type { ScheduleConfig } from './config.ts';

/**
 * Learning rate of update s → s + 1 in a run of `steps` updates (docs/conventions.md).
 * Defined for every s ≥ 0; from the end of the run on it stays at its last value. A second warm-up of R steps from
 * step f multiplies what the schedule gives by (s − f + 1)/(R + 1).
 */
export function learningRate(schedule: ScheduleConfig, steps: number, s: number): number {
  const { rewarm } = schedule;
  const rate = scheduled(schedule, steps, s);
  if (rewarm === null || s < rewarm.from || s >= rewarm.from + rewarm.steps) return rate;
  return (rate * (s - rewarm.from + 1)) / (rewarm.steps + 1);
}

function scheduled(schedule: ScheduleConfig, steps: number, s: number): number {
  const { kind, peak, min, warmupSteps: warmup } = schedule;
  if (s < warmup) return schedule.warmupForm === 'shifted' ? (peak * (s + 1)) / (warmup + 1) : (peak * s) / warmup;
  const r = steps > warmup ? Math.min(1, (s - warmup) / (steps - warmup)) : 1;
  switch (kind) {
    case 'constant':
      return peak;
    case 'cosine':
      return min + 0.5 * (1 + Math.cos(Math.PI * r)) * (peak - min);
    case 'linear':
      return peak * (1 - r) + min * r;
    case 'wsd':
      return peak * cooldown(schedule, steps, s);
    case 'inverse-sqrt': {
      // Without warm-up the formula has no scale; one step stands for it.
      const scale = Math.max(warmup, 1);
      return peak * Math.sqrt(scale / Math.max(s, scale));
    }
  }
}

/** Share of the peak that warm-up-stable-decay keeps at step s: 1 before the cooldown, 0 at its end. */
function cooldown(schedule: ScheduleConfig, steps: number, s: number): number {
  const length = schedule.cooldownSteps;
  const start = steps - length;
  if (length === 0 || s < start) return 1;
  const done = Math.min(1, (s - start) / length);
  return 1 - (schedule.cooldownForm === '1-sqrt' ? Math.sqrt(done) : done);
}
