/**
 * Means over a window: of the k latest snapshots of one run, ν steps apart.
 *   θ̄_t = Σ_{i=1..n} (w_i/Σw) · θ_{t − (n−i)·ν},  n = min(k, snapshots so far), i = 1 the oldest
 * LAWA is the uniform one, w_i = 1: summed from oldest to newest, divided once by n. Kaddour, "Stop Wasting My Time!"
 * (2209.14981); Sanyal et al., "Early Weight Averaging meets High Learning Rates" (2306.03241). A sliding window as in
 * the papers' text, always recomputed from its snapshots; the released script walks blocks that do not overlap.
 *
 * WMA is the family of Li et al., "Model Merging in Pre-training of Large Language Models" (2505.12082):
 *   uniform      w_i = 1                           their SMA; the same bits as LAWA
 *   linear       w_i = i                           their WMA
 *   exponential  m_1 = θ_1; m_i = a·θ_i + (1 − a)·m_{i−1}, their EMA over merged checkpoints, unrolled:
 *                w_1 = (1 − a)^{n−1}; w_i = a·(1 − a)^{n−i} for i > 1; Σw = 1
 * Shares w_i/Σw are worked out in float64 and rounded once; then, from oldest to newest, every product and every sum
 * is rounded to float32 on its own.
 */
import type { LawaConfig, WmaConfig } from '../../shared/config.ts';
import { windowShares } from '../../shared/policies.ts';
import type { Floats } from '../backends/backend.ts';
import type { Policy, PolicyDescription, PolicyState, Resolved } from './policy.ts';
import type { SnapshotPool } from './snapshots.ts';

export class WindowMean implements Policy {
  readonly id: string;
  readonly config: Resolved<LawaConfig> | Resolved<WmaConfig>;
  readonly #pool: SnapshotPool;
  /** Steps, oldest first. */
  #window: number[] = [];
  #backfilled = false;

  constructor(config: Resolved<LawaConfig> | Resolved<WmaConfig>, pool: SnapshotPool) {
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
    await this.#pool.mean(this.#window, target, windowShares(this.config, this.count));
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
