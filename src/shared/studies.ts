/** A study of the window: what is asked for, what its file keeps, and how far it is. Formulas: study.ts. */
import { z } from 'zod';
import { runConfig } from './config.ts';
import { leastSeeds } from './study.ts';

const positive = z.number().int().positive();

export const studyRequest = z.object({
  /** What all runs share; its name is the study's. */
  base: runConfig,
  /** Peak learning rates. */
  rates: z.array(z.number().positive()).min(1).max(30),
  seeds: z.array(runConfig.shape.seed.unwrap()).min(leastSeeds).max(30),
  /** A LAWA window for each, in place of the base's own; none: policies stay as they are. */
  spacings: z.array(positive).max(20),
});
export type StudyRequest = z.infer<typeof studyRequest>;

const pairing = z.object({ difference: z.number(), standardError: z.number() });

export const studyMember = z.object({
  run: z.string(),
  cooldown: z.string(),
  rate: z.number(),
  seed: z.number(),
  /** Why it does not go on, in words; null while it does. */
  problem: z.string().nullable(),
  /** The cooldown's last weights against the run's, over blocks; null until that was measured. */
  paired: pairing.nullable(),
});
export type StudyMember = z.infer<typeof studyMember>;

/** study.json */
export const studyFile = z.object({
  schema: z.literal(1),
  createdAt: z.string(),
  /** As `studyConfig` made it. */
  config: runConfig,
  members: z.array(studyMember),
});
export type StudyFile = z.infer<typeof studyFile>;

export const studySummary = z.object({
  name: z.string(),
  folder: z.string(),
  createdAt: z.string(),
  members: z.number().int(),
  /** Those that are measured, cooldown included. */
  done: z.number().int(),
  /** Those that do not go on. */
  failed: z.number().int(),
});
export type StudySummary = z.infer<typeof studySummary>;

export const studyDetail = studySummary.extend({
  config: runConfig,
  list: z.array(
    studyMember.extend({
      /** Of the run and of its cooldown; null where there is none. */
      status: z.string().nullable(),
      cooldownStatus: z.string().nullable(),
      /** Updates made, cooldown included. */
      steps: z.number().int(),
    }),
  ),
  points: z.array(
    z.object({
      rate: z.number(),
      seed: z.number(),
      of: z.string(),
      step: z.number().int(),
      loss: z.number(),
      difference: z.number().nullable(),
      standardError: z.number().nullable(),
    }),
  ),
});
export type StudyDetail = z.infer<typeof studyDetail>;
