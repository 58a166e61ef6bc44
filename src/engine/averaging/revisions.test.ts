import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../checkpoint/fixture.ts';
import { mergeWindows } from './merge-windows.ts';
import { compareVariants, findRevisions } from './revisions.ts';

let root: string;
beforeEach(async () => {
  root = await temporaryFolder();
});
afterEach(() => rm(root, { recursive: true }));

const make = (...names: string[]) => Promise.all(names.map((name) => mkdir(join(root, name), { recursive: true })));
const found = async () => (await findRevisions(root)).map(({ path, step }) => [basename(path), step]);

describe('found and put in order by step', () => {
  test.each<[string, string[], number[]]>([
    [
      'Pythia, without the uneven beginning',
      ['step0', 'step1', 'step512', 'step3000', 'step1024', 'step2000'],
      [1024, 2000, 3000],
    ],
    ['Hugging Face’s trainer', ['checkpoint-500', 'checkpoint-1000', 'runs', 'checkpoint-512'], [500, 512, 1000]],
    ['Meander, whose powers of two are as even as the rest', ['step-00000256', 'step-00000512'], [256, 512]],
    ['OLMo', ['stage1-step928646-tokens3896B', 'stage1-step1000-tokens5B'], [1000, 928646]],
  ])('%s', async (_what, names, steps) => {
    await make(...names);
    expect((await found()).map(([, step]) => step)).toEqual(steps);
  });

  test('nanoGPT’s files, without ckpt_best.pt and a folder of such a name', async () => {
    for (const name of ['ckpt_1000.pt', 'ckpt_200.pt', 'ckpt_best.pt', 'notes.txt'])
      await writeFile(join(root, name), '');
    await make('ckpt_300.pt');
    expect(await found()).toEqual([
      ['ckpt_200.pt', 200],
      ['ckpt_1000.pt', 1000],
    ]);
  });

  test('Hugging Face’s cache, by the names of its refs', async () => {
    const commit = (i: number) => `${i}`.repeat(40);
    await make('refs', `snapshots/${commit(1)}`, `snapshots/${commit(2)}`);
    await writeFile(join(root, 'refs/step2000'), commit(1));
    await writeFile(join(root, 'refs/step1000'), `${commit(2)}\n`);
    await writeFile(join(root, 'refs/step3000'), '../../..');
    await writeFile(join(root, 'refs/main'), commit(1));
    expect(await found()).toEqual([
      [commit(2), 1000],
      [commit(1), 2000],
    ]);
  });

  test('a run: what it has finished', async () => {
    await make(...[8, 16, 24].map((step) => `checkpoints/step-${String(step).padStart(8, '0')}`));
    await writeFile(join(root, 'run.json'), '{}');
    for (const step of [8, 16])
      await writeFile(
        join(root, `checkpoints/step-${String(step).padStart(8, '0')}/DONE`),
        JSON.stringify({ schema: 1, step, files: {} }),
      );
    expect((await found()).map(([, step]) => step)).toEqual([8, 16]);
  });

  test('two kinds, one step twice, fewer than two', async () => {
    await make('step1000');
    await expect(findRevisions(root)).rejects.toMatchObject({ code: 'no-revisions' });
    await make('step01000');
    await expect(findRevisions(root)).rejects.toThrow('holds step 1000 twice');
    await make('checkpoint-5');
    await expect(findRevisions(root)).rejects.toThrow('more than one kind: checkpoint-<N> and step<N>');
    await expect(findRevisions(join(root, 'absent'))).rejects.toMatchObject({ code: 'no-revisions' });
  });
});

describe('windows', () => {
  const revisions = [100, 200, 300, 500, 600, 700].map((step) => ({ path: '', step }));
  const members = (windows: Parameters<typeof mergeWindows>[1]) =>
    mergeWindows(revisions, windows).map((window) => [window.step, window.members]);

  test('all, last k with and without spacing', () => {
    expect(members(null)).toEqual([[700, [0, 1, 2, 3, 4, 5]]]);
    expect(members({ kind: 'last', k: 3, spacing: null })).toEqual([[700, [3, 4, 5]]]);
    expect(members({ kind: 'last', k: 3, spacing: 200 })).toEqual([[700, [2, 3, 5]]]);
    expect(() => members({ kind: 'last', k: 4, spacing: 100 })).toThrow('wants step 400');
    expect(() => members({ kind: 'last', k: 7, spacing: null })).toThrow('6 revisions');
  });
  test('sliding: every step with a full window', () => {
    expect(members({ kind: 'sliding', k: 5, spacing: null })).toEqual([
      [600, [0, 1, 2, 3, 4]],
      [700, [1, 2, 3, 4, 5]],
    ]);
    expect(members({ kind: 'sliding', k: 3, spacing: 100 })).toEqual([
      [300, [0, 1, 2]],
      [700, [3, 4, 5]],
    ]);
    expect(() => members({ kind: 'sliding', k: 9, spacing: null })).toThrow('None of the 6');
  });
  test('blocks: the last is shorter, one of a single model is none', () => {
    expect(members({ kind: 'blocks', k: 4 })).toEqual([
      [500, [0, 1, 2, 3]],
      [700, [4, 5]],
    ]);
    expect(members({ kind: 'blocks', k: 5 })).toEqual([[600, [0, 1, 2, 3, 4]]]);
  });
});

test('variants of Pythia do not mix, told by config and by folders; other names are not judged', () => {
  const model = (path: string, name?: string) => ({ path, config: name ? { _name_or_path: name } : null });
  const mixed =
    (...models: ReturnType<typeof model>[]) =>
    () =>
      compareVariants(models);
  expect(mixed(model('/m/pythia-160m-deduped/step1000'), model('/m/pythia-160m/step2000'))).toThrow(
    'it is deduped, the other is not deduped',
  );
  expect(mixed(model('/a', 'EleutherAI/pythia-410m-v0'), model('/b', 'EleutherAI/pythia-410m'))).toThrow('it is -v0');
  expect(mixed(model('/m/pythia-14m-seed1/step5000'), model('/m/pythia-14m-seed2/step5000'))).toThrow(
    'it is seed 1, the other is seed 2',
  );
  expect(mixed(model('/m/pythia-14m-seed1/step5000'), model('/m/pythia-14m-seed1/step6000'))).not.toThrow();
  expect(mixed(model('/runs/seed-1'), model('/runs/seed-2'), model('/b', 'EleutherAI/pythia-14m'))).not.toThrow();
});
