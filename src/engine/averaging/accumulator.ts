/** What EMA and SWA share: one float32 vector that every observation is folded into. */
import type { EmaConfig, SwaConfig } from '../../shared/config.ts';
import type { Backend, Floats } from '../backends/backend.ts';
import { copyVector, type WeightReader } from '../checkpoint/vector.ts';
import type { Policy, PolicyDescription, PolicyState, Resolved } from './policy.ts';

export abstract class Accumulator<C extends EmaConfig | SwaConfig> implements Policy {
  readonly id: string;
  readonly config: C & Resolved<EmaConfig | SwaConfig>;
  protected readonly backend: Backend;
  protected readonly average: Floats;
  #count = 0;
  #newest: number | null = null;
  #backfilled = false;

  constructor(config: C & Resolved<EmaConfig | SwaConfig>, backend: Backend, elements: number) {
    this.id = config.id;
    this.config = config;
    this.backend = backend;
    this.average = backend.store('f32', elements);
  }

  /** Folds the weights of observation `count` (from 1) into the average, which is all zero before the first. */
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

  get count(): number {
    return this.#count;
  }

  get full(): boolean {
    return this.#count > 0;
  }

  async value(target: Floats): Promise<void> {
    if (this.#count === 0) throw new Error(`${this.id} has no value before its first observation`);
    this.backend.vectors.copy(target, this.average);
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
    return this.#count === 0 ? [] : [{ name: accumulatorName(this.id), store: this.average }];
  }

  async restore(state: PolicyState, tensor: (name: string) => WeightReader): Promise<void> {
    this.#count = state.count;
    this.#newest = state.newest ?? null;
    this.#backfilled = state.backfilled ?? false;
    if (state.count === 0) return;
    const read = tensor(accumulatorName(this.id));
    await copyVector(read, (offset, data) => this.average.write(offset, data), this.average.elements);
  }

  /** The observations so far came from kept checkpoints, after the fact. */
  markBackfilled(): void {
    this.#backfilled = true;
  }

  close(): void {
    this.average.free();
  }
}

/** Name of a policy's vector in trainer.safetensors. */
export const accumulatorName = (id: string): string => `policy.${id}`;
