import { z } from 'zod';

/** A prompt to sample from again. */
export const savedPrompt = z.object({
  name: z.string().trim().min(1).max(60),
  text: z.string().max(20_000),
});
export type SavedPrompt = z.infer<typeof savedPrompt>;
