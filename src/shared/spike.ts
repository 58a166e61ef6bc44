/**
 * Spikes of the training loss, as docs/conventions.md defines them: above the median of the last 200 steps by
 * max(6 · MAD, 0.3) for 3 steps after warm-up, or not finite. MAD is the median of |loss − median|, unscaled.
 */
import { z } from 'zod';

/** Steps that the median is taken over. */
const span = 200;
const deviations = 6;
/** Nats per token. */
const least = 0.3;
/** Steps above the limit that make a spike, and below it that end one. */
const inRow = 3;

/** Everything that the watch knows; small enough for a checkpoint. */
export const spikeWatchState = z.object({
  /** Losses of the last steps, oldest first, at most `span`. */
  losses: z.array(z.number()).max(span),
  /** Losses above the limit in a row, not called a spike yet. */
  high: z.array(z.number()).max(inRow),
  /** Losses below the limit in a row since the spike that is on; null: none is on. */
  calm: z.number().int().min(0).max(inRow).nullable(),
});
export type SpikeWatchState = z.infer<typeof spikeWatchState>;

export interface Spike {
  /** First step above the limit: the loss of these weights. */
  readonly onset: number;
  /** The step whose loss made it a spike. */
  readonly detected: number;
  /** Loss at `detected`; not finite where that is the reason. */
  readonly loss: number;
  /** What it was above; infinite where the loss was not finite before a limit was known. */
  readonly limit: number;
}

/** Sees the training loss of every step, in order, and says when a spike is on. A pure function of what it saw. */
export class SpikeWatch {
  readonly #warmupSteps: number;
  #losses: number[];
  #high: number[];
  #calm: number | null;

  constructor(warmupSteps: number, state: SpikeWatchState = { losses: [], high: [], calm: null }) {
    this.#warmupSteps = warmupSteps;
    this.#losses = [...state.losses];
    this.#high = [...state.high];
    this.#calm = state.calm;
  }

  /** The spike that this loss completes; null for every other step, those of a spike that is on already included. */
  add(step: number, loss: number): Spike | null {
    const limit = this.#limit(step);
    if (!Number.isFinite(loss)) {
      const onset = step - this.#high.length;
      const on = this.#calm !== null;
      this.#begin();
      return on ? null : { onset, detected: step, loss, limit };
    }
    if (loss <= limit) {
      this.#take([...this.#high, loss]);
      this.#high = [];
      if (this.#calm !== null && ++this.#calm === inRow) this.#calm = null;
      return null;
    }
    if (this.#calm !== null) {
      // The median follows in time, so a loss that stays where it is ends the spike as well.
      this.#calm = 0;
      this.#take([loss]);
      return null;
    }
    this.#high.push(loss);
    if (this.#high.length < inRow) return null;
    const onset = step - inRow + 1;
    this.#begin();
    return { onset, detected: step, loss, limit };
  }

  /** First step that a spike could have begun at, as far as losses are known up to `step`; else the step after. */
  suspect(step: number): number {
    return step + 1 - this.#high.length;
  }

  state(): SpikeWatchState {
    return { losses: [...this.#losses], high: [...this.#high], calm: this.#calm };
  }

  #begin(): void {
    this.#take(this.#high);
    this.#high = [];
    this.#calm = 0;
  }

  #take(losses: readonly number[]): void {
    this.#losses = [...this.#losses, ...losses].slice(-span);
  }

  #limit(step: number): number {
    if (this.#losses.length < span || step < this.#warmupSteps) return Number.POSITIVE_INFINITY;
    const middle = median(this.#losses);
    const mad = median(this.#losses.map((loss) => Math.abs(loss - middle)));
    return middle + Math.max(deviations * mad, least);
  }
}

function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
