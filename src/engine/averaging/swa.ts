/**
 * SWA: the mean of all weights from a start step on, never forgetting.
 *   n ← n + 1;  a ← a + (θ_s − a)/n     elementwise in float32
 * Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization" (1803.05407), without its
 * cyclic rate: a policy never changes the learning rate.
 */
import type { SwaConfig } from '../../shared/config.ts';
import type { Floats } from '../backends/backend.ts';
import { Accumulator } from './accumulator.ts';

export class Swa extends Accumulator<SwaConfig> {
  protected override fold(weights: Floats, count: number): void {
    // From a zero vector, the first update is the weights themselves.
    this.backend.vectors.running(this.averages[0], weights, count);
  }

  protected override halfLifeNow(): number | null {
    return null;
  }
}
