/** GPT-2's vocabulary and merges, as the tiktoken package brings them. */
import { Merges, mergePairs } from './byte-pair.ts';

export interface Gpt2Vocabulary {
  /** Bytes of each id below 50,256. */
  readonly bytes: readonly Uint8Array[];
  readonly idOfByte: Int32Array;
  readonly merges: Merges;
  /** (left, right) of ids 256 and up, in rank order. */
  readonly pairs: readonly (readonly [number, number])[];
}

/**
 * Reads tiktoken's ranks: groups `! <first rank> <base64> <base64> …`. Ranks are ids, and ids past the 256
 * bytes are merges in order; the two halves of one are what its bytes become under the earlier merges.
 */
export function readRanks(text: string): Gpt2Vocabulary {
  const bytes: Uint8Array[] = [];
  for (const line of text.split('\n')) {
    const [mark, first, ...tokens] = line.split(' ');
    if (mark !== '!') continue;
    tokens.forEach((token, i) => {
      bytes[Number(first) + i] = Buffer.from(token, 'base64');
    });
  }
  const idOfByte = new Int32Array(256);
  for (let id = 0; id < 256; id++) idOfByte[bytes[id][0]] = id;
  const merges = new Merges(1 << 16);
  const pairs: [number, number][] = [];
  const symbols = new Int32Array(256);
  for (let id = 256; id < bytes.length; id++) {
    bytes[id].forEach((byte, i) => {
      symbols[i] = idOfByte[byte];
    });
    if (mergePairs(merges, symbols, bytes[id].length) !== 2)
      throw new Error(`rank ${id} is not the merge of two earlier tokens`);
    merges.set(symbols[0], symbols[1], id, id);
    pairs.push([symbols[0], symbols[1]]);
  }
  return { bytes, idOfByte, merges, pairs };
}
