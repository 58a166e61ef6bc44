/**
 * What every backend must do, judged by the reference: each operation forward and backward on odd
 * shapes, whole training steps, updates, decoding, vectors, stores and the queue.
 * Call from a test file of the backend's own.
 */
import { afterAll, beforeAll, describe } from 'vitest';
import type { Backend, BackendOptions } from '../backend.ts';
import { openReference } from '../reference/index.ts';
import { architectureSuite, refusalSuite } from './architectures.ts';
import { operationSuite } from './operations.ts';
import { queueSuite } from './queueing.ts';
import { scheduleFreeRefusal, scheduleFreeSuite } from './schedule-free.ts';
import { stepSuite } from './steps.ts';
import { updateSuite } from './updates.ts';
import { vectorSuite } from './vectors.ts';

export interface Tolerance {
  /** Relative L2 distance of values and losses. */
  readonly loss: number;
  /** Relative L2 distance of each gradient tensor. */
  readonly gradient: number;
}

/** Bounds of a float32 backend (docs/conventions.md, docs/architecture.md). */
export const float32: Tolerance = { loss: 1e-5, gradient: 1e-4 };
/**
 * Against a reference whose operands are rounded likewise: a few lie so near the middle between two bfloat16 that
 * float32 and float64 round them to different sides, by 2⁻⁸ of the value. And past 128 keys, probabilities are rounded
 * beside the highest of the keys so far, which the reference does beside the highest of all.
 */
export const mixed: Tolerance = { loss: 2e-4, gradient: 3e-3 };

/** What a backend has none of need not be tried. */
export interface Traits {
  /** Whether it fuses operations, so that turning that off computes something else. */
  readonly fuses: boolean;
  /** Whether it computes on threads of its own. */
  readonly threaded: boolean;
  /** Whether numbers below 2⁻¹²⁶ survive; else they may come out as zero. */
  readonly subnormals: boolean;
  /** Whether it runs GPT-NeoX and Llama; else it must refuse them by name. */
  readonly architectures: boolean;
  /** Whether it has schedule-free AdamW; else it must refuse it by name. */
  readonly scheduleFree: boolean;
}

export type Open = (options: BackendOptions) => Promise<Backend>;

/** The backends that a suite works with, open while its tests run. */
export interface Bench {
  readonly tested: Backend;
  /** The tested one with its fusion table off; null: it has none. */
  readonly unfused: Backend | null;
  /** Thread counts under which bits must be the same. */
  readonly threads: readonly number[];
  readonly subnormals: boolean;
  readonly reference: Backend;
  readonly open: Open;
  readonly tolerance: Tolerance;
}

export function conformance(
  name: string,
  open: Open,
  tolerance: Tolerance,
  { fuses, threaded, subnormals, architectures, scheduleFree }: Traits = {
    fuses: true,
    threaded: true,
    subnormals: true,
    architectures: true,
    scheduleFree: true,
  },
): void {
  describe(`${name} conforms`, () => {
    const bench = {
      open,
      tolerance,
      threads: (threaded ? [1, 2, 3] : [1]) as readonly number[],
      subnormals,
    } as { -readonly [K in keyof Bench]: Bench[K] };
    beforeAll(async () => {
      bench.tested = await open({ threads: 2 });
      bench.unfused = fuses ? await open({ threads: 2, fusion: false }) : null;
      bench.reference = await openReference({ mixed: bench.tested.info.numerics.precision === 'mixed' });
    });
    afterAll(async () => {
      for (const backend of [bench.tested, bench.unfused, bench.reference]) await backend?.close();
    });
    operationSuite(bench);
    stepSuite(bench);
    updateSuite(bench);
    if (scheduleFree) scheduleFreeSuite(bench);
    else scheduleFreeRefusal(bench);
    vectorSuite(bench);
    queueSuite(bench);
    if (architectures) architectureSuite(bench);
    else refusalSuite(bench);
  });
}
