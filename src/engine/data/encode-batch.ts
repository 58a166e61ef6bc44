/** Pieces of text to tokens, many at a time: what a thread is given and gives back. */
import type { Encoder } from './tokenizers/encoder.ts';

/** In place of a piece's length: a document ends here. */
export const documentEnd = -1;

export interface EncodeTask {
  /** Valid UTF-8, one piece after the other. */
  readonly text: Uint8Array<ArrayBuffer>;
  /** Bytes of each piece, or `documentEnd`. Each piece is encoded on its own. */
  readonly lengths: Int32Array<ArrayBuffer>;
  /** For the ids, where it is large enough: of an earlier task's. */
  readonly spare?: ArrayBuffer;
}

export interface Encoded {
  readonly ids: Int32Array<ArrayBuffer>;
  /** Of each piece: its ids, and the bytes of text behind them. */
  readonly counts: Uint32Array<ArrayBuffer>;
  readonly bytes: Uint32Array<ArrayBuffer>;
  /** Characters that the vocabulary does not hold. */
  readonly leftOut: number;
  /** The task's, given back: buffers that are made anew for every task fill memory until each thread collects them. */
  readonly text: Uint8Array<ArrayBuffer>;
}

let scratch = new Int32Array(0);

export function encodeBatch(encoder: Encoder, { text, lengths, spare }: EncodeTask): Encoded {
  const counts = new Uint32Array(lengths.length);
  const bytes = new Uint32Array(lengths.length);
  let leftOut = 0;
  let count = 0;
  let at = 0;
  for (let piece = 0; piece < lengths.length; piece++) {
    if (lengths[piece] === documentEnd) {
      if (encoder.border !== 'end-of-text' || encoder.endOfText === null) continue;
      reserve(count + 1);
      scratch[count++] = encoder.endOfText;
      counts[piece] = 1;
      continue;
    }
    const part = text.subarray(at, at + lengths[piece]);
    at += part.length;
    const own = encoder.encodeBytes(part);
    reserve(count + own.length);
    scratch.set(own, count);
    count += own.length;
    counts[piece] = own.length;
    bytes[piece] = encoder.textBytes(own);
    // Of other tokenizers nothing is left out; what is shorter was composed.
    if (encoder.kind === 'characters' && bytes[piece] < part.length) leftOut += characters(part) - own.length;
  }
  const fits = spare !== undefined && spare.byteLength >= 4 * count;
  const ids = new Int32Array(fits ? spare : new ArrayBuffer(4 * roomFor(count)), 0, count);
  ids.set(scratch.subarray(0, count));
  return { ids, counts, bytes, leftOut, text };
}

/** So many, and some more, so that a later batch fits too. */
const roomFor = (count: number) => 2 ** Math.ceil(Math.log2(Math.max(count, 1 << 16)));

/** Mostly there are fewer ids than bytes; where text is composed first, there may be more. */
function reserve(count: number): void {
  if (count <= scratch.length) return;
  const larger = new Int32Array(roomFor(2 * count));
  larger.set(scratch);
  scratch = larger;
}

function characters(text: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) if ((text[i] & 0xc0) !== 0x80) count++;
  return count;
}
