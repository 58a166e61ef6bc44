/** What a dataset holds, for people to look at. */
import type { RunConfig } from '../../shared/config.ts';
import { type RunData, runSampler } from './run-data.ts';
import type { Dataset } from './source.ts';
import { endOfTextMark } from './tokenizers/hugging-face.ts';

interface TokenRow {
  readonly ids: number[];
  readonly pieces: string[];
}
/** Ids of the beginning that are shown. */
const openingTokens = 256;

export interface PreviewOptions extends Pick<RunConfig, 'mix' | 'seed' | 'sampling'> {
  readonly blockSize: number;
  readonly rows: number;
}

/**
 * Rows of the first batch as the model sees it, with the place of the dataset in the mix that each comes from, and how
 * the training text of the first dataset begins, with the text of each id; the pieces of a row put together are its
 * text. A character of several ids appears at its last one; ids without a tokenizer appear as numbers.
 */
export function datasetPreview(
  data: Omit<RunData, 'close'>,
  options: PreviewOptions,
): { rows: (TokenRow & { member: number })[]; opening: TokenRow } {
  const { blockSize, rows } = options;
  const all = [data.dataset, ...data.others.map((other) => other.data)];
  const row = new Int32Array(blockSize);
  const drawn = runSampler(options, data).rows({ step: 0, microBatch: 0 }, { batch: rows, tokens: blockSize });
  const opening = new Int32Array(Math.min(openingTokens, data.dataset.train.count));
  data.dataset.train.read(0, opening);
  return {
    rows: drawn.map(({ member, start }) => {
      all[member].train.read(start, row);
      return { ...described(all[member], row), member };
    }),
    opening: described(data.dataset, opening),
  };
}

function described(dataset: Dataset, tokens: Int32Array): TokenRow {
  const ids = Array.from(tokens);
  return { ids, pieces: pieces(dataset, ids) };
}

function pieces({ tokenizer }: Dataset, ids: readonly number[]): string[] {
  if (tokenizer === null) return ids.map((id, i) => (i === 0 ? String(id) : ` ${id}`));
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return ids.map((id, i) => {
    const stream = i + 1 < ids.length && id !== tokenizer.endOfText;
    const piece = decoder.decode(tokenizer.bytes(id), { stream });
    return id === tokenizer.endOfText ? piece + endOfTextMark : piece;
  });
}
