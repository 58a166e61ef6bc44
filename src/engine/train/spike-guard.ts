/**
 * Watches the training loss for spikes and holds the snapshots that a rescue would begin from: by reference those
 * that windows keep anyway, and its own where the configuration asks for them.
 */
import type { RunConfig } from '../../shared/config.ts';
import { type Spike, SpikeWatch } from '../../shared/spike.ts';
import type { SnapshotPool } from '../averaging/index.ts';
import type { Floats } from '../backends/backend.ts';
import type { TrainerState } from '../checkpoint/index.ts';

/** Snapshots that a rescue is the mean of. */
const rescueSnapshots = 3;

type GuardState = NonNullable<TrainerState['spikes']>;

export class SpikeGuard {
  readonly #pool: SnapshotPool;
  readonly #every: number | null;
  readonly #warmupSteps: number;
  #watch: SpikeWatch;
  #held: number[] = [];
  #kept: number[] = [];

  constructor(pool: SnapshotPool, config: Pick<RunConfig, 'spikes' | 'schedule'>) {
    this.#pool = pool;
    this.#every = config.spikes.snapshotEvery;
    this.#warmupSteps = config.schedule.warmupSteps;
    this.#watch = new SpikeWatch(this.#warmupSteps);
  }

  /** Whether it takes a snapshot of its own after `step` updates. */
  due(step: number): boolean {
    return this.#every !== null && step > 0 && step % this.#every === 0;
  }

  /** Call after the policies have observed θ_step, so that it finds what they hold. Showing it twice changes nothing. */
  async observe(step: number, weights: Floats): Promise<void> {
    if ((this.#held.at(-1) ?? -1) < step && (this.#pool.has(step) || this.due(step))) {
      this.#pool.acquire(step, weights);
      this.#held.push(step);
      const suspect = this.#watch.suspect(step - 1);
      while (this.#held.filter((s) => s < suspect).length > rescueSnapshots) this.#pool.release(this.#held.shift()!);
    }
    await this.#pool.settle();
  }

  /** Takes in the loss of the weights at `step`. */
  record(step: number, loss: number): Spike | null {
    return this.#watch.add(step, loss);
  }

  /**
   * Keeps the newest snapshots from before the onset until the run ends, durable, in the place of an earlier spike's.
   * @param onDisk steps whose weights the run's folder has besides
   * @returns their steps, oldest first, at most 3
   * @throws UserError 'disk-full'; calling again tries again
   */
  async keep(onset: number, onDisk: readonly number[]): Promise<number[]> {
    const before = [...new Set([...this.#held, ...onDisk])].filter((step) => step < onset).sort((a, b) => a - b);
    const chosen = before.slice(-rescueSnapshots);
    for (const step of chosen.filter((s) => !this.#kept.includes(s))) {
      await this.#pool.adopt(step);
      this.#kept.push(step);
    }
    await this.#pool.secure(chosen);
    for (const step of this.#kept.filter((s) => !chosen.includes(s))) this.#pool.release(step);
    this.#kept = chosen;
    return chosen;
  }

  state(): GuardState {
    return { watch: this.#watch.state(), held: [...this.#held], kept: [...this.#kept] };
  }

  /** @throws UserError 'snapshot-missing' */
  async restore(state: GuardState): Promise<void> {
    this.#watch = new SpikeWatch(this.#warmupSteps, state.watch);
    for (const step of state.held) {
      await this.#pool.adopt(step);
      this.#held.push(step);
    }
    for (const step of state.kept) {
      await this.#pool.adopt(step);
      this.#kept.push(step);
    }
  }

  /** The run is over: only what a spike left is still wanted. */
  finish(): void {
    for (const step of this.#held) this.#pool.release(step);
    this.#held = [];
  }
}
