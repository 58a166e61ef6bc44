/** Which of the found files a preparation reads: text, or a pair of nanoGPT's token files as they are. */
import { dirname } from 'node:path';
import type { Found } from './readers/find.ts';
import { findFiles } from './readers/find.ts';
import type { FoundFile } from './readers/reader.ts';

export interface ChosenSources {
  readonly files: FoundFile[];
  readonly skipped: Found['skipped'];
  /** `train.bin` and `val.bin`, when those are what is taken. */
  readonly tokens: { train: FoundFile; val: FoundFile } | null;
}

/**
 * A folder with both `train.bin` and `val.bin` is nanoGPT's prepared data: they are taken as they are, and the
 * text beside them, which they were made from, is not read a second time.
 */
export async function chooseSources(sources: readonly string[]): Promise<ChosenSources> {
  const found = await findFiles(sources);
  const skipped = [...found.skipped];
  const bins = found.files.filter((file) => file.format === 'tokens');
  const pairs = bins
    .filter((file) => file.path.endsWith('train.bin'))
    .flatMap((train) => {
      const val = bins.find((file) => file !== train && dirname(file.path) === dirname(train.path));
      return val === undefined ? [] : [{ train, val }];
    });
  const tokens = pairs[0] ?? null;
  const files = tokens === null ? found.files.filter((file) => file.format !== 'tokens') : [tokens.train, tokens.val];
  const taken = new Set(files);
  for (const file of found.files) {
    if (taken.has(file)) continue;
    const reason =
      tokens === null
        ? 'train.bin and val.bin are needed together'
        : `${tokens.train.name} and ${tokens.val.name} are taken as they are`;
    skipped.push({ name: file.name, reason });
  }
  return { files, skipped, tokens };
}
