/** How finished models become one: which of them, and by what formula. Formulas and sources: engine/averaging/merge-methods.ts. */
import { z } from 'zod';

const share = z.number().min(0).max(1);
/** Chosen on the losses of one half of the blocks, reported on the other. */
const judged = {
  /** Absolute path of a prepared dataset. */
  dataset: z.string(),
  blocks: z.number().int().min(2).max(100_000).default(256),
};

export const mergeMethod = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('uniform') }),
  /** One per input, oldest first; shares are w/Σw. */
  z.strictObject({ kind: z.literal('weights'), weights: z.array(z.number()) }),
  z.strictObject({ kind: z.literal('linear') }),
  z.strictObject({ kind: z.literal('ema'), beta: z.number().gt(0).lt(1) }),
  /** Of two: (1 − λ)·older + λ·newer. */
  z.strictObject({ kind: z.literal('interpolate'), lambda: share }),
  z.strictObject({ kind: z.literal('slerp'), lambda: share }),
  /** Interpolation of two whose λ Bayesian optimisation finds. */
  z.strictObject({ kind: z.literal('search'), ...judged, evaluations: z.number().int().min(4).max(64).default(12) }),
  z.strictObject({ kind: z.literal('soup'), ...judged }),
]);
export type MergeMethod = z.infer<typeof mergeMethod>;

const k = z.number().int().min(2).max(10_000);
/** Steps between the members of a window; null: revisions that follow one another. */
const spacing = z.number().int().positive().nullable().default(null);
export const mergeWindows = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('last'), k, spacing }),
  /** One output for every revision that has a full window behind it. */
  z.strictObject({ kind: z.literal('sliding'), k, spacing }),
  /** Blocks that do not overlap, from the oldest on; the last may be shorter, and one of a single model is none. */
  z.strictObject({ kind: z.literal('blocks'), k }),
]);
export type MergeWindows = z.infer<typeof mergeWindows>;

export const mergeRecipe = z.strictObject({
  method: mergeMethod.default({ kind: 'uniform' }),
  /** null: one output of all inputs. */
  windows: mergeWindows.nullable().default(null),
  /** Of the sum; it is rounded once, when it is written. */
  precision: z.enum(['float32', 'float64']).default('float32'),
  /** Whether the SHA-256 of every input goes into the output. Reading them for it takes longer than the merge. */
  hashes: z.boolean().default(true),
});
export type MergeRecipe = z.infer<typeof mergeRecipe>;

/** What a method that looks at losses found. Losses in nats per token. */
export const mergeSearch = z.object({
  /** In the order in which they were measured, on the first half of the blocks. */
  tried: z.array(z.object({ what: z.string(), loss: z.number() })),
  chosen: z.string(),
  /** The choice against the best single model, both on the second half. */
  against: z.string(),
  loss: z.number(),
  difference: z.number(),
  standardError: z.number(),
  verdict: z.enum(['better', 'no difference', 'worse']),
});
export type MergeSearch = z.infer<typeof mergeSearch>;
