/** Which documents validate. */
import { UserError } from '../errors.ts';

/** Where documents lie by the hashes of their texts, each a fraction in [0, 1). */
export interface Places {
  readonly end: number;
  isKept(index: number): boolean;
  place(index: number): number;
}

/**
 * A document validates iff the fraction of its hash is below `fraction`: order and growth of the corpus change
 * nothing, and equal texts fall on the same side. In a corpus so small that one side would be empty, the
 * document of the smallest (largest) fraction takes it.
 * @returns whether the document of an index validates
 * @throws UserError 'one-document' when there are not two different texts
 */
export function splitByHash(corpus: Places, fraction: number): (index: number) => boolean {
  let least = 1;
  let most = -1;
  let count = 0;
  for (let index = 0; index < corpus.end; index++) {
    if (!corpus.isKept(index)) continue;
    const place = corpus.place(index);
    if (place < least) least = place;
    if (place > most) most = place;
    count++;
  }
  if (least >= most)
    throw new UserError(
      'one-document',
      count === 1
        ? 'The corpus is one document, so it cannot be split by document.'
        : 'All documents are the same text, so the corpus cannot be split by document.',
      'Split by tail, give a validation file, or add documents.',
    );
  return (index) => {
    const place = corpus.place(index);
    return place === least || (place < fraction && place !== most);
  };
}

/** Tokens of the training part when the last `fraction` of a stream validates: nanoGPT's int(n · (1 − fraction)). */
export const trainTokens = (total: number, fraction: number) => Math.floor(total * (1 - fraction));
