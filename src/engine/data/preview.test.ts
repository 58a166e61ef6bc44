import { describe, expect, it } from 'vitest';
import type { MixMember } from '../../shared/config.ts';
import { datasetPreview } from './preview.ts';
import type { Dataset, TokenSource } from './source.ts';
import { gpt2Tokenizer } from './tokenizers/gpt2.ts';

const shown = {
  rows: 2,
  seed: 0,
  mix: { weight: 1, others: [] as MixMember[] },
  sampling: { kind: 'blocks' as const },
};

describe('datasetPreview', () => {
  it('shows the first batch, and characters of several ids once', async () => {
    const tokenizer = await gpt2Tokenizer();
    const ids = [...tokenizer.encode('The 🙂 river'), 50256, ...tokenizer.encode(' bends')];
    const train: TokenSource = {
      count: ids.length,
      close() {},
      read: (start, target) => target.set(ids.slice(start, start + target.length)),
    };
    const dataset = {
      folder: '',
      meta: { fingerprint: 'f' },
      train,
      val: train,
      tokenizer,
      close() {},
    } as unknown as Dataset;
    const { rows } = datasetPreview({ dataset, others: [] }, { ...shown, blockSize: ids.length - 1 });
    expect(rows).toHaveLength(2);
    expect(rows[0].ids).toEqual(ids.slice(0, -1));
    expect(rows[0].pieces).toHaveLength(ids.length - 1);
    expect(rows[0].pieces.join('')).toBe(
      `The 🙂 river<|endoftext|>${tokenizer.decode(tokenizer.encode(' bends').slice(0, -1))}`,
    );
    const unknown = { ...dataset, tokenizer: null };
    expect(datasetPreview({ dataset: unknown, others: [] }, { ...shown, blockSize: 3 }).rows[0].pieces).toHaveLength(3);
    // A mix shows its rows in their order, each from its own dataset.
    const data = {
      ...dataset,
      meta: { fingerprint: 'g' },
      train: { ...train, read: (_: number, target: Int32Array) => target.fill(40) },
    };
    const others = [{ id: 'x', dataset: 'x', weight: 1, data: data as unknown as Dataset }];
    const mixed = datasetPreview({ dataset, others }, { ...shown, mix: { weight: 1, others }, blockSize: 3, rows: 4 });
    expect(mixed.rows.map(({ member }) => member).sort()).toEqual([0, 0, 1, 1]);
    for (const { member, ids: drawn } of mixed.rows) expect(drawn.join() === '40,40,40').toBe(member === 1);
  });
});
