/** What the page Averages knows of a run: what its policies hold, where weights lie, and the models written from it. */
import { z } from 'zod';
import { policyConfig } from './config.ts';
import { exportLayout } from './export-layouts.ts';

const step = z.number().int().nonnegative();

/** Weights of one step on disk. */
export const trajectoryPoint = z.object({
  step,
  kind: z.enum(['checkpoint', 'snapshot']),
  /** Of the whole folder or file. */
  bytes: z.number(),
  /** Raw validation loss that the checkpoint remembers; null where it was not measured. */
  loss: z.number().nullable(),
  /** Policies whose window in the newest checkpoint names it. */
  heldBy: z.array(z.string()),
});
export type TrajectoryPoint = z.infer<typeof trajectoryPoint>;

/** A policy as the newest checkpoint has it. */
export const heldPolicy = z.object({
  config: policyConfig,
  /** Observations in the average. */
  count: z.number().int(),
  /** Newest step observed; null before the first. */
  newest: step.nullable(),
  /** Steps of the snapshots in its window, oldest first; null for a policy that keeps a running average. */
  window: z.array(step).nullable(),
  /** Pairs that a power EMA stored: how many, and their bytes on disk. */
  pairs: z.object({ count: z.number().int(), bytes: z.number() }).nullable(),
  backfilled: z.boolean(),
});
export type HeldPolicy = z.infer<typeof heldPolicy>;

/** A model folder or file that was written from a run, or averaged from models of others. */
export const writtenModel = z.object({
  path: z.string(),
  name: z.string(),
  /** policy: written at the end of the run; window: a mean of chosen steps; merge: of models of others. */
  kind: z.enum(['policy', 'window', 'export', 'merge']),
  layout: exportLayout,
  bytes: z.number(),
  createdAt: z.string(),
  /** 'raw', a policy's id, or null where that is not known. */
  of: z.string().nullable(),
  step: step.nullable(),
  /** How it was made, in words. */
  recipe: z.string().nullable(),
  dtype: z.string().nullable(),
  /** Validation loss that was measured when it was written; null for what the run's own evaluations tell. */
  loss: z.number().nullable(),
});
export type WrittenModel = z.infer<typeof writtenModel>;

export const averagesState = z.object({
  /** Of the newest checkpoint; null before the first. */
  step: step.nullable(),
  /** Bytes of one float32 copy of the weights. */
  weightBytes: z.number(),
  policies: z.array(heldPolicy),
  points: z.array(trajectoryPoint),
  models: z.array(writtenModel),
});
export type AveragesState = z.infer<typeof averagesState>;

/** What was found when a written model was read again. */
export const writtenCheck = z.object({
  bytes: z.number(),
  /** Of the file of weights, as it was read again. */
  sha256: z.string(),
  /** Weights that were compared with what they were made from, one by one; null where only the hash was. */
  weights: z.number().int().nullable(),
  /** On the run's fixed validation blocks; null where it could not be measured. */
  loss: z.object({ source: z.number(), written: z.number(), blocks: z.number().int() }).nullable(),
  /** Why there is no loss. */
  why: z.string().nullable(),
});
export type WrittenCheck = z.infer<typeof writtenCheck>;

/** Nats per token that a loss may change by when weights are written in a dtype (docs/conventions.md, "Precision"). */
export const lossTolerance = { float32: 1e-5, float16: 1e-3, bfloat16: 1e-3, q8_0: 1e-2 } as const;
