/** What preparations refuse, and in which words. */
import { appendFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prepareDataset } from './index.ts';
import { corpus, fails, limits, never, workplace } from './testing.ts';

const { at: inside, put, config, folder, prepare, splitOf } = workplace();
describe('bad input', () => {
  it('an empty folder, or one without text, is named with what was skipped', async () => {
    await mkdir(inside('in'));
    await fails(prepare({}), 'no-text-found', /it holds no files/);
    await put({ 'in/a.txt': 'a\0b', 'in/b.xml': '{}', 'in/c.txt': '' });
    await fails(
      prepare({}),
      'no-text-found',
      /b\.xml \(\.xml files.*a\.txt \(it is no text: byte 1 is NUL\).*c\.txt \(it is empty\)/,
    );
    await fails(prepare({ sources: [inside('nowhere')] }), 'source-missing', /nowhere/);
    await fails(prepare({ sources: [inside('in'), inside('gone.txt')] }), 'source-missing', /gone\.txt/);
  });

  it('too little text on a side', async () => {
    await put({ 'in/a.txt': 'a' });
    await fails(prepare({ tokenizer: 'bytes', split: splitOf('tail') }), 'dataset-too-short', /training part has 0/);
    await fails(prepare({ tokenizer: 'bytes' }), 'one-document');
    await put({ 'val.txt': 'v' });
    const split = { by: 'file', path: inside('val.txt') } as const;
    await fails(prepare({ split, tokenizer: 'bytes' }), 'dataset-too-short', /training part has 1 token;/);
    await put({ 'in/a.txt': 'long enough' });
    await fails(prepare({ split, tokenizer: 'bytes' }), 'dataset-too-short', /validation part has 1 token;/);
    await fails(prepare({ split: { by: 'file', path: inside('none.txt') } }), 'source-missing', /none\.txt/);
  });

  it('leaves nothing behind where it would fail again, and never touches what is not its own', async () => {
    await put({ 'in/a.txt': 'a', 'in/b.txt': 'b' });
    const at = folder();
    await fails(
      prepareDataset(
        at,
        config({ tokenizer: 'bytes', split: splitOf('tail') }),
        { onProgress() {}, signal: never },
        limits,
      ),
      'dataset-too-short',
    );
    await expect(readdir(at)).rejects.toThrow('ENOENT');
    await mkdir(at);
    await writeFile(join(at, 'log.txt'), 'what happened');
    await fails(
      prepareDataset(
        at,
        config({ tokenizer: 'bytes', split: splitOf('tail') }),
        { onProgress() {}, signal: never },
        limits,
      ),
      'dataset-too-short',
    );
    expect(await readdir(at)).toEqual(['log.txt']);
  });

  it('a validation file that is all the text there is', async () => {
    await put({ 'in/a.txt': 'all of it' });
    const split = { by: 'file', path: inside('in/a.txt') } as const;
    await fails(prepare({ split }), 'no-training-text', /a\.txt is all the text there is/);
  });

  it('a folder that cannot be made or holds something else', async () => {
    await put({ ...corpus(), file: 'x', 'other/train.bin': 'tokens' });
    await fails(prepare({}, inside('file/set')), 'not-writable', /file\/set/);
    await fails(prepare({}, inside('other')), 'folder-in-use', /train\.bin/);
  });

  it('a source that changes between the passes', async () => {
    await put(corpus());
    let changed = false;
    const onProgress = (done: number, total: number) => {
      if (changed || done < total * 0.12) return;
      changed = true;
      void appendFile(inside('in/9.txt'), 'x');
    };
    await fails(
      prepareDataset(folder(), config({ tokenizer: 'bytes' }), { onProgress, signal: never }, limits),
      'source-changed',
      /9\.txt/,
    );
  });
});
