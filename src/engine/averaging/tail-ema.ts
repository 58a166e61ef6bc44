/**
 * Tail EMA: an exponential moving average of the last stretch of a run, blended into its newest weights.
 *   e = θ_start; then every `every` steps:  e ← e + (1 − β)·(θ_s − e);   value = θ_s + b·(e − θ_s)
 * elementwise in float32, 1 − β in float64 and then rounded. From a public speed record of GPT-2 training
 * (KellerJordan/modded-nanogpt, pull request 325), which has b = 0.6 and leaves the embedding out; here all weights are blended.
 */
import type { TailConfig } from '../../shared/config.ts';
import { halfLife } from '../../shared/policies.ts';
import type { Backend, Floats } from '../backends/backend.ts';
import { Accumulator } from './accumulator.ts';
import type { Resolved } from './policy.ts';

export class TailEma extends Accumulator<TailConfig> {
  constructor(config: Resolved<TailConfig>, backend: Backend, elements: number) {
    super(config, backend, elements, 2);
  }

  protected override fold(weights: Floats, count: number): void {
    const { vectors } = this.backend;
    const [value, average] = this.averages;
    if (count === 1) vectors.copy(average, weights);
    else vectors.lerp(average, weights, 1 - this.config.decay);
    vectors.copy(value, weights);
    vectors.lerp(value, average, this.config.blend);
  }

  protected override halfLifeNow(): number | null {
    return this.count === 0 ? null : halfLife(this.config.decay, this.config.every);
  }
}
