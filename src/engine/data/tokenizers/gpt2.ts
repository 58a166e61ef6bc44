/**
 * GPT-2's byte-level BPE (Radford et al. 2019; encoder.py), ids as tiktoken's `gpt2`.
 * Works on UTF-8 bytes: a hand-written scanner for the pre-tokenizer pattern, a cache of words,
 * and byte-pair merging that stays O(n log n) on words of any length.
 */
import { codePointAt, sequenceLength } from '../utf8.ts';
import type { Encoder } from './encoder.ts';
import { decodeBytes, noBytes, Scratch, sumLengths, utf8 } from './encoder.ts';
import { asciiClasses, classOf, lastGpt2Cut, space } from './gpt2-classes.ts';
import type { Gpt2Vocabulary } from './gpt2-merges.ts';
import { mergePairs, readRanks } from './gpt2-merges.ts';
import { byteLevelCharacters, endOfTextMark, tokenizerFile } from './hugging-face.ts';
import { longestCachedWord, WordCache } from './word-cache.ts';

const apostrophe = 0x27;
const endOfText = 50256;

/** End of the contraction ('s 't 're 've 'm 'll 'd) that starts at `at`, or `at`. */
function contractionEnd(text: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return at;
  const first = text[at + 1];
  if (first === 0x73 || first === 0x74 || first === 0x6d || first === 0x64) return at + 2;
  if (at + 2 >= end) return at;
  const second = text[at + 2];
  if ((first === 0x72 || first === 0x76) && second === 0x65) return at + 3;
  return first === 0x6c && second === 0x6c ? at + 3 : at;
}

/** End of the pre-token that starts at `at`. `text` is valid UTF-8 up to `end`. */
export function wordEnd(text: Uint8Array, at: number, end: number): number {
  if (text[at] === apostrophe) {
    const contraction = contractionEnd(text, at, end);
    if (contraction > at) return contraction;
  }
  let place = at;
  // ` ?` in front of a run; a space before white space or the end belongs to \s+.
  if (text[at] === 0x20 && at + 1 < end) place = at + 1;
  let length = text[place] < 0x80 ? 1 : sequenceLength(text, place, end);
  const kind = asciiClasses[text[place]] || classOf(codePointAt(text, place, length));
  if (kind === space && place > at) {
    place = at;
    length = 1;
  }
  let last = place;
  place += length;
  while (place < end) {
    const byte = text[place];
    if (byte < 0x80) {
      if (asciiClasses[byte] !== kind) break;
      last = place++;
    } else {
      length = sequenceLength(text, place, end);
      if (classOf(codePointAt(text, place, length)) !== kind) break;
      last = place;
      place += length;
    }
  }
  // \s+(?!\S) leaves the last white space to what follows, unless it is the only one.
  if (kind === space && place < end && last > at) return last;
  return place;
}

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
  const cache = new WordCache();
  const scratch = new Scratch();

  const encodeBytes = (text: Uint8Array) => {
    const ids = scratch.atLeast(text.length);
    const end = text.length;
    let count = 0;
    for (let at = 0; at < end; ) {
      const stop = wordEnd(text, at, end);
      const cached = stop - at <= longestCachedWord;
      const hash = cached ? cache.hash(text, at, stop) : 0;
      const found = cached ? cache.find(hash, text, at, stop, ids, count) : -1;
      if (found >= 0) count = found;
      else {
        const word = ids.subarray(count, count + stop - at);
        for (let i = at; i < stop; i++) word[i - at] = idOfByte[text[i]];
        const merged = mergePairs(merges, word, stop - at);
        if (cached) cache.add(hash, text, at, stop, ids, count, count + merged);
        count += merged;
      }
      at = stop;
    }
    return ids.subarray(0, count);
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
    safeCut: lastGpt2Cut,
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
    'tokenizer.json': tokenizerFile({ vocab, merges: merged, splitsWords: true, byteLevel: true, endOfText }),
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
