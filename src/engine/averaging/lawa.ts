/**
 * LAWA: the uniform mean of the k latest snapshots of one run, ν steps apart.
 *   θ̄_t = (1/n) · Σ_{i<n} θ_{t − i·ν},  n = min(k, snapshots so far)
 * Kaddour, "Stop Wasting My Time!" (2209.14981); Sanyal et al., "Early Weight Averaging meets High Learning Rates"
 * (2306.03241). A sliding window as in the papers' text, always recomputed from its snapshots; the released script
 * walks blocks that do not overlap.
 */
import type { LawaConfig } from '../../shared/config.ts';
import type { Floats } from '../backends/backend.ts';
import type { Policy, PolicyDescription, PolicyState, Resolved } from './policy.ts';
import type { SnapshotPool } from './snapshots.ts';

export class Lawa implements Policy {
  readonly id: string;
  readonly config: Resolved<LawaConfig>;
  readonly #pool: SnapshotPool;
  /** Steps, oldest first. */
  #window: number[] = [];
  #backfilled = false;

  constructor(config: Resolved<LawaConfig>, pool: SnapshotPool) {
    this.id = config.id;
    this.config = config;
    this.#pool = pool;
  }

  due(step: number): boolean {
    return step >= this.config.start && step % this.config.spacing === 0;
  }

  async observe(step: number, weights: Floats): Promise<void> {
    if (this.#window.at(-1) !== step) {
      // The oldest goes first, so that memory holds k snapshots and not k + 1.
      if (this.full) this.#pool.release(this.#window.shift()!);
      this.#pool.acquire(step, weights);
      this.#window.push(step);
    }
    await this.#pool.settle();
  }

  get count(): number {
    return this.#window.length;
  }

  get full(): boolean {
    return this.#window.length === this.config.k;
  }

  async value(target: Floats): Promise<void> {
    if (this.count === 0) throw new Error(`${this.id} has no value before its first snapshot`);
    await this.#pool.mean(this.#window, target);
  }

  describe(): PolicyDescription {
    return { newestStep: this.#window.at(-1) ?? null, steps: [...this.#window], halfLife: null };
  }

  state(): PolicyState {
    return {
      count: this.count,
      newest: this.#window.at(-1),
      window: [...this.#window],
      ...(this.#backfilled && { backfilled: true }),
    };
  }

  tensors(): [] {
    return [];
  }

  async restore(state: PolicyState): Promise<void> {
    this.#backfilled = state.backfilled ?? false;
    // A window that was saved wider than k (k was lowered) keeps its newest.
    for (const step of (state.window ?? []).slice(-this.config.k)) {
      await this.#pool.adopt(step);
      this.#window.push(step);
    }
  }

  close(): void {
    for (const step of this.#window) this.#pool.release(step);
    this.#window = [];
  }
}
