/** What a move of the data folder has got to, kept beside the settings, so that the next start can end it. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomically } from '../../shared/files.ts';
import { homeParts } from '../../shared/home.ts';
import { readIfThere } from '../folders.ts';

const moveJournal = z.object({
  schema: z.literal(1),
  from: z.string(),
  to: z.string(),
  /** Parts that are moved. */
  parts: z.array(z.enum(homeParts)),
  /** Ending of the hidden folders that this move makes. */
  id: z.string().regex(/^[0-9a-f]{8}$/),
  /**
   * renaming: parts go over one by one. copying: the copies are not whole, the old folder is. switching: the copies are
   * whole, the old folder is untouched. removing: the new folder is in use, the old parts are no longer needed.
   */
  phase: z.enum(['renaming', 'copying', 'switching', 'removing']),
  /** switching: state of the old parts when they were copied. */
  signature: z.string().nullable(),
});
export type MoveJournal = z.infer<typeof moveJournal>;

const pathIn = (folder: string): string => join(folder, 'move.json');

export async function readMoveJournal(folder: string): Promise<MoveJournal | null> {
  const text = await readIfThere(pathIn(folder));
  if (text === null) return null;
  try {
    return moveJournal.parse(JSON.parse(text));
  } catch {
    // Not ours to act on: nothing is moved or removed by guess.
    return null;
  }
}

export const writeMoveJournal = (folder: string, journal: MoveJournal): Promise<void> =>
  writeFileAtomically(pathIn(folder), `${JSON.stringify(journal, null, 2)}\n`);

export const dropMoveJournal = (folder: string): Promise<void> => rm(pathIn(folder), { force: true });
