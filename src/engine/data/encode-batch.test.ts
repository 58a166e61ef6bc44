import { describe, expect, test } from 'vitest';
import { documentEnd, encodeBatch } from './encode-batch.ts';
import { encodingThreads } from './encode-pool.ts';
import { bytesTokenizer } from './tokenizers/bytes.ts';
import { charactersTokenizer } from './tokenizers/characters.ts';
import { utf8 } from './tokenizers/encoder.ts';
import { gpt2Tokenizer } from './tokenizers/gpt2.ts';
import { byteLevelCharacters } from './tokenizers/hugging-face.ts';
import { encoderOfText } from './tokenizers/load.ts';

function task(...pieces: (string | null)[]) {
  const texts = pieces.map((piece) => utf8(piece ?? ''));
  const lengths = Int32Array.from(pieces, (piece, i) => (piece === null ? documentEnd : texts[i].length));
  return { text: Uint8Array.from(Buffer.concat(texts)), lengths };
}

describe('a batch', () => {
  test('is its pieces, each encoded on its own, with the end of text after documents', async () => {
    const encoder = await gpt2Tokenizer();
    const { ids, counts, bytes, leftOut } = encodeBatch(encoder, task('one two', null, 'three', '', null));
    expect(Array.from(ids)).toEqual([...encoder.encode('one two'), 50256, ...encoder.encode('three'), 50256]);
    expect(Array.from(counts)).toEqual([2, 1, encoder.encode('three').length, 0, 1]);
    expect(Array.from(bytes)).toEqual([7, 0, 5, 0, 0]);
    expect(leftOut).toBe(0);
    expect(encodeBatch(bytesTokenizer(), task('a', null)).counts).toEqual(Uint32Array.of(1, 0));
  });

  test('counts characters that the vocabulary does not hold', () => {
    const encoder = charactersTokenizer(Array.from('abc', (character) => character.charCodeAt(0)));
    expect(encodeBatch(encoder, task('aéb', '🙂c'))).toMatchObject({ leftOut: 2, bytes: Uint32Array.of(2, 1) });
  });

  test('may have more ids than bytes, where composing makes text longer', async () => {
    const vocab = Object.fromEntries(byteLevelCharacters.map((character, id) => [character, id]));
    const file = {
      normalizer: { type: 'NFC' },
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
      model: { type: 'BPE', vocab, merges: [] },
    };
    const encoder = await encoderOfText('tokenizer.json', JSON.stringify(file));
    const long = '\u0958'.repeat(60_000);
    const { ids, bytes, leftOut } = encodeBatch(encoder, task(long));
    expect([ids.length, bytes[0], leftOut]).toEqual([360_000, 360_000, 0]);
    expect(encoder.decode(ids)).toBe(long.normalize('NFC'));
  });
});

test('threads follow the text, the vocabulary, and what is asked for', () => {
  expect(encodingThreads(15e6, 50257, null)).toBe(1);
  expect(encodingThreads(1e12, 50257, null)).toBeLessThanOrEqual(3);
  expect(encodingThreads(1e12, 128_000, null)).toBe(1);
  expect(encodingThreads(1, 128_000, 5)).toBe(5);
});
