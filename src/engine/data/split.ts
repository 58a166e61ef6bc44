/** Which documents validate. */
import { UserError } from '../errors.ts';

/** The first 53 of a hash's first 64 bits, as a fraction in [0, 1): its place, whatever else is in the corpus. */
const hashFraction = (hash: bigint) => Number(hash >> 11n) * 2 ** -53;

/**
 * A document validates iff the fraction of its hash is below `fraction`: order and growth of the corpus change
 * nothing, and equal texts fall on the same side. In a corpus so small that one side would be empty, the
 * document of the smallest (largest) fraction takes it.
 * @param hashes the first 64 bits of each document's SHA-256
 * @returns 1 for a document that validates, else 0
 * @throws UserError 'one-document' when there are not two different texts
 */
export function splitByHash(hashes: BigUint64Array, fraction: number): Uint8Array {
  const places = Float64Array.from(hashes, hashFraction);
  let least = places[0];
  let most = places[0];
  for (const place of places) {
    if (place < least) least = place;
    if (place > most) most = place;
  }
  if (least === most)
    throw new UserError(
      'one-document',
      hashes.length === 1
        ? 'The corpus is one document, so it cannot be split by document.'
        : 'All documents are the same text, so the corpus cannot be split by document.',
      'Split by tail, give a validation file, or add documents.',
    );
  return Uint8Array.from(places, (place) => (place === least || (place < fraction && place !== most) ? 1 : 0));
}

/** Tokens of the training part when the last `fraction` of a stream validates: nanoGPT's int(n · (1 − fraction)). */
export const trainTokens = (total: number, fraction: number) => Math.floor(total * (1 - fraction));
