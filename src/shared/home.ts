/** The data folder: what the window may know of one, and of its move to another place. */
import { z } from 'zod';

/** What a data folder holds; anything else in it is not ours, and stays where it is. */
export const homeParts = ['runs', 'datasets', 'staging'] as const;

export const homeCheck = z.object({
  /** The folder as it would be used: absolute, with ~ written out. */
  path: z.string(),
  /** Why it cannot be a data folder; null when it can. */
  problem: z.object({ code: z.string(), message: z.string(), next: z.string() }).nullable(),
  /** Bytes free on its disk; null where the system does not say. */
  free: z.number().nullable(),
  /** How many runs and datasets lie in it already. */
  runs: z.number().int(),
  datasets: z.number().int(),
  /** The present data folder is given from outside and cannot be changed here. */
  fixed: z.boolean(),
});
export type HomeCheck = z.infer<typeof homeCheck>;

export const homeMove = z.object({
  from: z.string(),
  to: z.string(),
  /** Until `switching` it can be cancelled; from then on it is as good as done. */
  phase: z.enum(['checking', 'copying', 'verifying', 'switching', 'removing']),
  /** Bytes of this phase. */
  done: z.number(),
  total: z.number(),
});
export type HomeMove = z.infer<typeof homeMove>;

export const homeMoved = z.object({
  outcome: z.enum(['moved', 'cancelled']),
  /** Old folders that could not be removed; their content lies in the new place too. */
  left: z.array(z.string()),
});
export type HomeMoved = z.infer<typeof homeMoved>;
