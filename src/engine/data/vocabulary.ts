/** The characters tokenizer's vocabulary: the code points of the training text. */
import type { CorpusDocument } from './corpus.ts';
import { boundaryText } from './document-border.ts';
import { trainTokens } from './split.ts';
import { codePointAt, lastBoundary, repairUtf8, sequenceLength } from './utf8.ts';

export interface TrainingCharacters {
  /** Ascending. */
  readonly codePoints: number[];
  /** Characters of the whole stream, borders of documents included. */
  readonly characters: number;
}

/**
 * Reads the training documents as one stream. With `tailFraction`, the stream holds the validation text too, and
 * only what comes first before the cut counts: nothing is known of the tail.
 */
export async function trainingCharacters(
  documents: AsyncIterable<CorpusDocument>,
  tailFraction: number | null,
  signal: AbortSignal,
): Promise<TrainingCharacters> {
  const firstPlace = new Float64Array(0x110000).fill(-1);
  let characters = 0;
  const take = (text: Uint8Array) => {
    for (let at = 0; at < text.length; ) {
      const length = text[at] < 0x80 ? 1 : sequenceLength(text, at, text.length);
      const codePoint = codePointAt(text, at, length);
      if (firstPlace[codePoint] < 0) firstPlace[codePoint] = characters;
      characters++;
      at += length;
    }
  };
  let newlines: number | null = null;
  for await (const { document, newlines: ending } of documents) {
    if (newlines !== null) take(boundaryText(newlines));
    newlines = ending;
    for await (const chunk of document.chunks(lastBoundary)) {
      signal.throwIfAborted();
      take(repairUtf8(chunk.bytes).bytes);
    }
  }
  const end = tailFraction === null ? characters : trainTokens(characters, tailFraction);
  const codePoints: number[] = [];
  for (let codePoint = 0; codePoint < firstPlace.length; codePoint++)
    if (firstPlace[codePoint] >= 0 && firstPlace[codePoint] < end) codePoints.push(codePoint);
  return { codePoints, characters };
}
