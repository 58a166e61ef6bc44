/**
 * Power-function EMA in two widths at once (shared/power.ts has the formulas). With n the observations so far:
 *   n ← n + 1;  e ← e + (1 − β_n)·(θ_s − e),  β_n = (1 − 1/n)^(γ+1)     for each width
 * elementwise in float32; 1 − β_n in float64, then rounded. Its value is the first width's. Both are stored every
 * `storeEvery` steps, and from what is stored any other width is worked out after the run (power-solve.ts).
 */
import type { PowerConfig } from '../../shared/config.ts';
import { powerExponent, powerShare } from '../../shared/power.ts';
import type { Backend, Floats } from '../backends/backend.ts';
import { storeReader, type WeightReader } from '../checkpoint/vector.ts';
import { Accumulator } from './accumulator.ts';
import type { PolicyState, Resolved } from './policy.ts';

/** A pair of averages on disk. */
export interface StoredPair {
  readonly step: number;
  /** Observations in it. */
  readonly count: number;
  /** SHA-256 of its file. */
  readonly sha256: string;
}

/** Where a policy's pairs go; a run folder provides it. */
export interface PairFiles {
  /**
   * Writes through a temporary name and fsync; returns the SHA-256 of the file.
   * @throws UserError 'disk-full', 'not-finite'
   */
  write(policy: string, step: number, reads: readonly WeightReader[], elements: number): Promise<string>;
}

export class Power extends Accumulator<PowerConfig> {
  readonly #files: PairFiles | null;
  readonly #gammas: readonly number[];
  #stored: StoredPair[] = [];
  /** A pair that is due and not on disk yet. */
  #owed = false;

  /** @param files null: nothing is stored, and no width can be made afterwards */
  constructor(config: Resolved<PowerConfig>, backend: Backend, elements: number, files: PairFiles | null) {
    super(config, backend, elements, config.widths.length);
    this.#files = files;
    this.#gammas = config.widths.map(powerExponent);
  }

  protected override fold(weights: Floats, count: number): void {
    for (const [i, average] of this.averages.entries()) {
      if (count === 1) this.backend.vectors.copy(average, weights);
      else this.backend.vectors.lerp(average, weights, powerShare(this.#gammas[i], count));
    }
  }

  protected override halfLifeNow(): null {
    return null;
  }

  override async observe(step: number, weights: Floats): Promise<void> {
    const before = this.newest;
    await super.observe(step, weights);
    const { start, storeEvery } = this.config;
    const passed = (s: number) => Math.floor((s - start) / storeEvery);
    if (before !== null && before !== step && passed(step) > passed(before)) this.#owed = true;
    if (!this.#owed || !this.#files) return;
    const sha256 = await this.#files.write(this.id, step, this.averages.map(storeReader), this.averages[0].elements);
    this.#owed = false;
    this.#stored = [...this.#stored.filter((pair) => pair.step !== step), { step, count: this.count, sha256 }];
  }

  override state(): PolicyState {
    return { ...super.state(), ...(this.#stored.length > 0 && { stored: this.#stored }) };
  }

  override async restore(state: PolicyState, tensor: (name: string) => WeightReader): Promise<void> {
    await super.restore(state, tensor);
    this.#stored = [...(state.stored ?? [])];
  }
}
