import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parameterTable } from '../model/table.ts';
import { letters, paddedModel, reading, someWeights, temporaryFolder } from './fixture.ts';
import { writeModelFolder } from './model-folder.ts';
import { checkTarget } from './target.ts';

let root: string;
beforeAll(async () => {
  root = await temporaryFolder();
});
afterAll(() => rm(root, { recursive: true }));

async function model(name: string, metadata: Record<string, string>): Promise<string> {
  const folder = join(root, name);
  const table = parameterTable(paddedModel);
  const read = reading(someWeights(table, paddedModel.vocabSize, 1));
  await writeModelFolder(folder, { model: paddedModel, table, read, dtype: 'float32', tokenizer: letters, metadata });
  return folder;
}

test('what is not there, an empty folder and an export of ours may be written over', async () => {
  const empty = join(root, 'empty');
  await mkdir(empty);
  for (const target of [join(root, 'new'), empty, await model('ours', { source: 'meander' })])
    await expect(checkTarget(target)).resolves.toBeUndefined();
});

test('a file, a folder of the user, a foreign model, and a model of ours with more in it are kept', async () => {
  const file = join(root, 'notes.txt');
  await writeFile(file, 'mine');
  const folder = join(root, 'texts');
  await mkdir(folder);
  await writeFile(join(folder, 'a.txt'), 'mine');
  const more = await model('more', { source: 'meander' });
  await writeFile(join(more, 'DONE'), '{}');
  const cases = { [file]: 'a file', [folder]: 'a.txt', [more]: 'DONE', [await model('foreign', {})]: 'did not write' };
  for (const [target, reason] of Object.entries(cases))
    await expect(checkTarget(target)).rejects.toMatchObject({
      code: 'target-exists',
      message: expect.stringContaining(reason),
    });
  expect(await readFile(join(folder, 'a.txt'), 'utf8')).toBe('mine');
});
