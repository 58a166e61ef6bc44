/** Where an export or a mean may be written: never over what is not Meander's own. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../errors.ts';
import { weightsFile } from './model-folder.ts';
import { readSafetensorsHeader } from './safetensors-header.ts';

/** All that a model folder of ours may hold; a checkpoint holds more. */
const modelFiles = /^(config|tokenizer|tokenizer_config|vocab)\.json$|^merges\.txt$|^model\.safetensors$|^README\.md$/;

/**
 * Lets through what does not exist, an empty folder, and a model folder that Meander wrote and nobody added to.
 * @throws UserError 'target-exists' for everything else, since writing replaces it
 */
export async function checkTarget(target: string): Promise<void> {
  const found = await lstat(target).catch(() => null);
  if (found === null) return;
  const reason = found.isDirectory() ? await whyKeep(target) : 'it is a file';
  if (reason === null) return;
  throw new UserError(
    'target-exists',
    `${target} exists, and would be replaced: ${reason}.`,
    'Choose a new name for the output, or delete that one first.',
  );
}

async function whyKeep(folder: string): Promise<string | null> {
  const names = await readdir(folder);
  if (names.length === 0) return null;
  const foreign = names.find((name) => !modelFiles.test(name));
  if (foreign !== undefined) return `it holds ${foreign}`;
  const header = await readSafetensorsHeader(join(folder, weightsFile)).catch(() => null);
  return header?.metadata.source === 'meander' ? null : 'it holds a model that Meander did not write';
}
