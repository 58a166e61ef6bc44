/** One id per Unicode code point that the training text holds, in code-point order (nanoGPT's shakespeare-char). */
import { codePointAt, lastBoundary, sequenceLength } from '../utf8.ts';
import type { Encoder } from './encoder.ts';
import { decodeBytes, noBytes, Scratch, sumLengths, utf8 } from './encoder.ts';
import { tokenizerFile, tokenizerSettings } from './hugging-face.ts';

/**
 * @param codePoints the vocabulary, strictly ascending; the id of a code point is its place
 *
 * A character outside the vocabulary has no id and is **left out** by `encode`, as the `tokenizers`
 * library does with a model that has no unknown token: nothing that was never trained enters the model.
 */
export function charactersTokenizer(codePoints: readonly number[]): Encoder {
  const idOf = new Int32Array((codePoints.at(-1) ?? 0) + 1).fill(-1);
  codePoints.forEach((codePoint, id) => {
    idOf[codePoint] = id;
  });
  const encoded = codePoints.map((codePoint) => utf8(String.fromCodePoint(codePoint)));
  const lengths = Uint8Array.from(encoded, (bytes) => bytes.length);
  const scratch = new Scratch();

  const encodeBytes = (text: Uint8Array) => {
    const ids = scratch.atLeast(text.length);
    let count = 0;
    for (let at = 0; at < text.length; ) {
      const length = text[at] < 0x80 ? 1 : sequenceLength(text, at, text.length);
      const codePoint = codePointAt(text, at, length);
      const id = codePoint < idOf.length ? idOf[codePoint] : -1;
      if (id >= 0) ids[count++] = id;
      at += length;
    }
    return ids.subarray(0, count);
  };
  const self: Encoder = {
    kind: 'characters',
    vocabSize: codePoints.length,
    endOfText: null,
    border: 'empty-line',
    encode: (text) => encodeBytes(utf8(text)).slice(),
    encodeBytes,
    decode: (ids) => decodeBytes(self, ids),
    bytes: (id) => encoded[id] ?? noBytes,
    safeCut: lastBoundary,
    textBytes: (ids) => sumLengths(lengths, ids),
    huggingFaceFiles: () => ({
      'tokenizer.json': tokenizerFile({
        vocab: Object.fromEntries(codePoints.map((codePoint, id) => [String.fromCodePoint(codePoint), id])),
        merges: [],
        splitsWords: false,
        byteLevel: false,
      }),
      'tokenizer_config.json': tokenizerSettings(),
    }),
  };
  return self;
}
