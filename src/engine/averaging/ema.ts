/**
 * EMA: the exponential moving average of the weights.
 *   e = θ_start; then every `every` steps, n = 1, 2, …:
 *   β_n = min(β, (1 + n)/(10 + n)) with warm-up, else β
 *   e ← e + (1 − β_n)·(θ_s − e)     elementwise in float32; 1 − β_n in float64, then rounded to float32
 * Warm-up as in Morales-Brotons et al., "Exponential Moving Average of Weights in Deep Learning" (2411.18704).
 */
import type { EmaConfig } from '../../shared/config.ts';
import { emaDecayInForce, halfLife } from '../../shared/policies.ts';
import type { Floats } from '../backends/backend.ts';
import { Accumulator } from './accumulator.ts';

export class Ema extends Accumulator<EmaConfig> {
  protected override fold(weights: Floats, count: number): void {
    const { vectors } = this.backend;
    if (count === 1) vectors.copy(this.averages[0], weights);
    else vectors.lerp(this.averages[0], weights, 1 - emaDecayInForce(this.config, count - 1));
  }

  /** Of the newest update; before the first, of the one to come. */
  protected override halfLifeNow(): number | null {
    if (this.count === 0) return null;
    return halfLife(emaDecayInForce(this.config, Math.max(1, this.count - 1)), this.config.every);
  }
}
