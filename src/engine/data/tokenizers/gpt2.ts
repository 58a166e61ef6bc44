/**
 * GPT-2's byte-level BPE (Radford et al. 2019; encoder.py), ids as tiktoken's `gpt2`.
 * Works on UTF-8 bytes: a hand-written scanner for the pre-tokenizer pattern, a cache of words,
 * and byte-pair merging that stays O(n log n) on words of any length.
 */
import { gpt2Splits, lastCut } from './cuts.ts';
import type { Encoder } from './encoder.ts';
import { decodeBytes, noBytes, Scratch, sumLengths, utf8 } from './encoder.ts';
import type { Gpt2Vocabulary } from './gpt2-ranks.ts';
import { readRanks } from './gpt2-ranks.ts';
import { gpt2WordEnd } from './gpt2-scanner.ts';
import { byteLevelCharacters, endOfTextMark, tokenizerFile } from './hugging-face.ts';
import { WordEncoder } from './word-encoder.ts';

const endOfText = 50256;

let loaded: Promise<Encoder> | null = null;

/** The tokenizer; its vocabulary (from the tiktoken package) is read on first use and shared. */
export function gpt2Tokenizer(): Promise<Encoder> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<Encoder> {
  const { default: data } = await import('tiktoken/encoders/gpt2.json', { with: { type: 'json' } });
  const vocabulary = readRanks(data.bpe_ranks);
  const { idOfByte, merges } = vocabulary;
  const lengths = Uint8Array.from([...vocabulary.bytes.map((token) => token.length), 0]);
  const words = new WordEncoder({ wordEnd: gpt2WordEnd, idOfByte, merges, whole: null });
  const scratch = new Scratch();

  const encodeBytes = (text: Uint8Array) => {
    const ids = scratch.atLeast(text.length);
    return ids.subarray(0, words.encode(text, 0, text.length, ids, 0));
  };

  let files: Readonly<Record<string, string>> | null = null;
  const self: Encoder = {
    kind: 'gpt2',
    vocabSize: endOfText + 1,
    endOfText,
    border: 'end-of-text',
    encode: (text) => encodeBytes(utf8(text)).slice(),
    encodeBytes,
    decode: (ids) => decodeBytes(self, ids),
    bytes: (id) => vocabulary.bytes[id] ?? noBytes,
    safeCut: (window) => lastCut(window, gpt2Splits),
    textBytes: (ids) => sumLengths(lengths, ids),
    huggingFaceFiles: () => (files ??= huggingFaceFiles(vocabulary)),
  };
  return self;
}

function huggingFaceFiles(vocabulary: Gpt2Vocabulary): Readonly<Record<string, string>> {
  const symbols = vocabulary.bytes.map((token) => Array.from(token, (byte) => byteLevelCharacters[byte]).join(''));
  const merged = vocabulary.pairs.map(([left, right]) => `${symbols[left]} ${symbols[right]}`);
  const vocab = Object.fromEntries([...symbols, endOfTextMark].map((symbol, id) => [symbol, id]));
  return {
    'tokenizer.json': tokenizerFile({
      vocab,
      merges: merged,
      splitsWords: true,
      byteLevel: true,
      specials: { [endOfTextMark]: endOfText },
    }),
    'tokenizer_config.json': JSON.stringify(
      {
        tokenizer_class: 'GPT2Tokenizer',
        add_prefix_space: false,
        bos_token: endOfTextMark,
        eos_token: endOfTextMark,
        unk_token: endOfTextMark,
        clean_up_tokenization_spaces: false,
      },
      null,
      2,
    ),
    'vocab.json': JSON.stringify(vocab),
    'merges.txt': `#version: 0.2\n${merged.join('\n')}\n`,
  };
}
