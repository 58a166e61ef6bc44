/** trainer.json and DONE: what a checkpoint holds besides weights. Read from disk, so checked in full. */
import { z } from 'zod';
import { policyConfig } from '../../shared/config.ts';
import { spikeWatchState } from '../../shared/spike.ts';
import type { PolicyState, Resolved } from '../averaging/policy.ts';

const step = z.number().int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const resolvedPolicy = policyConfig
  .refine((config) => config.start !== null, 'its start step is not settled')
  .transform((config) => config as Resolved<typeof config>);
const policyState = z.object({
  count: z.number().int().nonnegative(),
  newest: step.optional(),
  window: z.array(step).optional(),
  stored: z.array(z.object({ step, count: z.number().int().positive(), sha256 })).optional(),
  backfilled: z.boolean().optional(),
}) satisfies z.ZodType<PolicyState>;

export const trainerState = z.object({
  schema: z.literal(1),
  /** Updates made, skipped ones included. */
  step,
  /** Adam's t: updates applied. */
  adamT: step,
  /** Schedule-free: the highest rate so far, and the sum of weights as the update's program has it. */
  scheduleFree: z
    .object({ rate: z.number(), weights: z.tuple([z.number(), z.number()]) })
    .nullable()
    .default(null),
  /** Seconds of training so far, pauses excluded. */
  seconds: z.number(),
  /** Everything beside program, seed and data that can change bits; see BackendInfo. */
  numerics: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** Raw validation loss of these weights; null when they were not evaluated. */
  validationLoss: z.number().nullable(),
  /** Lowest raw validation loss so far. */
  best: z.object({ step, loss: z.number() }).nullable(),
  /** By id. */
  policies: z.record(z.string(), z.object({ config: resolvedPolicy, state: policyState })),
  /** Weights that a policy's window names beside this checkpoint's own: step → SHA-256 of their file. */
  snapshots: z.record(z.string().regex(/^\d+$/), sha256),
  /** Updates left out in a row up to here. */
  skips: step.default(0),
  /** What watches the loss for spikes, and the snapshots it holds. */
  spikes: z
    .object({
      watch: spikeWatchState,
      /** Newest snapshots, of which a rescue would take those before the onset. */
      held: z.array(step),
      /** Those of the newest spike. */
      kept: z.array(step),
    })
    .nullable()
    .default(null),
});
export type TrainerState = z.infer<typeof trainerState>;
/** What the trainer gives; the rest is filled in when the checkpoint is written. */
export type TrainerInput = Omit<z.input<typeof trainerState>, 'schema' | 'snapshots'>;

/** Written last. Sizes show a truncated file at once, hashes a garbled one when it is read. */
export const doneFile = z.object({
  schema: z.literal(1),
  files: z.record(z.string(), z.object({ bytes: z.number().int().nonnegative(), sha256 })),
});
export type DoneFile = z.infer<typeof doneFile>;

/** Steps whose weights the policies' windows and a rescue need, each once, ascending. */
export function windowSteps({ policies, spikes }: Pick<TrainerState, 'policies' | 'spikes'>): number[] {
  const steps = Object.values(policies).flatMap((policy) => policy.state.window ?? []);
  if (spikes) steps.push(...spikes.held, ...spikes.kept);
  return [...new Set(steps)].sort((a, b) => a - b);
}
