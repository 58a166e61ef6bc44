/** Reads and writes the notes.json of runs. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../shared/errors.ts';
import { writeFileAtomically } from '../shared/files.ts';
import { maxNotesBytes, noNotes, notesFile, notesFileName, type RunNotes } from '../shared/run-notes.ts';
import { readIfThere } from './folders.ts';

/** @returns the notes of a run's folder, none where it has no file; null where that cannot be read. */
export async function readNotes(folder: string): Promise<RunNotes | null> {
  const path = join(folder, notesFileName);
  const info = await stat(path).catch(() => null);
  if (info === null) return noNotes;
  if (!info.isFile() || info.size > maxNotesBytes) return null;
  try {
    const text = await readIfThere(path);
    if (text === null) return noNotes;
    const { tags, note } = notesFile.parse(JSON.parse(text));
    return { tags, note };
  } catch {
    return null;
  }
}

/** @throws UserError 'notes-broken' rather than write over a file that it cannot read */
export async function writeNotes(folder: string, { tags, note }: RunNotes): Promise<void> {
  if ((await readNotes(folder)) === null)
    throw new UserError(
      'notes-broken',
      `${join(folder, notesFileName)} cannot be read, so it is not written over.`,
      'Mend that file or move it away, then try again.',
    );
  await writeFileAtomically(join(folder, notesFileName), `${JSON.stringify({ schema: 1, tags, note }, null, 2)}\n`);
}
