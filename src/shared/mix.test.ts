import { describe, expect, it, test } from 'vitest';
import { runConfig } from './config.ts';
import { differences, differenceTable } from './differences.ts';
import { datasetsOf, epochsOver, isMix, mixId, mixLoss, mixRefusal, mixShares } from './mix.ts';
import { presetConfig } from './presets.ts';
import { sweepConfigs } from './sweep.ts';
import { sweepFields } from './sweep-fields.ts';

const plain = presetConfig('quickstart', {
  name: 'small',
  dataset: { folder: '/d/own', tokenizer: { vocabSize: 65 } },
});
const wiki = { id: 'wiki', dataset: '/d/wiki', weight: 3 };
const mixed = { ...plain, mix: { weight: 6, others: [wiki, { id: 'code', dataset: '/d/code', weight: 1 }] } };

describe('a configuration', () => {
  it('without a mix is what it was, and draws from its own dataset alone', () => {
    const { mix, ...older } = plain;
    expect(runConfig.parse(older)).toEqual(plain);
    expect(mix).toEqual({ weight: 1, others: [] });
    expect(isMix(plain)).toBe(false);
    expect(mixShares(plain)).toEqual([{ id: null, dataset: '/d/own', weight: 1, share: 1 }]);
  });

  it('has shares that make a whole, and epochs over each dataset', () => {
    expect(mixShares(mixed).map(({ share }) => share)).toEqual([0.6, 0.3, 0.1]);
    expect(datasetsOf(mixed)).toEqual(['/d/own', '/d/wiki', '/d/code']);
    const tokens = plain.steps * plain.batch.microBatch * plain.batch.accumulation * plain.model.blockSize;
    expect(epochsOver(plain, 0.3, tokens / 10)).toBeCloseTo(3, 12);
  });

  test.each([
    ['an id twice', [wiki, { ...wiki, dataset: '/d/x' }], 'mix.others.1.id'],
    ['a dataset twice', [wiki, { ...wiki, id: 'x' }], 'mix.others.1.dataset'],
    ["the run's own dataset", [{ ...wiki, dataset: '/d/own' }], 'mix.others.0.dataset'],
    ['a weight of nothing', [{ ...wiki, weight: 0 }], 'mix.others.0.weight'],
    ['a share that nobody would see', [{ ...wiki, weight: 1e-9 }], 'mix.others.0.weight'],
  ])('refuses %s', (_, others, path) => {
    const parsed = runConfig.safeParse({ ...plain, mix: { weight: 1, others } });
    expect(parsed.error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
  });

  it('stands in the table of differences and in sweeps by the ids of its datasets', () => {
    const heavier = { ...mixed, mix: { ...mixed.mix, others: [{ ...wiki, weight: 5 }, mixed.mix.others[1]] } };
    expect(differences(mixed, heavier)).toEqual([{ field: 'mix.others.wiki.weight', from: '3', to: '5' }]);
    expect(differenceTable([plain, mixed]).map(({ field }) => field)).toContain('mix.others.code.dataset');
    const paths = sweepFields(mixed).map(({ field }) => field);
    expect(paths.filter((path) => path.startsWith('mix'))).toEqual([
      'mix.weight',
      'mix.others.wiki.weight',
      'mix.others.code.weight',
    ]);
    expect(sweepFields(plain).some(({ field }) => field.startsWith('mix'))).toBe(false);
    const runs = sweepConfigs(mixed, [{ field: 'mix.others.wiki.weight', values: [1, 2] }]);
    expect(runs.map(({ name, mix }) => [name, mix.others[0].weight])).toEqual([
      ['small wiki=1', 1],
      ['small wiki=2', 2],
    ]);
  });
});

test('ids are short, plain and not taken', () => {
  expect(mixId('OpenWebText 2 (part)', [])).toBe('openwebtext-2-part');
  expect(mixId('wiki', ['wiki', 'wiki-2'])).toBe('wiki-3');
  expect(mixId('维基', [])).toBe('data');
  const long = mixId('a'.repeat(90), ['a'.repeat(36)]);
  expect(runConfig.safeParse({ ...mixed, mix: { weight: 1, others: [{ ...wiki, id: long }] } }).success).toBe(true);
});

test('datasets go together where their ids mean the same and their tokens differ', () => {
  const gpt2 = { kind: 'gpt2', vocabSize: 50_257, endOfText: 50_256 } as const;
  const own = { name: 'own', fingerprint: 'a', tokenizer: gpt2 };
  expect(mixRefusal(own, { ...own, name: 'wiki', fingerprint: 'b' })).toBe(null);
  expect(mixRefusal(own, { ...own, name: 'wiki' })).toBe('"wiki" holds the same tokens as "own"');
  const bytes = { kind: 'bytes', vocabSize: 257, endOfText: 256 } as const;
  expect(mixRefusal(own, { name: 'wiki', fingerprint: 'b', tokenizer: bytes })).toBe(
    '"own" has GPT-2’s tokenizer with 50257 ids and "wiki" bytes with 257 ids',
  );
  const unknown = { ...gpt2, kind: 'unknown' } as const;
  expect(mixRefusal(own, { name: 'wiki', fingerprint: 'b', tokenizer: unknown })).toContain('ids of "wiki"');
});

test('the loss of a mix is the mean over its datasets by their shares', () => {
  const average = { loss: 3, difference: -1, standardError: 0.1, count: 5, full: true };
  const line = {
    type: 'evaluation',
    step: 10,
    seconds: 1,
    raw: 4,
    rawStandardError: 0.1,
    blocks: 8,
    averages: { lawa: average },
    others: { wiki: { raw: 2, lawa: 1 }, code: { raw: 1, lawa: null } },
    took: 1,
  } as const;
  expect(mixLoss(mixed, line, 'raw')).toBeCloseTo(0.6 * 4 + 0.3 * 2 + 0.1 * 1, 12);
  expect(mixLoss(mixed, line, 'lawa')).toBe(null);
  expect(mixLoss(plain, line, 'lawa')).toBe(3);
});
