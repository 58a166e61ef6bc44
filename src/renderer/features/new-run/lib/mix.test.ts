import { describe, expect, it } from 'vitest';
import type { DatasetSummary } from '../../../../shared/api.ts';
import { presetConfig } from '../../../../shared/presets.ts';
import { changesFrom, withoutChange } from './changes.ts';
import { trainCommand } from './command.ts';
import { checkDraft } from './draft.ts';
import { mixCandidates, mixErrors, withDataset, withoutDataset } from './mix.ts';

const dataset = (name: string, vocabSize = 50_257, status = 'ready') =>
  ({
    name,
    folder: `/d/${name}`,
    status,
    meta: { name, fingerprint: name, tokenizer: { kind: 'gpt2', vocabSize, endOfText: 50_256 } },
  }) as unknown as DatasetSummary;
const own = dataset('own');
const wiki = dataset('Wiki 2');
const chars = dataset('chars', 65);
const datasets = [own, wiki, chars, dataset('later', 50_257, 'preparing')];
const base = presetConfig('quickstart', {
  name: 'small',
  dataset: { folder: own.folder, tokenizer: { vocabSize: 50_257 } },
});
const mixed = { ...base, mix: withDataset(base.mix, wiki) };

describe('the mix of a draft', () => {
  it('takes what is ready and has the same tokenizer, and says why not the others', () => {
    expect(mixCandidates(base, datasets).map(({ dataset: { name }, refusal }) => [name, refusal])).toEqual([
      ['Wiki 2', null],
      ['chars', '"own" has GPT-2’s tokenizer with 50257 ids and "chars" GPT-2’s tokenizer with 65 ids'],
    ]);
    expect(mixCandidates(mixed, datasets).map(({ dataset: { name } }) => name)).toEqual(['chars']);
    expect(mixed.mix).toEqual({ weight: 1, others: [{ id: 'wiki-2', dataset: '/d/Wiki 2', weight: 1 }] });
  });

  it('forgets the first weight with the last other dataset', () => {
    const heavy = { ...mixed.mix, weight: 7 };
    expect(withoutDataset(heavy, '/d/Wiki 2')).toEqual({ weight: 1, others: [] });
    expect(withoutDataset(heavy, '/d/none')).toEqual(heavy);
  });

  it('is wrong where a dataset is gone or does not go with the others', () => {
    const three = { ...mixed, mix: withDataset(mixed.mix, chars) };
    expect([...mixErrors(three, datasets)]).toEqual([['mix.others.1.dataset', expect.stringContaining('"chars"')]]);
    expect([...mixErrors(mixed, [own])]).toEqual([
      ['mix.others.0.dataset', expect.stringContaining('not in this library')],
    ]);
    expect(mixErrors(mixed, undefined).size).toBe(0);
    const checked = checkDraft(mixed, [], mixErrors(mixed, [own]));
    expect([checked.config, checked.errors.size]).toEqual([null, 1]);
    const empty = { ...mixed, mix: { ...mixed.mix, weight: Number.NaN } };
    expect([...checkDraft(empty, []).errors.keys()]).toEqual(['mix.weight']);
  });

  it('is one change from the preset, and undone as one', () => {
    expect(changesFrom(base, mixed)).toEqual([{ field: 'mix', preset: null, here: 'own 1, wiki-2 1' }]);
    expect(withoutChange(mixed, base, 'mix')).toEqual(base);
  });

  it('is said by the equal command', () => {
    const command = trainCommand({ ...mixed, mix: { ...mixed.mix, weight: 3 } }, base, 'own');
    expect(command).toContain("--mix own=3 \\\n  --mix 'Wiki 2=1'");
    expect(trainCommand(base, base, 'own')).not.toContain('mix');
  });
});
