/** One id per UTF-8 byte: the id is the byte. */

import { lastBoundary } from '../utf8.ts';
import type { Encoder } from './encoder.ts';
import { noBytes, Scratch, utf8 } from './encoder.ts';
import { byteLevelCharacters, tokenizerFile, tokenizerSettings } from './hugging-face.ts';

const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);

export function bytesTokenizer(): Encoder {
  const scratch = new Scratch();
  const encodeBytes = (text: Uint8Array) => {
    const ids = scratch.atLeast(text.length).subarray(0, text.length);
    ids.set(text);
    return ids;
  };
  return {
    kind: 'bytes',
    vocabSize: 256,
    endOfText: null,
    border: 'empty-line',
    encode: (text) => Int32Array.from(utf8(text)),
    encodeBytes,
    decode(ids) {
      const known = Array.from(ids).filter((id) => id >= 0 && id < 256);
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(known));
    },
    bytes: (id) => (id >= 0 && id < 256 ? everyByte.subarray(id, id + 1) : noBytes),
    safeCut: lastBoundary,
    textBytes: (ids) => ids.length,
    huggingFaceFiles: () => ({
      'tokenizer.json': tokenizerFile({
        vocab: Object.fromEntries(byteLevelCharacters.map((character, byte) => [character, byte])),
        merges: [],
        // No splitting: a text is one word, and without merges every byte stays itself.
        splitsWords: false,
        byteLevel: true,
      }),
      'tokenizer_config.json': tokenizerSettings(),
    }),
  };
}
