/**
 * An averaging policy watches a run: it is told (step, weights) and can produce its current average
 * at any time. It never touches the weights it is shown. docs/conventions.md defines every number.
 */

import type { PolicyConfig } from '../../shared/config.ts';
import type { AverageEvaluation } from '../../shared/metrics.ts';
import type { Floats } from '../backends/backend.ts';
import type { WeightReader } from '../checkpoint/vector.ts';

/** A policy's config with its start step settled. */
export type Resolved<P extends PolicyConfig> = P & { start: number };

/** What trainer.json keeps of a policy. Which tensors belong to it, `tensors` says. */
export interface PolicyState {
  /** Observations in the average, the first one included (EMA: updates + 1; LAWA and WMA: snapshots in the window). */
  readonly count: number;
  /** Newest step observed; absent before the first. */
  readonly newest?: number;
  /** LAWA and WMA: steps of the snapshots in the window, oldest first. */
  readonly window?: readonly number[];
  /** Power EMA: pairs of averages on disk, oldest first. */
  readonly stored?: readonly { readonly step: number; readonly count: number; readonly sha256: string }[];
  /** Made from kept checkpoints after the fact. */
  readonly backfilled?: boolean;
}

export interface Policy {
  readonly id: string;
  readonly config: Resolved<PolicyConfig>;
  /** Whether the weights after `step` updates are ones it observes. */
  due(step: number): boolean;
  /**
   * Enqueues its update. Call in step order, only when due, never for a skipped update.
   * The weights may change as soon as the call returns: the queue keeps the order. The promise may reject with
   * UserError 'disk-full' when a snapshot has to go to disk: the observation is kept, and calling again with the
   * same step tries the disk again.
   */
  observe(step: number, weights: Floats): Promise<void>;
  /** Observations in the current average. 0: it has no value yet. */
  readonly count: number;
  /** Whether it may be called best: a window of LAWA or WMA is filled; the others have a value. */
  readonly full: boolean;
  /** Writes the current average into `target` (enqueued). Throws Error before the first observation. */
  value(target: Floats): Promise<void>;
  /** Steps and weights in words for the page: newest observation, half-life in force, window. */
  describe(): PolicyDescription;
  state(): PolicyState;
  /** Accumulators that a checkpoint must hold: the vectors of EMA, SWA and power EMA. Names are unique in a run. */
  tensors(): readonly { readonly name: string; readonly store: Floats }[];
  /**
   * Takes up where a checkpoint left off; call before the first observe. `tensor` reads what `tensors` named.
   * Throws UserError 'snapshot-missing' when the window's weights are not on disk any more.
   */
  restore(state: PolicyState, tensor: (name: string) => WeightReader): Promise<void>;
  /** Frees its memory and gives up its references to snapshots. */
  close(): void;
}

export interface PolicyDescription {
  readonly newestStep: number | null;
  /** Steps observed, oldest first, where the policy keeps them. */
  readonly steps: readonly number[];
  /** EMA: half-life in steps in force now. */
  readonly halfLife: number | null;
}

export type { AverageEvaluation };
