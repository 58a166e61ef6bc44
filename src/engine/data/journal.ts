/** preparing.json: how far a preparation has got, so that it can go on after a kill at any moment. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { prepareConfig } from '../../shared/dataset.ts';
import { writeFileAtomically } from '../files.ts';

const count = z.number().int().nonnegative();
const streamState = z.strictObject({
  /** Tokens that are safe on disk. What files hold past them is cut off before going on. */
  tokens: count,
  documents: count,
  bytes: count,
  /** Line feeds that the last document ended with. */
  newlines: count,
});
export type StreamState = z.infer<typeof streamState>;

const journal = z.strictObject({
  schema: z.literal(2),
  config: prepareConfig,
  /** null until the sources have been surveyed. */
  sourceFingerprint: z.string().nullable(),
  /**
   * text: documents are being tokenised. tail: all are, and the validation part is copied from the end of the
   * training files. cut: it is copied, and the training files are cut. shuffle: training documents are copied in
   * another order. shuffled: they are, and `train` is of the copy.
   */
  phase: z.enum(['text', 'tail', 'cut', 'shuffle', 'shuffled']),
  /** The document to go on with, among all that readers give, and where in it. */
  document: count,
  position: count,
  train: streamState,
  val: streamState,
  leftOut: count,
  /** What is copied in another order. */
  shuffled: z.strictObject({ documents: count, tokens: count, bytes: count }),
});
export type Journal = z.infer<typeof journal>;

export const journalName = 'preparing.json';

export function newJournal(config: Journal['config'], sourceFingerprint: string | null): Journal {
  const stream = () => ({ tokens: 0, documents: 0, bytes: 0, newlines: 0 });
  return {
    schema: 2,
    config,
    sourceFingerprint,
    phase: 'text',
    document: 0,
    position: 0,
    train: stream(),
    val: stream(),
    leftOut: 0,
    shuffled: { documents: 0, tokens: 0, bytes: 0 },
  };
}

/** null when there is none; 'unreadable' when it is none of ours, and preparation starts over. */
export async function readJournal(folder: string): Promise<Journal | 'unreadable' | null> {
  let text: string;
  try {
    text = await readFile(join(folder, journalName), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return journal.parse(JSON.parse(text));
  } catch {
    return 'unreadable';
  }
}

export async function writeJournal(folder: string, state: Journal): Promise<void> {
  await writeFileAtomically(join(folder, journalName), JSON.stringify(state));
}
