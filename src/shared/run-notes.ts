/** notes.json: what people write on a run. A file of its own in the run's folder, so that it goes where the run goes. */
import { z } from 'zod';

export const maxTags = 20;
export const maxTagLength = 40;
export const maxNoteLength = 4000;
/** Bytes of a notes.json beyond which it is none of ours. */
export const maxNotesBytes = 64 * 1024;
export const notesFileName = 'notes.json';

/** A word or a few: no commas, since lists of tags are written with them, and nothing that does not print. */
const tag = z
  .string()
  .max(maxTagLength)
  .regex(/^[^\s,\p{Cc}]([^,\p{Cc}]*[^\s,\p{Cc}])?$/u, 'a tag holds no comma and does not begin or end with a space');

export const runNotes = z.object({
  tags: z
    .array(tag)
    .max(maxTags)
    .refine((tags) => new Set(tags.map((t) => t.toLowerCase())).size === tags.length, 'a tag stands there twice'),
  note: z.string().max(maxNoteLength),
});
export type RunNotes = z.infer<typeof runNotes>;

export const notesFile = runNotes.extend({ schema: z.literal(1) });

export const noNotes: RunNotes = { tags: [], note: '' };

/**
 * Tags as they were typed, made ready to keep: outer spaces gone, inner ones single, each once whatever its case (the
 * first spelling stays).
 */
export function tidyTags(typed: readonly string[]): string[] {
  const found = new Map<string, string>();
  for (const text of typed.flatMap((words) => words.split(','))) {
    const tidy = text.trim().replace(/\s+/g, ' ');
    if (tidy !== '' && !found.has(tidy.toLowerCase())) found.set(tidy.toLowerCase(), tidy);
  }
  return [...found.values()];
}
