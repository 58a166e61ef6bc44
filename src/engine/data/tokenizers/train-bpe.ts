/** Byte-level BPE trained on documents, written as the tokenizer.json that Hugging Face's `tokenizers` would write. */
import type { TokenizerChoice } from '../../../shared/dataset.ts';
import type { CorpusDocument } from '../corpus.ts';
import { trainTokens } from '../split.ts';
import { repairUtf8 } from '../utf8.ts';
import { gpt2Splits, lastCut } from './cuts.ts';
import { gpt2WordEnd } from './gpt2-scanner.ts';
import { byteLevelCharacters, endOfTextMark, tokenizerFile } from './hugging-face.ts';
import { learnMerges } from './learn-merges.ts';
import { WordCounts } from './word-counts.ts';

export type TrainedChoice = Extract<TokenizerChoice, { kind: 'trained' }>;

/** What may be learnt from. */
export interface TrainingText {
  /** The training documents; with `tail`, all of them. Each call reads them again. */
  readonly documents: () => AsyncIterable<CorpusDocument>;
  /** 32 bits of the hash of a document's text, of others than those that decide on validation. */
  readonly sampleKey: (index: number) => number;
  /** UTF-8 bytes of all documents, about. */
  readonly bytes: number;
  /** The last part, which validates and of which nothing may be known; null where documents are split. */
  readonly tail: number | null;
}

/** Different words that are counted at a time: about 150 MB with the pairs in them. */
const mostWords = 1 << 20;
/** Longer words are no language: they are not learnt from. */
const longestWord = 256;

/**
 * The end of text and other special tokens have the first ids, then come the 256 bytes in the order of their
 * stand-ins, then the merges. The same documents give the same file.
 * @returns text of tokenizer.json; with fewer ids than asked for where the text has no more pairs
 */
export async function trainBpe(
  text: TrainingText,
  { vocabSize, specials, sampleBytes }: TrainedChoice,
  signal: AbortSignal,
): Promise<string> {
  const counts = await countWords(text, sampleBytes, signal);
  const textOf = [...new Set([endOfTextMark, ...specials])];
  const special = Object.fromEntries(textOf.map((text, id) => [text, id]));
  const first = textOf.length;
  textOf.push(...byteLevelCharacters.toSorted());
  const idOfByte = Int32Array.from(byteLevelCharacters, (character) => textOf.indexOf(character, first));
  const merges = await learnMerges(counts.words(), idOfByte, textOf, vocabSize, async () => {
    // Lets a stop through.
    await new Promise(setImmediate);
    signal.throwIfAborted();
  });
  return tokenizerFile({
    vocab: Object.fromEntries(textOf.map((text, id) => [text, id])),
    merges: merges.map(({ left, right }) => `${textOf[left]} ${textOf[right]}`),
    splitsWords: true,
    byteLevel: true,
    specials: special,
  });
}

/** Of text that is too much, a part of its chunks: by the document's hash, so that no other document matters. */
async function countWords(
  { documents, sampleKey, bytes, tail }: TrainingText,
  sampleBytes: number,
  signal: AbortSignal,
): Promise<WordCounts> {
  const counts = new WordCounts(mostWords);
  const share = Math.min(1, sampleBytes / Math.max(bytes, 1));
  const end = tail === null ? Number.POSITIVE_INFINITY : trainTokens(bytes, tail);
  let read = 0;
  let position = 0;
  for await (const { document, index } of documents()) {
    position = 0;
    for await (const chunk of document.chunks((window) => lastCut(window, gpt2Splits))) {
      signal.throwIfAborted();
      if (read >= end) return counts;
      // The first chunk is always among them, so that there is something to learn from.
      if (read === 0 || isSampled(sampleKey(index), position, share)) countChunk(counts, repairUtf8(chunk.bytes).bytes);
      read += chunk.bytes.length;
      position = chunk.end;
    }
  }
  return counts;
}

function countChunk(counts: WordCounts, text: Uint8Array): void {
  for (let at = 0; at < text.length; ) {
    const end = gpt2WordEnd(text, at, text.length);
    if (end - at <= longestWord && end - at > 1) counts.add(text, at, end);
    at = end;
  }
}

/** Mixed as MurmurHash3 ends. */
function isSampled(key: number, position: number, share: number): boolean {
  let mixed = key ^ Math.imul(Math.floor(position), 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0 < share * 2 ** 32;
}
