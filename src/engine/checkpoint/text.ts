/** Small text files from elsewhere. */
import { open, stat } from 'node:fs/promises';
import { UserError } from '../errors.ts';

/** A text file that should be small. @throws UserError 'file-damaged' */
export async function readLimited(path: string, limit: number): Promise<string> {
  const { size } = await stat(path);
  if (size > limit)
    throw new UserError('file-damaged', `${path} has ${size} bytes, far more than such a file holds.`, 'Replace it.');
  const handle = await open(path, 'r');
  try {
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}
