import { expect, it } from 'vitest';
import { type DropEntry, filesBelow, freeName, pathInSources, suggestedName, usualSplit } from './drop.ts';

const file = (name: string): DropEntry => ({
  isFile: true,
  isDirectory: false,
  name,
  file: (resolve) => resolve(new File(['x'], name)),
});
/** Gives its entries in parts, as browsers do for more than a hundred. */
const folder = (name: string, entries: DropEntry[], part = 2): DropEntry => ({
  isFile: false,
  isDirectory: true,
  name,
  createReader: () => {
    let at = 0;
    return {
      readEntries: (resolve) => {
        resolve(entries.slice(at, at + part));
        at += part;
      },
    };
  },
});

it('finds every file of nested folders and reads them to the end, hidden ones left out', async () => {
  const drop = [
    folder('corpus', [
      file('a.txt'),
      file('b.txt'),
      file('.DS_Store'),
      folder('deep', [folder('er', [file('c.txt')]), file('d.md'), file('e.md')]),
      folder('.git', [file('HEAD')]),
    ]),
    file('single.txt'),
  ];
  const names = (await filesBelow(drop)).map((f) => f.name).sort();
  expect(names).toEqual([
    'corpus/a.txt',
    'corpus/b.txt',
    'corpus/deep/d.md',
    'corpus/deep/e.md',
    'corpus/deep/er/c.txt',
    'single.txt',
  ]);
});

it('fails where the browser cannot read an entry, instead of leaving it out', async () => {
  const broken: DropEntry = { ...file('gone.txt'), file: (_, reject) => reject(new Error('gone')) };
  await expect(filesBelow([broken])).rejects.toThrow('gone');
});

it('names a dataset after what was dropped', () => {
  expect(suggestedName(['/home/me/My Corpus'], [])).toBe('My Corpus');
  expect(suggestedName(['C:\\texts\\shakespeare.txt'], [])).toBe('shakespeare');
  expect(suggestedName(['/x/.hidden'], [])).toBe('hidden');
  expect(suggestedName(['/x/what?.md'], [])).toBe('what');
  expect(suggestedName([], [])).toBe('dataset');
  expect(suggestedName(['/x/a'], ['a', 'a 2'])).toBe('a 3');
});

it('finds a free name', () => {
  expect(freeName('run', ['run', 'run 3'])).toBe('run 2');
});

it('finds the whole path of a reported file, unless two folders could hold it', () => {
  expect(pathInSources(['/x/corpus'], ['a/b.txt'], 'a/b.txt')).toBe('/x/corpus/a/b.txt');
  expect(pathInSources(['/x/a.txt', '/x/b.txt'], ['a.txt', 'b.txt'], 'b.txt')).toBe('/x/b.txt');
  expect(pathInSources(['/x/corpus/', '/x/b.txt'], ['a.txt', 'b.txt'], 'a.txt')).toBe('/x/corpus/a.txt');
  expect(pathInSources(['C:\\texts'], ['a/b.txt'], 'a/b.txt')).toBe('C:\\texts\\a\\b.txt');
  expect(pathInSources(['/x', '/y'], ['a.txt'], 'a.txt')).toBeNull();
});

it('splits by document where there are documents, and takes a split that the data brings', () => {
  const of = (part: object, more: object = {}) =>
    usualSplit({
      files: [{ name: 'a', bytes: 1, format: 'text', invalidUtf8: 0, ...part }],
      fileCount: 1,
      bytes: 1,
      skipped: [],
      skippedCount: 0,
      ...more,
    });
  expect(of({})).toBe('tail');
  expect(of({ format: 'jsonl', documents: 1 })).toBe('tail');
  expect(of({ format: 'parquet' })).toBe('document');
  expect(of({}, { fileCount: 2 })).toBe('document');
  expect(of({ format: 'arrow' }, { validation: true })).toBe('given');
});
