/** What EMA, SWA, power EMA and tail EMA share: float32 vectors that every observation is folded into. */
import type { EmaConfig, PowerConfig, SwaConfig, TailConfig } from '../../shared/config.ts';
import type { Backend, Floats } from '../backends/backend.ts';
import { copyVector, type WeightReader } from '../checkpoint/vector.ts';
import type { Policy, PolicyDescription, PolicyState, Resolved } from './policy.ts';

type Config = EmaConfig | SwaConfig | PowerConfig | TailConfig;

export abstract class Accumulator<C extends Config> implements Policy {
  readonly id: string;
  readonly config: C & Resolved<Config>;
  protected readonly backend: Backend;
  /** The first is the policy's value. */
  protected readonly averages: readonly Floats[];
  #count = 0;
  #newest: number | null = null;
  #backfilled = false;

  constructor(config: C & Resolved<Config>, backend: Backend, elements: number, vectors = 1) {
    this.id = config.id;
    this.config = config;
    this.backend = backend;
    this.averages = Array.from({ length: vectors }, () => backend.store('f32', elements));
  }

  /** Folds the weights of observation `count` (from 1) into the averages, which are all zero before the first. */
  protected abstract fold(weights: Floats, count: number): void;
  protected abstract halfLifeNow(): number | null;

  due(step: number): boolean {
    return step >= this.config.start && (step - this.config.start) % this.config.every === 0;
  }

  async observe(step: number, weights: Floats): Promise<void> {
    if (this.#newest === step) return;
    this.fold(weights, this.#count + 1);
    this.#count++;
    this.#newest = step;
  }

  /** Step of the newest observation, null before the first. */
  protected get newest(): number | null {
    return this.#newest;
  }

  get count(): number {
    return this.#count;
  }

  get full(): boolean {
    return this.#count > 0;
  }

  async value(target: Floats): Promise<void> {
    if (this.#count === 0) throw new Error(`${this.id} has no value before its first observation`);
    this.backend.vectors.copy(target, this.averages[0]);
  }

  describe(): PolicyDescription {
    return { newestStep: this.#newest, steps: [], halfLife: this.halfLifeNow() };
  }

  state(): PolicyState {
    return {
      count: this.#count,
      ...(this.#newest !== null && { newest: this.#newest }),
      ...(this.#backfilled && { backfilled: true }),
    };
  }

  tensors(): { name: string; store: Floats }[] {
    if (this.#count === 0) return [];
    return this.averages.map((store, i) => ({ name: accumulatorName(this.id, i), store }));
  }

  async restore(state: PolicyState, tensor: (name: string) => WeightReader): Promise<void> {
    this.#count = state.count;
    this.#newest = state.newest ?? null;
    this.#backfilled = state.backfilled ?? false;
    if (state.count === 0) return;
    for (const [i, average] of this.averages.entries()) {
      const read = tensor(accumulatorName(this.id, i));
      await copyVector(read, (offset, data) => average.write(offset, data), average.elements);
    }
  }

  /** The observations so far came from kept checkpoints, after the fact. */
  markBackfilled(): void {
    this.#backfilled = true;
  }

  close(): void {
    for (const average of this.averages) average.free();
  }
}

/** Name of a policy's i-th vector in trainer.safetensors; the first is its value. */
export const accumulatorName = (id: string, i = 0): string => (i === 0 ? `policy.${id}` : `policy.${id}.${i + 1}`);
