/** Which of the found files a preparation reads: text, or token files of nanoGPT or llm.c as they are. */
import type { Found } from './readers/find.ts';
import { findFiles } from './readers/find.ts';
import type { FoundFile } from './readers/reader.ts';
import { splitOfPath } from './readers/saved-dataset.ts';
import { pairTokenFiles } from './token-files.ts';

export interface ChosenSources {
  readonly files: FoundFile[];
  /** The validation split that the data brings, where it brings one beside a training split. */
  readonly validation: FoundFile[];
  readonly skipped: Found['skipped'];
  /** Token files in order, when those are what is taken. */
  readonly tokens: { train: FoundFile[]; val: FoundFile[] } | null;
}

/**
 * A folder with both `train.bin` and `val.bin`, or with llm.c's shards for training and validation, is prepared data:
 * they are taken as they are, and the text beside them, which they were made from, is not read a second time.
 */
export async function chooseSources(sources: readonly string[]): Promise<ChosenSources> {
  const found = await findFiles(sources);
  const skipped = [...found.skipped];
  const bins = found.files.filter((file) => file.format === 'tokens');
  const tokens = pairTokenFiles(bins, (file) => file.path);
  const files =
    tokens === null ? found.files.filter((file) => file.format !== 'tokens') : [...tokens.train, ...tokens.val];
  const taken = new Set(files);
  const { text, validation, test } = splitsOf(files);
  for (const { name } of test) skipped.push({ name, reason: 'the test split that the data brings is not trained on' });
  for (const file of found.files) {
    if (taken.has(file)) continue;
    const reason =
      tokens === null
        ? 'token files for training and validation are needed together'
        : `${tokens.train[0].name} and ${tokens.val[0].name} are taken as they are`;
    skipped.push({ name: file.name, reason });
  }
  return { files: text, validation, skipped, tokens };
}

/** By the names that `datasets` gives. Data without a training split is taken as it is. */
function splitsOf(files: readonly FoundFile[]): Record<'text' | 'validation' | 'test', FoundFile[]> {
  const of = (file: FoundFile) => splitOfPath(file.path);
  if (!files.some((file) => of(file) === 'train')) return { text: [...files], validation: [], test: [] };
  return {
    text: files.filter((file) => of(file) === 'train' || of(file) === null),
    validation: files.filter((file) => of(file) === 'validation'),
    test: files.filter((file) => of(file) === 'test'),
  };
}
